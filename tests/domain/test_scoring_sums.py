"""The methods that add, average and look up, on a form of a few items: answers and what comes out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro_service.domain.instruments import Answers, Instrument
from pro_service.domain.scoring import forms, missing_rule, missing_rules, score
from pro_service.instruments.reader import read

DEFINITION = """\
code: small
version: "1"
title: {en: Small form}
recall: {en: today}
owner: Nobody
licence: Public domain
verified: true
sources: [made up here]
options:
  four: {0: {en: Never}, 1: {en: Rarely}, 2: {en: Often}, 3: {en: Always}}
  two: {1: {en: Out}, 2: {en: In}}
recodes:
  steep: {0: 0, 1: 100/3, 2: 50, 3: 100}
defaults: {kind: choice, options: four}
items:
  a: {en: First thing}
  b: {en: Second thing, allows_na: true}
  c: {en: Third thing}
  d: {en: Fourth thing, shown_if: {c: [1, 2, 3]}}
  x: {en: Left side, options: two}
  y: {en: Right side, options: two}
scales:
  TURNED: {en: Turned, method: linear, items: a..d, reverse: [b, d], higher_is: worse, range: [0, 100]}
  CLEMENT: {en: Clement, method: linear, items: a..d, na_counts: true, rule: all, higher_is: worse, range: [0, 100]}
  STEEP: {en: Steep, method: mean, items: a..c, recode: {steep: [a, c]}, reverse: b, rule: any, higher_is: worse}
  SUM: {en: Sum, method: prorated_sum, items: a..d, rule: 3, reverse: [a], higher_is: worse, range: [0, 12]}
  AB: {en: A and b, method: prorated_sum, items: a..b, higher_is: worse, range: [0, 6]}
  TOTAL: {en: Total, method: sum_of_scales, scales: [SUM, AB], above_percent: 75, higher_is: worse, range: [0, 18]}
  BAND: {en: Band, method: bands, scales: SUM, bands: {0: low, 4: middling, 8.5: high}, higher_is: worse}
  XY: {en: X and y, method: lookup, items: [x, y], table: {2: 0, 3: 1/3, 4: 1}, higher_is: worse, range: [0, 1]}
  SIDES: {en: Sides, method: lookup, items: [x, y], table: {1 1: 0, 1 2: 7, 2 1: 8, 2 2: 9}, higher_is: worse}
"""
SMALL = read(DEFINITION, file="small.yaml")
FULL = {"a": 0, "b": 1, "c": 2, "d": 3, "x": 1, "y": 2}


def scored(answers: Answers, instrument: Instrument = SMALL, rule: str = "default") -> dict[str, float | str | None]:
    columns = forms(instrument, [answers])
    found = score(instrument, columns.values, na=columns.na, missing_rule=rule).values
    plain = {code: column.tolist()[0] for code, column in found.items()}
    return {code: None if str(value) in {"", "nan"} else value for code, value in plain.items()}


CASES: list[tuple[str, dict[str, int | str], str, float | str | None]] = [
    ("reversed items count the other way", {}, "TURNED", (0 + 2 + 2 + 0) / 4 / 3 * 100),
    ("half is enough, reversed or not", {"a": "declined", "c": "declined"}, "TURNED", (2 + 0) / 2 / 3 * 100),
    ("a reversed item without an answer counts for nothing", {"b": "declined"}, "TURNED", (0 + 2 + 0) / 3 / 3 * 100),
    ("not applicable counts for the rule only", {"b": "na"}, "CLEMENT", (0 + 2 + 3) / 3 / 3 * 100),
    ("what was rightly not asked counts for the rule only", {"c": 0, "d": "declined"}, "CLEMENT", 1 / 3 / 3 * 100),
    ("what was asked and not answered does not count", {"d": "declined"}, "CLEMENT", None),
    ("recoded, reversed, mean", {"a": 1}, "STEEP", (100 / 3 + 2 + 50) / 3),
    ("any answer is enough for the mean where the rule says so", {"a": "declined", "b": "na"}, "STEEP", 50),
    ("no answer never is", {"a": "declined", "b": "na", "c": "declined"}, "STEEP", None),
    ("the sum, whole", {}, "SUM", 3 + 1 + 2 + 3),
    ("the sum, prorated", {"d": "declined"}, "SUM", (3 + 1 + 2) / 3 * 4),
    ("the sum with one answer less than its rule asks", {"c": "declined", "d": "declined"}, "SUM", None),
    ("a total of scales", {}, "TOTAL", 9 + 1),
    ("a total with exactly the share that is not enough", {"b": "declined"}, "TOTAL", None),
    ("a total with a part missing", {"a": "declined", "b": "declined"}, "TOTAL", None),
    ("the band that begins below", {"b": 0, "d": 2, "c": 1}, "BAND", "middling"),
    ("the band that begins right there", {"b": 0, "c": 0, "d": 1}, "BAND", "middling"),
    ("a prorated sum is not rounded into a band", {"a": 1, "b": 2, "c": 2, "d": "declined"}, "BAND", "middling"),
    ("the last band has no end", {"b": 3}, "BAND", "high"),
    ("a band of nothing", {"c": "declined", "d": "declined"}, "BAND", None),
    ("looked up by sum", {}, "XY", 1 / 3),
    ("looked up by sum, highest", {"x": 2}, "XY", 1),
    ("looked up by which is which", {}, "SIDES", 7),
    ("looked up by which is which, turned", {"x": 2, "y": 1}, "SIDES", 8),
    ("not looked up where one is missing", {"x": "declined"}, "SIDES", None),
    ("not looked up by sum where one is missing", {"y": "declined"}, "XY", None),
    ("not looked up where one is out of range", {"y": 3}, "XY", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "scale", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_what_comes_out(changed: dict[str, int | str], scale: str, expected: float | str | None) -> None:
    found = scored({**FULL, **changed})[scale]
    assert found == (pytest.approx(expected, rel=1e-15) if isinstance(expected, float) else expected)


RULED = [("half", 2), ("more-than-half", 3), ("all", 4), ("all-but-one", 3), ("any", 1)]


@pytest.mark.parametrize(("rule", "least"), RULED)
def test_a_rule_chosen_for_a_run_goes_over_the_definitions_own(rule: str, least: int) -> None:
    items = ["a", "b", "c", "d"]
    assert scored({item: FULL[item] for item in items[:least]}, rule=rule)["SUM"] is not None
    assert scored({item: FULL[item] for item in items[: least - 1]}, rule=rule)["SUM"] is None
    assert rule in missing_rules(SMALL)


RULES_IN_WORDS = {
    "TURNED": "needs 2 of 4 items",
    "SUM": "needs 3 of 4 items",
    "TOTAL": "needs all of SUM AB and more than 75 % of 4 items",
    "BAND": "needs SUM",
    "XY": "needs 2 of 2 items",
}


@pytest.mark.parametrize(("scale", "words"), RULES_IN_WORDS.items())
def test_the_rule_for_missing_items_in_words(scale: str, words: str) -> None:
    assert missing_rule(next(each for each in SMALL.scales if each.code == scale)) == words


@given(answers=st.fixed_dictionaries({code: st.integers(0, 3) for code in "abcd"}))
def test_without_missing_items_a_prorated_sum_is_the_sum(answers: dict[str, int]) -> None:
    assert scored(answers)["SUM"] == 3 - answers["a"] + answers["b"] + answers["c"] + answers["d"]
    assert scored(answers)["AB"] == answers["a"] + answers["b"]


@given(answers=st.fixed_dictionaries({code: st.integers(0, 3) for code in "abcd"}), lost=st.sampled_from("abcd"))
def test_proration_puts_the_mean_of_the_others_in_the_gap(answers: dict[str, int], lost: str) -> None:
    counts = {code: 3 - answer if code == "a" else answer for code, answer in answers.items() if code != lost}
    found = scored({code: answer for code, answer in answers.items() if code != lost})["SUM"]
    assert found == pytest.approx(sum(counts.values()) + np.mean(list(counts.values())), rel=1e-15)

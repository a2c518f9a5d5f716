"""The methods that grade, convert, take shares and estimate, on a form of a few items: answers and what comes out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro_service.domain.instruments import Answers, Instrument
from pro_service.domain.scoring import BLOCK, forms, score
from pro_service.domain.scoring_patterns import GRID, chances
from pro_service.instruments.banks import bank
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
  three: {0: {en: None}, 1: {en: Some}, 2: {en: Much}}
  two: {1: {en: Out}, 2: {en: In}}
  five: {1: {en: a}, 2: {en: b}, 3: {en: c}, 4: {en: d}, 5: {en: e}}
grades:
  both: [0, 0, 0, 1, 2, 3, 4, 5, 6]
defaults: {kind: choice, options: three}
items:
  lead: {en: How often, allows_na: true}
  next: {en: How much, shown_if: {lead: [1, 2]}}
  x: {en: Left side, options: two}
  y: {en: Right side, options: two}
  lost: {en: Hours lost, kind: number, minimum: 0, maximum: 100}
  worked: {en: Hours worked, kind: number, minimum: 0, maximum: 100}
  slow: {en: How slow, kind: vas, minimum: 0, maximum: 10}
  p: {en: First of bank, options: five}
  r: {en: Other of bank, options: five}
scales:
  GRADE: {en: Grade, method: grade, items: [lead, next], grades: both, higher_is: worse, range: [0, 6]}
  SUM: {en: Sum, method: prorated_sum, items: [x, y], rule: any, higher_is: worse, range: [2, 4]}
  WORTH: {en: Worth, method: convert, scales: SUM, values: {2: 10, 3: 20.5, 4: 40}, higher_is: worse, range: [10, 40]}
  GONE: {en: Gone, method: share, items: [lost, worked], part: [lost], higher_is: worse, range: [0, 100]}
  SLOW: {en: Slow, method: share, items: [slow], of: 10, given: [worked], higher_is: worse, range: [0, 100]}
  LOSS: {en: Loss, method: compound, scales: [GONE, SLOW], higher_is: worse, range: [0, 100]}
  TRAIT: {en: Trait, method: pattern, items: [p, r], bank: {promis-depression: {p: EDDEP04, r: EDDEP50}}, rule: any,
          higher_is: worse}
  ERROR: {en: Error, method: pattern, items: [p, r], bank: {promis-depression: {p: EDDEP04, r: EDDEP50}}, rule: any,
          error: true, higher_is: neither}
"""
SMALL = read(DEFINITION, file="small.yaml")


def scored(answers: Answers, instrument: Instrument = SMALL) -> dict[str, float | None]:
    columns = forms(instrument, [answers])
    found = score(instrument, columns.values, na=columns.na).values
    plain = {code: float(column[0]) for code, column in found.items()}
    return {code: None if math.isnan(value) else value for code, value in plain.items()}


CASES: list[tuple[str, dict[str, int | float | str], str, float | None]] = [
    ("both attributes make the grade", {"lead": 2, "next": 1}, "GRADE", 5),
    ("the last item's codes lie side by side", {"lead": 1, "next": 2}, "GRADE", 3),
    ("no complaint, nothing asked", {"lead": 0}, "GRADE", 0),
    ("no complaint, whatever stands behind", {"lead": 0, "next": 2}, "GRADE", 0),
    ("an open follow-up is missing", {"lead": 1}, "GRADE", None),
    ("a lead not applicable is no answer", {"lead": "na", "next": 2}, "GRADE", None),
    ("a follow-up alone is none", {"next": 2}, "GRADE", None),
    ("a lead that is not allowed is not no complaint", {"lead": 3, "next": 2}, "GRADE", None),
    ("a value is converted", {"x": 1, "y": 2}, "WORTH", 20.5),
    ("a prorated one too", {"x": 2}, "WORTH", 40),
    ("nothing is converted to nothing", {}, "WORTH", None),
    ("a part of a whole", {"lost": 10, "worked": 30}, "GONE", 25),
    ("all of it", {"lost": 10, "worked": 0}, "GONE", 100),
    ("nothing of nothing is no share", {"lost": 0, "worked": 0}, "GONE", None),
    ("a share needs its items", {"worked": 30}, "GONE", None),
    ("a share of a number", {"slow": 3, "worked": 30}, "SLOW", 30),
    ("which must mean something", {"slow": 3, "worked": 0}, "SLOW", None),
    ("and be known to", {"slow": 3}, "SLOW", None),
    ("one loss upon another", {"lost": 10, "worked": 30, "slow": 2}, "LOSS", 40),
    ("a total loss needs no other", {"lost": 10, "worked": 0}, "LOSS", 100),
    ("a part that is missing leaves no sum", {"lost": 10, "worked": 30}, "LOSS", None),
    ("a lost part in nothing missed", {"lost": 0, "worked": 30, "slow": 2}, "LOSS", 20),
    ("no answers, no estimate", {}, "TRAIT", None),
    ("and no error of one", {}, "ERROR", None),
]


@pytest.mark.parametrize(("why", "answers", "scale", "expected"), CASES, ids=[case[0] for case in CASES])
def test_what_comes_out(why: str, answers: dict[str, int | float | str], scale: str, expected: float | None) -> None:
    found = scored(answers)[scale]
    assert found == (None if expected is None else pytest.approx(expected, rel=1e-14)), why


def test_a_value_outside_the_table_becomes_none() -> None:
    narrow = read(DEFINITION.replace("values: {2: 10, 3: 20.5, 4: 40}", "values: {3: 20.5}"), file="small.yaml")
    assert [scored({"x": x, "y": y}, narrow)["WORTH"] for x, y in ((1, 1), (1, 2), (2, 2))] == [None, 20.5, None]


def test_the_chances_of_all_answers_add_up_to_one_and_each_is_likeliest_somewhere() -> None:
    for calibration in bank("promis-depression").values():
        table = chances(calibration[0], calibration[1:])
        assert table.shape == (5, len(GRID))
        np.testing.assert_allclose(table.sum(axis=0), 1, rtol=0, atol=1e-15)
        assert (table >= 0).all()
        assert set(table.argmax(axis=0)) == set(range(5))


def test_an_answer_more_makes_the_error_smaller_and_a_weak_item_tells_less() -> None:
    both, strong, weak = (scored(answers) for answers in ({"p": 3, "r": 3}, {"p": 3}, {"r": 3}))
    errors = [float(each["ERROR"] or 0) for each in (both, strong, weak)]
    assert errors == sorted(errors)
    assert 0 < errors[0] < errors[2] < 10


@given(st.lists(st.tuples(*[st.sampled_from([None, 0, 1, 2, 3])] * 2), min_size=1, max_size=40))
def test_grades_are_of_the_table_and_no_form_changes_another(pairs: list[tuple[int | None, int | None]]) -> None:
    answers: list[Answers] = [{k: v for k, v in zip(("lead", "next"), pair, strict=True) if v is not None}
                              for pair in pairs]  # fmt: skip
    columns = forms(SMALL, answers)
    together = score(SMALL, columns.values, na=columns.na).values["GRADE"]
    assert all(np.isnan(value) or value in range(7) for value in together)
    assert [None if np.isnan(value) else value for value in together] == [scored(each)["GRADE"] for each in answers]


@given(st.floats(0, 100), st.floats(0, 100), st.integers(0, 10))
def test_shares_stay_in_bounds_and_the_compound_is_at_least_each(lost: float, worked: float, slow: int) -> None:
    found = scored({"lost": lost, "worked": worked, "slow": slow})
    values = [found[scale] for scale in ("GONE", "SLOW", "LOSS")]
    assert all(value is None or -1e-9 <= value <= 100 + 1e-9 for value in values)
    gone, slowed, loss = values
    if gone is not None and slowed is not None:
        assert loss is not None
        assert loss >= max(gone, slowed) - 1e-9


def test_blocks_do_not_show() -> None:
    """More forms than a block holds, in no order: every method gives each form its own score."""
    random = np.random.default_rng(7)
    size = BLOCK + 100
    columns = {item.code: random.choice([np.nan, 0, 1, 2, 3, 5], size) for item in SMALL.items}
    found = score(SMALL, columns).values
    for place in (0, BLOCK - 1, BLOCK, size - 1):
        alone = score(SMALL, {code: column[place : place + 1] for code, column in columns.items()}).values
        for code, column in found.items():
            np.testing.assert_array_equal(column[place : place + 1], alone[code])

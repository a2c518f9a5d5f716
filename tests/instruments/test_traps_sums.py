"""Traps that a naive implementation falls into, by the number each has in our list: sums, means, recodes, skips."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from pro_service.cli import run
from pro_service.domain.instruments import Answers, Instrument, missing_items
from pro_service.domain.scoring import Scores, forms, missing_rules, score
from pro_service.instruments import load_catalogue, value_set
from pro_service.instruments.reader import read
from tests.studies.timeline import planned

CATALOGUE = load_catalogue()
C30, C15, HN35, HN43 = (CATALOGUE[code] for code in ("qlq-c30", "qlq-c15-pal", "qlq-hn35", "qlq-hn43"))
FACT, FATIGUE, RAND, HADS = (CATALOGUE[code] for code in ("fact-g", "facit-f", "rand-36", "hads"))
PHQ, TESS = CATALOGUE["phq-9"], CATALOGUE["tess-le"]
THIRTEEN = ("PF2", "RF2", "EF", "CF", "SF", "FA", "NV", "PA", "DY", "SL", "AP", "CO", "DI")


def scored(instrument: Instrument, answers: Answers, rule: str = "default") -> Scores:
    columns = forms(instrument, [answers])
    return score(instrument, columns.values, na=columns.na, missing_rule=rule)


def one(instrument: Instrument, scale: str, answers: Answers, rule: str = "default") -> float:
    return float(scored(instrument, answers, rule).values[scale][0])


def filled(instrument: Instrument, code: int, **changed: int | str) -> dict[str, int | str]:
    """Every item answered alike, but for those named; "" takes an answer away."""
    answers = {item.code: code for item in instrument.items} | changed
    return {item: answer for item, answer in answers.items() if answer != ""}


def items_of(instrument: Instrument, scale: str) -> tuple[str, ...]:
    return next(each.items for each in instrument.scales if each.code == scale)


def without(instrument: Instrument, scale: str, code: int = 2) -> dict[str, int | str]:
    return filled(instrument, code, **dict.fromkeys(items_of(instrument, scale), ""))


def test_global_health_runs_to_seven_and_all_else_to_four() -> None:
    """Trap 1: q29 and q30 have a range of 6; a range of 3 would make 4 the top and score it 100."""
    assert one(C30, "QL2", {"q29": 4, "q30": 4}) == 50
    assert one(C30, "QL2", {"q29": 7, "q30": 7}) == 100
    assert one(C30, "DY", {"q8": 4}) == 100


@pytest.mark.parametrize(("scale", "lowest"), [("PF2", 100), ("EF", 100), ("QL2", 0), ("FA", 0), ("FI", 0)])
def test_functions_turn_and_global_health_does_not(scale: str, lowest: float) -> None:
    """Trap 2: the lowest answer is the best function, the least symptom, and the worst global health."""
    assert one(C30, scale, filled(C30, 1)) == lowest


@pytest.mark.parametrize("scale", [scale.code for scale in C30.scales if scale.code != "SUMMARY"])
def test_the_summary_needs_the_thirteen_and_no_other(scale: str) -> None:
    """Trap 3: a missing FI or QL2 must not blank it; any of the thirteen must."""
    assert np.isnan(one(C30, "SUMMARY", without(C30, scale))) == (scale in THIRTEEN)


def test_exactly_half_is_enough() -> None:
    """Trap 4: two of four, one of two: the rule is at least half, not more."""
    assert one(C30, "EF", {"q21": 2, "q24": 3}) == pytest.approx(50)
    assert one(C30, "NV", {"q15": 4}) == 100


def test_one_of_three_is_not() -> None:
    """Trap 5: fatigue from one of its three items is missing."""
    assert np.isnan(one(C30, "FA", {"q10": 2}))
    assert one(C30, "FA", {"q10": 2, "q18": 2}) == pytest.approx(100 / 3)


@pytest.mark.parametrize("instrument", [C30, C15, HN35, HN43], ids=lambda each: each.code)
def test_codes_that_begin_at_nought_are_seen(instrument: Instrument) -> None:
    """Trap 6: option numbers from 0 would shift every score by 33; each 0 is refused and counted."""
    result = scored(instrument, filled(instrument, 0))
    assert sum(result.invalid.values()) == len(instrument.items)
    assert all(np.isnan(column[0]) for column in result.values.values())


@pytest.mark.parametrize("wrong", [5, 7, -1, 2.5])
def test_out_of_range_is_missing_and_not_clipped(wrong: float) -> None:
    """Trap 7: 5 is no very strong 4."""
    assert np.isnan(one(C30, "DY", {"q8": wrong}))
    assert one(C30, "NV", {"q14": wrong, "q15": 1}) == 0


BREAST = """\
code: by-design
version: "1"
title: {en: Skipped by design}
recall: {en: past week}
owner: Nobody
licence: Public domain
verified: true
sources: [made up here]
options: {four: {1: {en: None}, 2: {en: Slight}, 3: {en: Clear}, 4: {en: Strong}}}
defaults: {kind: choice, options: four}
items:
  active: {en: Being active}
  joy: {en: Joy of it, shown_if: {active: [2, 3, 4]}}
  cough: {en: Coughing at all}
  breath_rest: {en: Breath at rest}
  breath_walk: {en: Breath when walking}
  breath_stairs: {en: Breath on stairs}
scales:
  JOY: {en: Joy, method: linear, items: [joy], na_counts: true, higher_is: better, range: [0, 100]}
  BOTH: {en: Both, method: linear, items: [active, joy], na_counts: true, rule: all, higher_is: better}
  BREATH: {en: Breath, method: linear, items: breath_rest..breath_stairs, rule: all, higher_is: worse}
"""


def test_what_was_rightly_not_asked_is_not_missing() -> None:
    """Trap 8: a follow-up of something that is not there makes no score and no missing item, and costs no other."""
    instrument = read(BREAST, file="by-design.yaml")
    answers = {"active": 1, "cough": 1, "breath_rest": 1, "breath_walk": 1, "breath_stairs": 1}
    assert missing_items(instrument, answers) == ()
    assert missing_items(instrument, {**answers, "active": 2}) == ("joy",)
    assert np.isnan(one(instrument, "JOY", answers))
    assert one(instrument, "BOTH", answers) == 0
    assert np.isnan(one(instrument, "BOTH", {**answers, "active": 2}))


def test_yes_and_no_have_a_range_of_one() -> None:
    """Trap 9: yes is 2 and no is 1: 100 and 0, not 33 and 0."""
    assert [one(HN35, "HNFE", {"q63": code}) for code in (1, 2)] == [0, 100]


def test_a_scale_may_need_every_item() -> None:
    """Trap 10: the dyspnoea of the lung module has no half rule; a definition says so with `rule: all`."""
    instrument = read(BREAST, file="by-design.yaml")
    assert np.isnan(one(instrument, "BREATH", {"breath_rest": 2, "breath_walk": 2}))
    assert one(instrument, "BREATH", {"breath_rest": 2, "breath_walk": 2, "breath_stairs": 2}) == pytest.approx(100 / 3)


@pytest.mark.parametrize("scale", ["HNTE", "HNDR", "HNSC", "HNSP", "HNSE", "HNCO", "HNSX", "HNWL"])
def test_scales_of_one_name_in_two_modules_have_different_items(scale: str) -> None:
    """Trap 11: a score is always of an instrument and its version, never of a scale's name alone."""
    assert items_of(HN35, scale) != items_of(HN43, scale)
    assert (HN35.code, HN35.version) != (HN43.code, HN43.version)


@pytest.mark.parametrize(
    ("weak", "tired", "points"), [(3, 2, 400 / 9), (2, 3, 500 / 9), (4, 1, 400 / 9), (1, 4, 500 / 9), (2, 2, 100 / 3)]
)
def test_palliative_scales_are_looked_up(weak: int, tired: int, points: float) -> None:
    """Trap 12: fatigue depends on which of two answers is the higher; the best physical function is 93.3."""
    assert one(C15, "FA", {"q7": weak, "q11": tired}) == pytest.approx(points, rel=1e-15)
    assert one(C15, "PF", {"q1": 1, "q2": 1, "q3": 1}) == pytest.approx(1400 / 15, rel=1e-15)
    assert np.isnan(one(C15, "PF", {"q1": 1, "q2": 1}))


def test_a_stratum_without_a_module_expects_none() -> None:
    """Trap 13: nobody with a tumour of the trunk is sent, or misses, the module of head and neck or of a limb."""
    asked = planned({"randomisation": "2026-01-12"}, stratum="trunk")["baseline"].instruments
    assert set(asked) == {"qlq-c30", "eq-5d-5l", "imcq", "ipcq"}


def test_a_version_is_part_of_what_is_scored() -> None:
    """Trap 14: the names end in 2 for the coding of version 3; yes/no items of version 1 are refused as codes."""
    assert C30.version == "3.0"
    assert {"QL2", "PF2", "RF2"} <= {scale.code for scale in C30.scales}
    assert scored(C30, {"q1": 0}).invalid == {"q1": 1}


EMOTIONAL = [f"GE{number}" for number in range(1, 7)]


@pytest.mark.parametrize(("answered", "scorable"), [(3, False), (4, True)])
def test_half_is_not_more_than_half(answered: int, scorable: bool) -> None:
    """Trap 25: three of six emotional items are too few; 8 and 9 of older files are no answers."""
    lost = dict.fromkeys(EMOTIONAL[answered:], "")
    assert np.isnan(one(FACT, "EWB", filled(FACT, 2, **lost))) != scorable
    old = filled(FACT, 2, **dict.fromkeys(EMOTIONAL[answered:], 9))
    assert np.isnan(one(FACT, "EWB", old)) != scorable
    assert one(FACT, "EWB", filled(FACT, 2)) == 12


@pytest.mark.parametrize(("lost", "scorable"), [(5, True), (6, False)])
def test_more_than_four_fifths_of_all_items_are_needed_for_a_total(lost: int, scorable: bool) -> None:
    """Trap 25: 22 of 27 is 81.5 %, 21 is 77.8 %, though every subscale has its half."""
    absent = dict.fromkeys(["GP1", "GS1", "GE1", "GF1", "GP2", "GS2"][:lost], "")
    result = scored(FACT, filled(FACT, 2, **absent))
    assert not any(np.isnan(result.values[scale][0]) for scale in ("PWB", "SWB", "EWB", "FWB"))
    assert np.isnan(result.values["FACTG"][0]) != scorable


@pytest.mark.parametrize("item", ["An5", "An7"])
def test_two_fatigue_items_are_not_reversed(item: str) -> None:
    """Trap 26: they ask for energy and activity, the other eleven for fatigue."""
    assert one(FATIGUE, "FS", filled(FATIGUE, 4)) == 8
    assert one(FATIGUE, "FS", filled(FATIGUE, 4, **{item: 0})) == 4
    assert one(FATIGUE, "FS", filled(FATIGUE, 0)) == 44


MOST_SEVERE_FIRST = {1, 3, 5, 6, 8, 10, 11, 13}


@pytest.mark.parametrize("number", range(1, 15))
def test_answers_are_shown_in_two_orders_and_stored_in_one(number: int) -> None:
    """Trap 27: the code is the severity whatever its place on the screen; nothing is turned in the sum."""
    shown = [option.code for option in HADS.item(f"q{number}").options]
    assert shown == ([3, 2, 1, 0] if number in MOST_SEVERE_FIRST else [0, 1, 2, 3])
    alone = {f"q{each}": 0 for each in range(1, 15)} | {f"q{number}": 3}
    assert one(HADS, "ANXIETY" if number % 2 else "DEPRESSION", alone) == 3
    assert scored(HADS, {f"q{number}": -99}).invalid == {f"q{number}": 1}


RULES = [("default", 3, True), ("default", 4, False), ("all-but-one", 1, True), ("all-but-one", 2, False)]


@pytest.mark.parametrize(("rule", "lost", "scorable"), RULES)
def test_which_rule_of_two_is_for_the_user_to_say(rule: str, lost: int, scorable: bool) -> None:
    """Trap 27: half of a subscale unless the manual's one missing item is asked for."""
    absent = dict.fromkeys(items_of(HADS, "ANXIETY")[:lost], "")
    assert np.isnan(one(HADS, "ANXIETY", filled(HADS, 1, **absent), rule)) != scorable


def test_the_free_form_is_not_scored_as_the_licensed_one() -> None:
    """Trap 28: a 2 for general health counts 75 (not 4.4 of 5), and one item of ten is enough by default."""
    assert one(RAND, "GH", {"q1": 2}) == 75
    assert one(RAND, "BP", {"q21": 1, "q22": 1}) == 100
    assert one(RAND, "BP", {"q21": 2, "q22": 1}) == 90
    assert one(RAND, "PF", {"q3": 3}) == 100
    assert np.isnan(one(RAND, "PF", {"q3": 3}, "half"))
    assert "half" in missing_rules(RAND)


def test_the_tenth_item_is_not_summed_and_the_ninth_is_looked_at() -> None:
    """Trap 31: how much it hinders is no symptom; any thought of dying is for somebody to see."""
    calm = filled(PHQ, 0)
    assert one(PHQ, "TOTAL", {**calm, "q10": 3}) == 0
    assert [(look.item, sorted(look.codes)) for look in PHQ.safety] == [("q9", [1, 2, 3])]


def test_not_applicable_leaves_numerator_and_denominator() -> None:
    """Trap 32: a form of nothing but `na` has no score: not 0 and not 100."""
    assert np.isnan(one(TESS, "TESS", dict.fromkeys(items_of(TESS, "TESS"), "na")))
    half = filled(TESS, 3, **dict.fromkeys(items_of(TESS, "TESS")[:15], "na"))
    assert (one(TESS, "TESS", half), one(TESS, "N_ANSWERED", half), one(TESS, "N_NA", half)) == (50, 15, 15)


IMPACT = """\
code: impact
version: "1"
title: {en: Impact of events}
recall: {en: past 7 days}
owner: Nobody
licence: Public domain
verified: false
sources: {official: mean of the items, package: CamCOPS sums and moves item 14}
options: {five: {0: {en: None}, 1: {en: Slight}, 2: {en: Some}, 3: {en: Clear}, 4: {en: Strong}}}
defaults: {kind: choice, options: five}
items: {q14: {en: Fourteenth item}, q15: {en: Fifteenth item}, q16: {en: Sixteenth item}}
scales:
  INTRUSION: {en: Intrusion, method: mean, items: [q14, q16], higher_is: worse, range: [0, 4]}
  INTRUSION_SUM: {en: As a sum, method: prorated_sum, items: [q14, q16], rule: all, higher_is: worse, range: [0, 8]}
  AROUSAL: {en: Arousal, method: mean, items: [q15], higher_is: worse, range: [0, 4]}
"""


def test_a_mean_and_a_sum_are_different_scales() -> None:
    """Trap 34: whoever defines this form says which; item 14 is of one scale only, and the range tells them apart."""
    instrument = read(IMPACT, file="impact.yaml")
    answers = {"q14": 4, "q15": 0, "q16": 2}
    assert [one(instrument, code, answers) for code in ("INTRUSION", "INTRUSION_SUM", "AROUSAL")] == [3, 6, 0]


CARE = CATALOGUE["imcq"]


def cost(answers: Answers) -> float:
    columns = forms(CARE, [answers])
    return float(score(CARE, columns.values, value_set=value_set("nl-prices-2022")).values["TOTAL"][0])


def test_a_gate_answered_no_is_no_cost_and_a_blank_count_is_none_known() -> None:
    """Trap 35: no is 0 and not missing, yes without a count is missing; the recall is three months and no longer."""
    no = {item.code: 0 for item in CARE.items if item.kind == "yes_no"}
    assert cost(no) == 0
    assert np.isnan(cost({**no, "emergency": 1}))
    assert cost({**no, "emergency": 1, "emergency_visits": 2}) == 516
    assert CARE.recall["en"] == "past three months"


def test_care_by_family_and_unpaid_work_are_two_prices() -> None:
    """Trap 37: the figure is the same and the concept is not: each has a code of its own."""
    prices = value_set("nl-prices-2022").prices  # type: ignore[union-attr]  # a price list
    assert prices["timecost_informal_hour"] == prices["prodloss_unpaid_hour"] == 18.80


def test_ids_stay_with_their_scores_whatever_their_length(tmp_path: Path) -> None:
    """Trap 43: a package sorts ids as text and gives 10 the score of 2; here rows keep their order and their people."""
    rows = [(str(person), 1 + person % 4) for person in range(300, 0, -1)]
    source, target = tmp_path / "forms.csv", tmp_path / "scores.csv"
    items = ",".join(item.code for item in C30.items)
    source.write_text(f"id,{items}\n" + "".join(f"{person}{f',{code}' * 30}\n" for person, code in rows))
    assert run(["score", "qlq-c30", str(source), "--output", str(target)]) == 0
    head, *body = [line.split(",") for line in target.read_text().splitlines()]
    assert [row[0] for row in body] == [person for person, _ in rows]
    assert [float(row[head.index("DY")]) for row in body] == [100 * (code - 1) / 3 for _, code in rows]


PACKAGE: Mapping[str, tuple[Instrument, dict[str, int | str], float]] = {
    "HNNU": (HN35, {"q62": 2}, 100),
    "EF": (C15, {"q13": 3, "q14": 3}, 125 / 3),
    "NV": (C15, {"q9": 2}, 50 / 3),
    "PF": (C15, {"q1": 2, "q2": 2, "q3": 2}, 700 / 15),
}


@pytest.mark.parametrize("scale", PACKAGE)
def test_a_package_that_scores_these_otherwise_is_not_followed(scale: str) -> None:
    """Trap 44: QoLR takes yes/no for a range of 3 and has no table for the palliative scales."""
    instrument, answers, points = PACKAGE[scale]
    assert one(instrument, scale, answers) == pytest.approx(points, rel=1e-15)

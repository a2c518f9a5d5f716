"""By which figures a score is read: those that can be cited, hold for one person, and for everybody."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pro_service.domain.interpretation import Difference, Threshold
from pro_service.domain.yardsticks import Yardstick, beyond_threshold, change, crossed, size_of, verdict, yardstick
from pro_service.instruments import load_catalogue

CATALOGUE = load_catalogue()
QLQ, EQ, HADS = (CATALOGUE[code] for code in ("qlq-c30", "eq-5d-5l", "hads"))


def of(instrument: Any, code: str) -> Yardstick:
    return yardstick(instrument, next(scale for scale in instrument.scales if scale.code == code))


BEYOND = (
    ("PF2", 83.0, False),  # "below 83": 83 itself is not
    ("PF2", 82.99, True),
    ("PF2", 250 / 3, False),
    ("FA", 39.0, False),
    ("FA", 400 / 9, True),
    ("NV", 50 / 6, True),
    ("QL2", 0.0, None),  # nobody published one
    ("SUMMARY", 10.0, None),
    ("PF2", None, None),  # not scorable
    ("PF2", float(0), True),
)


@pytest.mark.parametrize(("scale", "value", "expected"), BEYOND)
def test_beyond_the_threshold_of_clinical_importance(scale: str, value: float | None, expected: bool | None) -> None:
    assert beyond_threshold(of(QLQ, scale), value) is expected


CHANGES = (
    # scale, at baseline, now: what it comes to. Ten points matter, five or nine are not enough to say so.
    ("PF2", 80.0, 90.0, "better"),
    ("PF2", 80.0, 70.0, "worse"),
    ("PF2", 80.0, 71.0, "no"),
    ("PF2", 80.0, 80.0, "no"),
    ("FA", 30.0, 40.0, "worse"),  # more fatigue
    ("FA", 30.0, 20.0, "better"),
    ("PF2", 60.0 + 1e-12, 70.0, "better"),  # a float's last digit decides nothing
    ("QL2", 50.0, 66.7, "better"),
    ("SUMMARY", 80.0, 20.0, None),  # five points, but from memory: nobody can look it up
    ("PF2", None, 70.0, None),
    ("PF2", 80.0, None, None),
)


@pytest.mark.parametrize(("scale", "baseline", "value", "expected"), CHANGES)
def test_a_change_that_matters(scale: str, baseline: float | None, value: float | None, expected: str | None) -> None:
    stick = of(QLQ, scale)
    assert verdict(stick, change(value, baseline), baseline) == expected


@pytest.mark.parametrize(("instrument", "scale"), [(EQ, "INDEX"), (EQ, "VAS"), (EQ, "PROFILE"), (HADS, "ANXIETY")])
def test_figures_from_memory_of_one_disease_or_between_groups_judge_nobody(instrument: Any, scale: str) -> None:
    stick = of(instrument, scale)
    assert (stick.thresholds, stick.better, stick.worse) == ((), None, None)


def test_a_figure_within_persons_goes_before_one_for_either_and_those_of_one_disease_are_left_out() -> None:
    stick = of(QLQ, "PF2")
    assert stick.better is stick.worse
    assert (stick.differences[0].source, stick.differences[0].highest) == ("osoba-1998", 10)
    assert {reading.source for reading in stick.readings} == {"osoba-1998", "giesinger-2020"}


SOME = Difference(("X",), 2, 4, "within", "better", "points", "paper", True)


def test_the_two_ways_can_have_a_figure_each_and_one_way_may_have_none() -> None:
    scale = replace(QLQ.scales[1], code="X")
    both = replace(QLQ, differences=(SOME, replace(SOME, direction="worse", highest=8)))
    one = replace(QLQ, differences=(SOME,))
    assert [verdict(yardstick(both, scale), step, 50.0) for step in (4.0, -4.0, -8.0)] == ["better", "no", "worse"]
    assert [verdict(yardstick(one, scale), step, 50.0) for step in (4.0, 3.0, -9.0, 0.0)] == [
        "better",
        "no",
        None,
        "no",
    ]


@pytest.mark.parametrize("end", ["more", "neither"])
def test_a_scale_without_a_better_end_has_no_change_that_matters(end: Any) -> None:
    scale = replace(QLQ.scales[1], code="X", higher_is=end)
    stick = yardstick(replace(QLQ, differences=(SOME,)), scale)
    assert verdict(stick, 40.0, 10.0) is None


@pytest.mark.parametrize(("baseline", "size"), [(50.0, 15.0), (-10.0, 3.0), (0.0, None), (None, None)])
def test_a_percentage_is_one_of_the_score_at_baseline(baseline: float | None, size: float | None) -> None:
    assert size_of(replace(SOME, unit="percent", lowest=30, highest=30), baseline) == size


GRADES = tuple(Threshold(("X",), "from", value, "paper", True, name) for value, name in ((11, "probable"), (8, "mild")))


@pytest.mark.parametrize(("value", "name"), [(7.0, None), (8.0, "mild"), (10.9, "mild"), (11.0, "probable")])
def test_of_several_thresholds_the_furthest_is_named(value: float, name: str | None) -> None:
    stick = yardstick(replace(QLQ, thresholds=GRADES), replace(QLQ.scales[1], code="X", higher_is="worse"))
    found = crossed(stick, value)
    assert (found and found.setting) == name
    assert beyond_threshold(stick, value) is (name is not None)


def test_every_figure_that_judges_can_be_looked_up() -> None:
    for instrument in CATALOGUE.values():
        for scale in instrument.scales:
            for reading in yardstick(instrument, scale).readings:
                assert "From memory" not in instrument.sources[reading.source], (instrument.code, scale.code)

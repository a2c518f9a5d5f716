"""What scoring again has changed, counted scale by scale."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro_service.domain.rescoring import Differences, HeldScores, ScaleDifference, current, earlier, rank, wanted
from pro_service.domain.scores import ScaleScore

NOON = datetime(2026, 1, 19, 12, tzinfo=UTC)
Value = float | str | None


def scales(**values: Value) -> dict[str, ScaleScore]:
    return {code: ScaleScore(value=value, n_answered=2, n_items=2) for code, value in values.items()}


def held(scorer: str, hours: int = 0, value_set: str = "") -> HeldScores:
    return HeldScores(scorer, value_set, NOON + timedelta(hours=hours), {})


PAIRS: tuple[tuple[Value, Value, tuple[int, int, int]], ...] = (
    (50.0, 50.0, (0, 0, 0)),
    (50.0, 50.0 + 1e-12, (0, 0, 0)),
    (50.0, 58.5, (1, 0, 0)),
    (None, 58.5, (0, 1, 0)),
    (50.0, None, (0, 0, 1)),
    (None, None, (0, 0, 0)),
    ("21231", "21231", (0, 0, 0)),
    ("21231", "21232", (1, 0, 0)),
    ("", "21232", (0, 1, 0)),
)
"""Before, now, and what that counts as: changed, newly scorable, no longer scorable."""


@pytest.mark.parametrize(("before", "now", "counts"), PAIRS)
def test_a_form_counts_as_one_thing(before: Value, now: Value, counts: tuple[int, int, int]) -> None:
    differences = Differences()
    differences.add("x", scales(A=before), scales(A=now))
    (one,) = differences
    assert (one.changed, one.newly_scorable, one.no_longer_scorable) == counts
    assert one.compared == 1
    assert one.is_a_change == any(counts)


def test_a_scale_that_is_new_and_one_that_is_gone() -> None:
    differences = Differences()
    differences.add("x", scales(OLD=1.0, BOTH=1.0), scales(BOTH=1.0, NEW=1.0))
    found = {one.scale: (one.newly_scorable, one.no_longer_scorable) for one in differences}
    assert found == {"BOTH": (0, 0), "NEW": (1, 0), "OLD": (0, 1)}


@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(-100, 100)), min_size=1))
def test_the_mean_and_the_largest_are_those_of_the_differences(pairs: list[tuple[float, float]]) -> None:
    tally = ScaleDifference("x", "A")
    for before, now in pairs:
        tally.add(before, now)
    sizes = [now - before for before, now in pairs]
    assert tally.mean == pytest.approx(sum(sizes) / len(sizes), abs=1e-6)
    assert abs(tally.largest) == pytest.approx(max(map(abs, sizes)), abs=1e-6)
    assert any(tally.largest == pytest.approx(size, abs=1e-6) for size in sizes)
    assert tally.compared == tally.numbers == len(pairs)


def test_instruments_and_scales_stand_in_order() -> None:
    differences = Differences()
    for code in ("b", "a", "b"):
        differences.add(code, scales(Y=1.0, X=1.0), scales(Y=1.0, X=1.0))
    assert [(one.instrument, one.scale) for one in differences] == [("a", "X"), ("a", "Y"), ("b", "X"), ("b", "Y")]


def test_versions_of_the_scorer_order_as_numbers_do() -> None:
    assert sorted(("10", "9", "1.2", "1.10", "1"), key=rank) == ["1", "1.2", "1.10", "9", "10"]


def test_what_was_known_before_is_the_newest_of_the_newest_scorer() -> None:
    first, second, now = held("1", 0), held("2", 1), held("3", 2)
    everything = (second, now, first)
    assert current(everything, scorer_version="3", value_set="") is now
    assert current(everything, scorer_version="3", value_set="nl-2016") is None
    assert earlier(everything, than=now) is second
    assert earlier((now,), than=now) is None
    assert earlier((first, second), than=held("3", 2)) is second
    assert earlier((first, now), than=first) is None


def test_a_study_that_went_back_to_a_value_set_is_compared_with_the_one_between() -> None:
    first, between = held("2", 0, "a"), held("2", 1, "b")
    assert earlier((first, between), than=first) is between


SHOWN: tuple[tuple[str, tuple[tuple[str, int, str], ...], int], ...] = (
    ("a", (("1", 0, "a"), ("1", 1, "b")), 0),  # went to b and back: what a made shows, though b is younger
    ("b", (("1", 0, "a"), ("1", 1, "b")), 1),
    ("b", (("1", 0, "a"),), 0),  # not scored under b yet: what there is, which says that it is a's
    ("a", (("2", 0, "a"), ("1", 1, "a")), 0),  # an older program still runs somewhere
    ("a", (("10", 0, "a"), ("9", 1, "a")), 0),
    ("a", (("1", 0, "a"), ("2", 1, "b")), 0),  # another value set is another number, whatever the scorer
    ("", (("1", 0, ""), ("1", 1, "")), 1),
    ("c", (("1", 0, "a"), ("1", 1, "b")), 1),
)
"""The value set that the protocol names; what is held (scorer, hours, value set); which of it shows."""


@pytest.mark.parametrize(("value_set", "sets", "which"), SHOWN)
def test_which_scores_show(value_set: str, sets: tuple[tuple[str, int, str], ...], which: int) -> None:
    found = [held(*one) for one in sets]
    assert wanted(found, value_set=value_set) is found[which]
    assert wanted(found[::-1], value_set=value_set) is found[which], "the order in which they are read says nothing"


def test_nothing_made_shows_nothing() -> None:
    assert wanted((), value_set="a") is None

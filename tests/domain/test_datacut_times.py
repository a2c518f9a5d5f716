"""How long a question was looked at: differences on the phone's own clock, whatever that clock says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro_service.domain.datacut_times import LONGEST, looks

START = datetime(2026, 1, 12, 10, 0, tzinfo=UTC)


def at(*seconds: float | None) -> list[datetime | None]:
    return [None if one is None else START + timedelta(seconds=one) for one in seconds]


@pytest.mark.parametrize(
    ("sights", "expected"),
    [
        ([], []),
        ([0], [None]),
        ([0, 4, 9.5], [4, 5.5, None]),
        ([0, None, 9], [9, None, None]),
        ([None, None], [None, None]),
        ([0, 20, 5], [5, None, 15]),
        ([0, 0, 7], [7, 7, None]),
        ([0, LONGEST.total_seconds(), 2000], [1800, 200, None]),
        ([0, LONGEST.total_seconds() + 1], [None, None]),
    ],
    ids=["none", "one", "three", "one unseen", "unseen", "went back", "same screen", "longest", "put away"],
)
def test_from_one_first_sight_to_the_next(sights: list[float | None], expected: list[float | None]) -> None:
    assert looks(at(*sights)) == expected


@given(st.lists(st.none() | st.floats(0, 5000), max_size=20), st.timedeltas())
def test_a_wrong_clock_changes_nothing(seconds: list[float | None], wrong: timedelta) -> None:
    sights = at(*seconds)
    try:
        shifted = [None if one is None else one + wrong for one in sights]
    except OverflowError:
        return
    assert looks(shifted) == looks(sights)
    assert all(one is None or 0 < one <= LONGEST.total_seconds() for one in looks(sights))

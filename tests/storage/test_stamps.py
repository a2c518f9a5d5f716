"""Stamps share what they say in the database, and come back item by item."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro_service.domain.responses import Stamp
from pro_service.storage.stamps import packed, unpacked

AT, LATER = "2026-01-12T09:00:00Z", "2026-01-12T09:05:00Z"

CASES: list[tuple[dict[str, Stamp], list[dict[str, object]]]] = [
    ({}, []),
    ({"q1": {"answered": AT, "revision": 1}}, [{"items": ["q1"], "answered": AT, "revision": 1}]),
    (
        {"q1": {"answered": AT, "revision": 1}, "q2": {"seen": AT}, "q3": {"answered": AT, "revision": 1}},
        [{"items": ["q1", "q3"], "answered": AT, "revision": 1}, {"items": ["q2"], "seen": AT}],
    ),
    ({"q1": {}}, [{"items": ["q1"]}]),
]


@pytest.mark.parametrize(("stamps", "stored"), CASES)
def test_items_with_the_same_stamp_share_it(stamps: dict[str, Stamp], stored: list[dict[str, object]]) -> None:
    assert packed(stamps) == stored


STAMP = st.fixed_dictionaries(
    {}, optional={"seen": st.sampled_from([AT, LATER]), "answered": st.just(AT), "revision": st.integers(1, 3)}
)


@given(st.dictionaries(st.text(min_size=1, max_size=4), STAMP, max_size=12))
def test_what_is_packed_comes_back(stamps: dict[str, Stamp]) -> None:
    assert unpacked(packed(stamps)) == stamps


def test_rows_from_before_are_still_read() -> None:
    assert unpacked({"q1": {"answered": AT, "revision": 1}}) == {"q1": {"answered": AT, "revision": 1}}

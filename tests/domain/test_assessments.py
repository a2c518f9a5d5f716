"""What an assessment's status is, for every state at every hour of its window. Guards failures 19 and 35."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro_service.domain.assessments import (
    GRACE,
    Assessment,
    Status,
    require_answerable,
    status,
)
from pro_service.domain.errors import NotOpenYet, WindowClosed

OPENS = datetime(2026, 1, 11, 23, tzinfo=UTC)
CLOSES = datetime(2026, 1, 26, 23, tzinfo=UTC)
TICK = timedelta(microseconds=1)

CLOCKS = {
    "before": OPENS - TICK,
    "opening": OPENS,
    "inside": OPENS + timedelta(days=3),
    "last": CLOSES - TICK,
    "closing": CLOSES,
    "in grace": CLOSES + GRACE - TICK,
    "after grace": CLOSES + GRACE,
    "years later": CLOSES + timedelta(days=900),
}

NOTHING = Assessment(
    id=UUID(int=1),
    participant_id=UUID(int=2),
    timepoint="baseline",
    occurrence=1,
    anchor=None,
    anchor_on=None,
    target_on=None,
    opens_at=None,
    due_at=None,
    closes_at=None,
    instruments=("qlq-c30",),
)
UNTOUCHED = replace(NOTHING, opens_at=OPENS, closes_at=CLOSES)
BEGUN = replace(UNTOUCHED, started_at=OPENS)
SUBMITTED = replace(BEGUN, submitted_at=OPENS + timedelta(hours=1))
STATES = {
    "without dates": NOTHING,
    "untouched": UNTOUCHED,
    "begun": BEGUN,
    "submitted": SUBMITTED,
    "submitted unbegun": replace(UNTOUCHED, submitted_at=OPENS),
    "cancelled": replace(UNTOUCHED, cancelled_at=OPENS, cancel_reason="death"),
    "cancelled without dates": replace(NOTHING, cancelled_at=OPENS, cancel_reason="withdrawal"),
    "begun, then cancelled": replace(BEGUN, cancelled_at=OPENS, cancel_reason="death"),
    "submitted, then cancelled": replace(SUBMITTED, cancelled_at=OPENS, cancel_reason="death"),
}
W, P, O, I, S, H, M, C = (  # noqa: E741  # one letter each keeps the table a table
    Status.WAITING, Status.PLANNED, Status.OPEN, Status.IN_PROGRESS, Status.SUBMITTED, Status.PARTIAL, Status.MISSED,
    Status.CANCELLED,
)  # fmt: skip
TABLE = {
    #                            before opening inside last closing in-grace after years
    "without dates":             (W,    W,      W,     W,   W,      W,       W,    W),
    "untouched":                 (P,    O,      O,     O,   M,      M,       M,    M),
    "begun":                     (I,    I,      I,     I,   I,      I,       H,    H),
    "submitted":                 (S,    S,      S,     S,   S,      S,       S,    S),
    "submitted unbegun":         (S,    S,      S,     S,   S,      S,       S,    S),
    "cancelled":                 (C,    C,      C,     C,   C,      C,       C,    C),
    "cancelled without dates":   (C,    C,      C,     C,   C,      C,       C,    C),
    "begun, then cancelled":     (C,    C,      C,     C,   C,      C,       C,    C),
    "submitted, then cancelled": (S,    S,      S,     S,   S,      S,       S,    S),
}  # fmt: skip
CASES = [
    pytest.param(STATES[state], at, expected, id=f"{state}, {clock}")
    for state, row in TABLE.items()
    for (clock, at), expected in zip(CLOCKS.items(), row, strict=True)
]


@pytest.mark.parametrize(("assessment", "now", "expected"), CASES)
def test_status_follows_from_the_facts_and_the_clock(assessment: Assessment, now: datetime, expected: Status) -> None:
    """Failure 19: nothing is cached, so nothing can go stale. Failure 35: begun forms have an hour of grace."""
    assert status(assessment, now) is expected


@pytest.mark.parametrize(("assessment", "now", "expected"), CASES)
def test_answers_are_taken_while_open_and_refused_for_a_reason(
    assessment: Assessment, now: datetime, expected: Status
) -> None:
    refusals = {
        Status.WAITING: NotOpenYet,
        Status.PLANNED: NotOpenYet,
        Status.PARTIAL: WindowClosed,
        Status.MISSED: WindowClosed,
        Status.CANCELLED: WindowClosed,
    }
    if expected not in refusals:
        require_answerable(assessment, now)
        return
    with pytest.raises(refusals[expected]) as refusal:
        require_answerable(assessment, now)
    assert set(refusal.value.details) == {"opens_at", "closes_at"}


instants = st.integers(-400 * 86400, 900 * 86400).map(lambda seconds: OPENS + timedelta(seconds=seconds))


@given(opens=instants, length=st.timedeltas(timedelta(0), timedelta(days=90)), clocks=st.lists(instants, min_size=2))
def test_an_untouched_assessment_only_ever_moves_on(opens: datetime, length: timedelta, clocks: list[datetime]) -> None:
    one = replace(NOTHING, opens_at=opens, closes_at=opens + length)
    order = [Status.PLANNED, Status.OPEN, Status.MISSED]
    seen = [order.index(status(one, now)) for now in sorted(clocks)]
    assert seen == sorted(seen)


@given(now=instants, closes=instants)
def test_what_was_submitted_is_submitted_for_ever(now: datetime, closes: datetime) -> None:
    assert status(replace(SUBMITTED, closes_at=closes), now) is Status.SUBMITTED

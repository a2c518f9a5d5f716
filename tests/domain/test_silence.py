"""Why nothing was decided on a day: a window open from 12 to 25 January, with messages on 12, 15, 19 and 23 January."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from pro_service.domain.assessments import Assessment
from pro_service.domain.protocol import ReminderRule
from pro_service.domain.silence import Asked, Silence, silence


def instant(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 1, day, hour, tzinfo=UTC)


ONE = Assessment(
    id=uuid4(),
    participant_id=uuid4(),
    timepoint="baseline",
    occurrence=1,
    anchor=None,
    anchor_on=None,
    target_on=None,
    due_at=None,
    instruments=("eq-5d-5l",),
    opens_at=datetime(2026, 1, 11, 23, 0, tzinfo=UTC),
    closes_at=datetime(2026, 1, 25, 23, 0, tzinfo=UTC),
)
LATE = instant(30)


def asked(day: int, *, now: datetime = LATE, ended: int | None = None, **facts: object) -> Asked:
    one = replace(ONE, **facts)  # type: ignore[arg-type]  # the case says which
    ended_on = None if ended is None else date(2026, 1, ended)
    return Asked(date(2026, 1, day), now, ReminderRule(), "Europe/Amsterdam", [one], ended_on)


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        (asked(11), "no window is open that day"),
        (asked(26), "no window is open that day"),
        (asked(13), "no message is due that day; open: baseline"),
        (asked(12), "a message about baseline was due and is not decided on; is a worker running?"),
        (asked(15, now=instant(14)), "a message about baseline is still to come"),
        (asked(15, submitted_at=instant(14)), "what was open had been submitted: baseline"),
        (asked(15, submitted_at=instant(15, 7)), "submitted before the message about it was due: baseline"),
        (asked(15, cancelled_at=instant(14)), "what was open had been cancelled: baseline"),
        (asked(15, ended=14), "the person's part ended on 2026-01-14"),
        (asked(15, ended=15), "the person's part ended on 2026-01-15"),
        (asked(13, ended=15), "no message is due that day; open: baseline"),
        (asked(12, opens_at=None), "no window is open that day"),
        (replace(asked(12), assessments=[]), "the person has no assessments"),
    ],
)
def test_the_first_reason_that_holds_is_the_answer(question: Asked, reason: str) -> None:
    """Failure row 7: there is an answer for every day, also one without a row."""
    assert silence(question).reason == reason


@pytest.mark.parametrize(
    ("question", "next_at"),
    [
        (asked(13, now=instant(13)), instant(15, 9)),
        (asked(13, now=instant(20)), instant(23, 9)),
        (asked(13, now=instant(24)), None),
        (asked(13, now=instant(13), submitted_at=instant(13)), None),
        (asked(13, now=instant(13), ended=13), None),
    ],
)
def test_it_says_when_the_next_message_is_due(question: Asked, next_at: datetime | None) -> None:
    found = silence(question)
    assert found == Silence(found.reason, next_at, "baseline" if next_at else None)

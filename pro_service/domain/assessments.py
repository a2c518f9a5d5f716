"""One participant's timepoint, and the status that follows from its facts. Status is derived, never stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

GRACE = timedelta(hours=1)
"""A form already begun may be finished this long after its window closed."""


class Status(StrEnum):
    WAITING = "waiting"  # its anchor event has no date yet
    PLANNED = "planned"  # not yet open
    OPEN = "open"
    IN_PROGRESS = "in_progress"
    SUBMITTED = "submitted"
    PARTIAL = "partial"  # closed with some answers, never submitted
    MISSED = "missed"  # closed without an answer
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Assessment:
    """What is stored of an assessment. Date fields are None while its anchor event has no date."""

    id: UUID
    participant_id: UUID
    timepoint: str
    occurrence: int
    anchor: str | None
    anchor_on: date | None
    target_on: date | None
    opens_at: datetime | None
    due_at: datetime | None
    closes_at: datetime | None
    instruments: tuple[str, ...]
    started_at: datetime | None = None
    submitted_at: datetime | None = None
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None
    next_reminder_at: datetime | None = None
    mode: str = "self"
    missing_reason: str | None = None


def status(assessment: Assessment, now: datetime) -> Status:
    """The status at `now`. Submitted wins over everything, then cancelled, then the window decides."""
    if assessment.submitted_at is not None:
        return Status.SUBMITTED
    if assessment.cancelled_at is not None:
        return Status.CANCELLED
    if assessment.opens_at is None or assessment.closes_at is None:
        return Status.WAITING
    begun = assessment.started_at is not None
    if now >= assessment.closes_at + (GRACE if begun else timedelta(0)):
        return Status.PARTIAL if begun else Status.MISSED
    if begun:
        return Status.IN_PROGRESS
    return Status.PLANNED if now < assessment.opens_at else Status.OPEN

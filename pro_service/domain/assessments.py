"""One participant's timepoint, and the status that follows from its facts. Status is derived, never stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Literal
from uuid import UUID

from pro_service.domain.errors import NotOpenYet, WindowClosed

GRACE = timedelta(hours=1)
"""A form already begun may be finished this long after its window closed."""

Mode = Literal["self", "proxy", "interview", "paper"]
"""Who put the answers down: the person, somebody close to them, an interviewer, or staff typing over a paper form."""

BY_STAFF: tuple[Mode, ...] = ("paper", "interview", "proxy")


class Status(StrEnum):
    WAITING = "waiting"  # its anchor event has no date yet
    PLANNED = "planned"  # not yet open
    OPEN = "open"
    IN_PROGRESS = "in_progress"
    SUBMITTED = "submitted"
    PARTIAL = "partial"  # closed with some answers, never submitted
    MISSED = "missed"  # closed without an answer
    CANCELLED = "cancelled"


class MissingReason(StrEnum):
    """Why a form was not completed: the EORTC's six, and three a trial needs beside them (SPIRIT-PRO 18b)."""

    TOO_ILL = "too_ill"  # EORTC 1: the patient felt too ill
    JUDGED_TOO_ILL = "judged_too_ill"  # EORTC 2: a clinician or nurse felt the patient was too ill
    INCONVENIENT = "inconvenient"  # EORTC 3: inconvenient, takes too much time
    PRIVACY = "privacy"  # EORTC 4: felt as a violation of privacy
    ADMINISTRATIVE = "administrative"  # EORTC 5: administrative failure
    OTHER = "other"  # EORTC 6
    LANGUAGE = "language"  # cannot read the language of the form
    TECHNICAL = "technical"  # the system or the device failed
    UNKNOWN = "unknown"


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
    revision: int = 0  # raised by whatever changes its dates or its answers

    @property
    def begun(self) -> bool:
        """Whether anything was ever answered or submitted; such an assessment never moves."""
        return self.started_at is not None or self.submitted_at is not None


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


def require_answerable(assessment: Assessment, at: datetime) -> None:
    """Raise NotOpenYet or WindowClosed unless answers given at `at` may be taken. Says nothing of submission."""
    match status(assessment, at):
        case Status.WAITING | Status.PLANNED:
            raise NotOpenYet("this assessment is not open yet", details=_window(assessment))
        case Status.PARTIAL | Status.MISSED:
            raise WindowClosed("the window of this assessment is over", details=_window(assessment))
        case Status.CANCELLED:
            raise WindowClosed("this assessment was cancelled", details=_window(assessment))


def _window(assessment: Assessment) -> dict[str, object]:
    """The bounds of the window, for a client that wants to say more than a sentence."""
    bounds = {"opens_at": assessment.opens_at, "closes_at": assessment.closes_at}
    return {name: None if at is None else at.isoformat().replace("+00:00", "Z") for name, at in bounds.items()}

"""Sheets: an assessment, whose it is and its responses, read in one query under one lock, begun and submitted."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Integer, bindparam, func, select, update

from pro_service.domain.errors import NotFound
from pro_service.domain.responses import Sheet
from pro_service.storage import assessments, participants, responses
from pro_service.storage.assessments import assessment
from pro_service.storage.metadata import Instant
from pro_service.storage.participants import participant
from pro_service.storage.prepared import Prepared
from pro_service.storage.responses import response
from pro_service.storage.session import Session

_WHOSE = len(assessments.COLUMNS)
_WHAT = _WHOSE + len(participants.COLUMNS)
_SHEET = (
    select(*assessments.COLUMNS, *participants.COLUMNS, *responses.COLUMNS)
    .select_from(
        assessment.join(participant, participant.c.id == assessment.c.participant_id).outerjoin(
            response, response.c.assessment_id == assessment.c.id
        )
    )
    .where(assessment.c.id == bindparam("id"))
)
_UNLOCKED_SHEET = Prepared(_SHEET)
_LOCKED_SHEET = Prepared(_SHEET.with_for_update(of=assessment))
_STARTED = func.coalesce(assessment.c.started_at, bindparam("_at", type_=Instant()))
_BEGIN = Prepared(
    update(assessment).where(assessment.c.id == bindparam("_id")).values(started_at=_STARTED, mode=bindparam("_mode"))
)
_REVISIONS = (
    select(func.coalesce(func.sum(response.c.revision), 0))
    .where(response.c.assessment_id == bindparam("_id"))
    .scalar_subquery()
)
_SUBMIT = Prepared(
    update(assessment)
    .where(assessment.c.id == bindparam("_id"), assessment.c.submitted_at.is_(None))
    .where(bindparam("_revisions", type_=Integer) == _REVISIONS)
    .values(
        submitted_at=bindparam("_at"),
        started_at=_STARTED,
        mode=bindparam("_mode"),
        next_reminder_at=None,
    )
)


def by_assessment(session: Session, assessment_id: UUID, *, lock: bool = False) -> Sheet:
    """An assessment, whose it is and its responses, read in one query.

    `lock` holds the assessment until the end of the transaction. On PostgreSQL the lock may have been waited for, and
    then the responses are as they were before the wait: only a second reading, made while holding it, is certain.
    """
    rows = (_LOCKED_SHEET if lock else _UNLOCKED_SHEET).rows(session, {"id": assessment_id})
    if not rows:
        raise NotFound("no such assessment")
    first = rows[0]
    found = [responses.from_values(row[_WHAT:]) for row in rows if row[_WHAT] is not None]
    return Sheet(
        assessment=assessments.from_values(first[:_WHOSE]),
        participant=participants.from_values(first[_WHOSE:_WHAT]),
        responses={one.instrument: one for one in found},
    )


def begin(session: Session, assessment_id: UUID, *, at: datetime, mode: str) -> None:
    """Mark the assessment as begun, unless it was already, and in whose hand it is."""
    _BEGIN.run(session, {"_id": assessment_id, "_at": at, "_mode": mode})


def submit(session: Session, seen: Sheet, *, at: datetime, mode: str) -> bool:
    """Mark the assessment as submitted; False when its responses are no longer those of the sheet that was seen."""
    revisions = sum(one.revision for one in seen.responses.values())
    values = {"_id": seen.assessment.id, "_at": at, "_mode": mode, "_revisions": revisions}
    return _SUBMIT.run(session, values) == 1

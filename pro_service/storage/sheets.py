"""Sheets: an assessment, whose it is and its responses; read in one query, written in one statement under one guard.

The guard is the assessment's `revision`, which whatever changes its dates or its answers raises. Where it is no longer
the one that was read, nothing is written. On PostgreSQL the assessment, the responses and the audit line go in one
statement, one round trip: it waits for whoever writes the assessment's row, and then looks at the guard again. SQLite,
which has no writing CTEs but one writer at a time, takes the same three one after another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Integer,
    TableValuedAlias,
    and_,
    bindparam,
    case,
    column,
    func,
    insert,
    literal,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql

from pro_service.domain.audit import Actor, AuditEvent
from pro_service.domain.errors import NotFound
from pro_service.domain.responses import Response, Sheet
from pro_service.storage import access, assessments, audit, participants, responses
from pro_service.storage.access import Pass
from pro_service.storage.assessments import assessment
from pro_service.storage.audit import audit_event
from pro_service.storage.metadata import Instant
from pro_service.storage.participants import participant
from pro_service.storage.prepared import Prepared
from pro_service.storage.responses import response
from pro_service.storage.session import Session, unit_of

_PASS = len(access.PASS)
_WHOSE = len(assessments.COLUMNS)
_WHAT = _WHOSE + len(participants.COLUMNS)
_SHEET = Prepared(
    select(*assessments.COLUMNS, *participants.COLUMNS, *responses.COLUMNS)
    .select_from(
        assessment.join(participant, participant.c.id == assessment.c.participant_id).outerjoin(
            response, response.c.assessment_id == assessment.c.id
        )
    )
    .where(assessment.c.id == bindparam("id"))
)
_ASKED_ABOUT = Prepared(
    select(*access.PASS, *assessments.COLUMNS, *participants.COLUMNS, *responses.COLUMNS)
    .select_from(
        access.PASSES.outerjoin(
            assessment,
            and_(
                assessment.c.id == bindparam("id"),
                assessment.c.participant_id == access.session.c.participant_id,
            ),
        ).outerjoin(response, response.c.assessment_id == assessment.c.id)
    )
    .where(access.session.c.token_hash == bindparam("token_hash"))
)
_HOLD = Prepared(select(assessment.c.id).where(assessment.c.id == bindparam("id")).with_for_update())
_CLAIM = (
    update(assessment)
    .where(
        and_(
            assessment.c.id == bindparam("_id"),
            assessment.c.revision == bindparam("_revision", type_=Integer),
            assessment.c.submitted_at.is_(None),
        )
    )
    .values(
        revision=assessment.c.revision + 1,
        started_at=func.coalesce(assessment.c.started_at, bindparam("_at", type_=Instant())),
        submitted_at=bindparam("_submitted_at"),
        mode=bindparam("_mode"),
        next_reminder_at=case((bindparam("_submitted_at", type_=Instant()).is_(None), assessment.c.next_reminder_at)),
    )
)
_CLAIM_ALONE = Prepared(_CLAIM)


@dataclass(frozen=True, slots=True)
class Entry:
    """What goes onto a sheet: new revisions of responses, the state of the assessment after them, the audit line."""

    responses: Sequence[Response]
    mode: str
    at: datetime
    submits: bool
    event: AuditEvent


def who_asks(session: Session, token_hash: bytes, assessment_id: UUID) -> Pass:
    """Who a session's token stands for; their sheet of that assessment is read in the same query, and laid ready.

    A patient who saves or submits is asked for twice: who is it, and what have they answered. One trip does for both.
    """
    rows = _ASKED_ABOUT.rows(session, {"token_hash": token_hash, "id": assessment_id})
    if not rows:
        raise NotFound("there is no such session")
    unit = unit_of(session)
    if unit is not None and rows[0][_PASS] is not None:
        unit.at_hand = _sheet([row[_PASS:] for row in rows])
    return access.pass_of(rows[0][:_PASS])


def by_assessment(session: Session, assessment_id: UUID) -> Sheet:
    """An assessment, whose it is and its responses, read in one query: all as they were at one instant.

    What `who_asks` has laid ready is taken once, and only while this unit of work has written nothing.
    """
    unit = unit_of(session)
    if unit is not None and isinstance(unit.at_hand, Sheet):
        ready, unit.at_hand = unit.at_hand, None
        if ready.assessment.id == assessment_id:
            return ready
    rows = _SHEET.rows(session, {"id": assessment_id})
    if not rows:
        raise NotFound("no such assessment")
    return _sheet(rows)


def _sheet(rows: Sequence[Any]) -> Sheet:
    first = rows[0]
    found = [responses.from_values(row[_WHAT:]) for row in rows if row[_WHAT] is not None]
    return Sheet(
        assessment=assessments.from_values(first[:_WHOSE]),
        participant=participants.from_values(first[_WHOSE:_WHAT]),
        responses={one.instrument: one for one in found},
    )


def hold(session: Session, assessment_id: UUID) -> None:
    """Wait for whoever writes the assessment, and keep others from it until the end of the transaction."""
    _HOLD.rows(session, {"id": assessment_id})


def write(session: Session, seen: Sheet, entry: Entry, *, actor: Actor, now: datetime, closing: bool) -> bool:
    """Write it; False, and nothing written, where the sheet is no longer the one that was seen.

    `closing`: nothing is written after this in the unit of work (see `Prepared.rows`).
    """
    line = audit.values(entry.event, actor, now)
    claim = {
        "_id": seen.assessment.id,
        "_revision": seen.assessment.revision,
        "_at": entry.at,
        "_submitted_at": entry.at if entry.submits else None,
        "_mode": entry.mode,
    }
    if session.dialect.name == "postgresql":
        laid = [responses.document(one) for one in entry.responses]
        values = {**claim, **line, "_responses": laid, "_now": now}
        return bool(_WRITE.rows(session, values, closing=closing))
    if not _CLAIM_ALONE.run(session, claim):
        return False
    responses.store(session, entry.responses, at=now)
    audit.append(session, [entry.event], actor=actor, at=now)
    return True


def _write() -> Any:
    """The assessment claimed, and on that all else; no row where it could not be claimed."""
    claimed = _CLAIM.returning(assessment.c.id).cte("claimed")
    laid = _laid()
    now = bindparam("_now", type_=Instant())
    values = {
        **{name: laid.c[name] for name in responses.DOCUMENT},
        "assessment_id": claimed.c.id,
        "created_at": now,
        "updated_at": now,
        "scored_revision": literal(0),
    }
    rows = select(*values.values()).select_from(claimed.join(laid, true()))
    stored = responses.upserting(
        postgresql.insert(response).from_select(list(values), rows, include_defaults=False)
    ).cte("stored")
    names = [one.name for one in audit_event.c if not one.primary_key]
    line = select(*[bindparam(name, type_=audit_event.c[name].type) for name in names]).select_from(claimed)
    noted = insert(audit_event).inline().from_select(names, line).cte("noted")
    return select(claimed.c.id).add_cte(stored, noted)


def _laid() -> TableValuedAlias:
    """The rows of a JSON document of responses: any number of them in one parameter."""
    shape = [column(name, response.c[name].type) for name in responses.DOCUMENT]
    document = bindparam("_responses", type_=postgresql.JSONB())
    return func.jsonb_to_recordset(document).table_valued(*shape, name="laid").render_derived(with_types=True)


_WRITE = Prepared(_write())

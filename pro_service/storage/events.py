"""Trial events: append-only facts. Correcting a date adds a row that supersedes the earlier one."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Table, Text, bindparam, insert, select

from pro_service.domain.events import EventRecord
from pro_service.storage.metadata import Id, Instant, metadata, new_id
from pro_service.storage.session import Session

trial_event = Table(
    "trial_event",
    metadata,
    Column("id", Id, primary_key=True, default=new_id),
    Column("participant_id", Id, ForeignKey("participant.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("on_date", Date),  # NULL: the event did not happen after all (a retraction)
    Column("actual", Boolean, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Column("supersedes_id", Id, ForeignKey("trial_event.id"), unique=True),
    Index("ix_trial_event_participant_id_kind", "participant_id", "kind"),
)

_ALL = select(
    trial_event.c.id,
    trial_event.c.participant_id,
    trial_event.c.kind,
    trial_event.c.on_date,
    trial_event.c.actual,
    trial_event.c.recorded_at,
    trial_event.c.recorded_by,
    trial_event.c.reason,
    trial_event.c.supersedes_id,
).order_by(trial_event.c.recorded_at, trial_event.c.id)
_OF_PARTICIPANT = _ALL.where(trial_event.c.participant_id == bindparam("participant_id"))


def of_participant(session: Session, participant_id: UUID) -> tuple[EventRecord, ...]:
    """Everything ever recorded of one person, oldest first."""
    return tuple(EventRecord(*row) for row in session.execute(_OF_PARTICIPANT, {"participant_id": participant_id}))


def of_participants(session: Session, participant_ids: Sequence[UUID]) -> dict[UUID, list[EventRecord]]:
    """Everything ever recorded of these people by person, oldest first, in one query."""
    found: dict[UUID, list[EventRecord]] = {}
    for row in session.execute(_ALL.where(trial_event.c.participant_id.in_(participant_ids))):
        found.setdefault(row.participant_id, []).append(EventRecord(*row))
    return found


def add(session: Session, records: Sequence[EventRecord]) -> None:
    """Store new records. Conflict where somebody else superseded the same one first."""
    rows = [
        {
            "id": one.id,
            "participant_id": one.participant_id,
            "kind": one.kind,
            "on_date": one.on,
            "actual": one.actual,
            "recorded_at": one.recorded_at,
            "recorded_by": one.recorded_by,
            "reason": one.reason,
            "supersedes_id": one.supersedes_id,
        }
        for one in records
    ]
    if rows:
        session.execute(insert(trial_event), rows)

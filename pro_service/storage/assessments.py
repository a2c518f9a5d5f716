"""Assessments: one row per participant, timepoint and occurrence. Its id never changes when dates move."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    Date,
    ForeignKey,
    Integer,
    Row,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    insert,
    select,
    text,
    update,
)

from pro_service.domain.assessments import Assessment
from pro_service.domain.errors import NotFound
from pro_service.storage import bulk
from pro_service.storage.metadata import Id, Instant, Json, metadata, new_id, partial_index
from pro_service.storage.session import Session

assessment = Table(
    "assessment",
    metadata,
    Column("id", Id, primary_key=True, default=new_id),
    Column("participant_id", Id, ForeignKey("participant.id"), nullable=False),
    Column("timepoint", Text, nullable=False),
    Column("occurrence", Integer, nullable=False, default=1),
    Column("anchor", Text),
    Column("anchor_on", Date),
    Column("target_on", Date),
    Column("opens_at", Instant),
    Column("due_at", Instant),
    Column("closes_at", Instant),
    Column("instruments", Json, nullable=False),
    Column("next_reminder_at", Instant),
    Column("claimed_until", Instant),
    Column("started_at", Instant),
    Column("submitted_at", Instant),
    Column("cancelled_at", Instant),
    Column("cancel_reason", Text),
    Column("mode", Text, nullable=False, default="self"),
    Column("missing_reason", Text),
    Column("revision", Integer, nullable=False, server_default=text("0")),  # guards what is written on a reading
    UniqueConstraint("participant_id", "timepoint", "occurrence"),
    partial_index("ix_assessment_due", "next_reminder_at", where="next_reminder_at IS NOT NULL"),
    partial_index("ix_assessment_opening", "opens_at", where="opens_at IS NOT NULL"),
    partial_index("ix_assessment_closing", "closes_at", where="submitted_at IS NULL AND closes_at IS NOT NULL"),
)

_NAMES = [field.name for field in fields(Assessment)]
_INSTRUMENTS = _NAMES.index("instruments")

COLUMNS = tuple(assessment.c[name] for name in _NAMES)
"""The columns of an Assessment, in the order of its fields."""

_BY_ID = select(*COLUMNS).where(assessment.c.id == bindparam("id"))
_OF_PARTICIPANT = (
    select(*COLUMNS)
    .where(assessment.c.participant_id == bindparam("participant_id"))
    .order_by(assessment.c.target_on.is_(None), assessment.c.target_on, assessment.c.id)
)


def from_values(values: Row[Any] | Sequence[Any]) -> Assessment:
    """The assessment made of the values of COLUMNS."""
    ordered = list(values)
    ordered[_INSTRUMENTS] = tuple(ordered[_INSTRUMENTS])
    return Assessment(*ordered)


def by_id(session: Session, assessment_id: UUID, *, lock: bool = False) -> Assessment:
    """The assessment of that id; `lock` holds it until the end of the transaction."""
    statement = _BY_ID.with_for_update() if lock else _BY_ID
    row = session.execute(statement, {"id": assessment_id}).one_or_none()
    if row is None:
        raise NotFound("no such assessment")
    return from_values(row)


def of_participant(session: Session, participant_id: UUID, *, lock: bool = False) -> tuple[Assessment, ...]:
    """One person's assessments by target date, those without one last; `lock` holds them until the end."""
    statement = _OF_PARTICIPANT.with_for_update() if lock else _OF_PARTICIPANT
    rows = session.execute(statement, {"participant_id": participant_id})
    return tuple(from_values(row) for row in rows)


def of_participants(
    session: Session, participant_ids: Collection[UUID], *, lock: bool = False
) -> dict[UUID, list[Assessment]]:
    """Everybody's assessments by participant, each by target date, those without one last; `lock` holds them."""
    query = (
        select(*COLUMNS)
        .where(bulk.among(session, assessment.c.participant_id, participant_ids))
        .order_by(assessment.c.target_on.is_(None), assessment.c.target_on, assessment.c.id)
    )
    found: dict[UUID, list[Assessment]] = {}
    for row in session.execute(query.with_for_update() if lock else query):
        one = from_values(row)
        found.setdefault(one.participant_id, []).append(one)
    return found


def add(session: Session, rows: Sequence[Mapping[str, object]]) -> None:
    """Store new assessments, all in one statement; every row holds the same fields, by name."""
    if rows:
        session.execute(insert(assessment), list(rows))


def change(session: Session, rows: Sequence[Mapping[str, object]]) -> None:
    """Set the fields of each row on the assessment of its `id`; every row holds the same fields, by name.

    Answers on their way in, based on the assessment as it was, will not be stored but read it again.
    """
    if not rows:
        return
    names = [name for name in rows[0] if name != "id"]
    statement = (
        update(assessment)
        .where(assessment.c.id == bindparam("_id"))
        .values({name: bindparam(f"_{name}", type_=assessment.c[name].type) for name in names})
        .values(revision=assessment.c.revision + 1)
    )
    session.execute(statement, [{f"_{name}": value for name, value in row.items()} for row in rows])

"""Exports asked for through the API: a claimed row is the work, the files lie under the data directory."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Row,
    Select,
    Table,
    Text,
    insert,
    or_,
    select,
    update,
)

from pro_service.domain.errors import NotFound
from pro_service.domain.exports import Export
from pro_service.storage.metadata import Id, Instant, Json, metadata, new_id, partial_index
from pro_service.storage.session import Session
from pro_service.storage.studies import study

export = Table(
    "export",
    metadata,
    Column("id", Id, primary_key=True, default=new_id),
    Column("study_id", Id, ForeignKey("study.id"), nullable=False),
    Column("format", Text, nullable=False),
    Column("as_of", Date),
    Column("masked", Boolean, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("claimed_until", Instant),
    Column("finished_at", Instant),
    Column("outcome", Text),  # done | failed
    Column("manifest", Json),
    partial_index("ix_export_pending", "asked_at", where="finished_at IS NULL"),
)


def add(session: Session, one: Export) -> None:
    """Store a new request."""
    session.execute(
        insert(export).values(
            id=one.id,
            study_id=one.study_id,
            format=one.format,
            as_of=one.as_of,
            masked=one.masked,
            asked_by=one.asked_by,
            asked_at=one.asked_at,
        )
    )


def by_id(session: Session, export_id: UUID) -> Export:
    """The export of that id."""
    row = session.execute(_select().where(export.c.id == export_id)).one_or_none()
    if row is None:
        raise NotFound("no such export")
    return _export(row)


def claim(session: Session, *, now: datetime, until: datetime) -> Export | None:
    """Take the oldest export that nobody is working on, until `until`; None when there is none.

    Any number of workers may ask at once: PostgreSQL skips what another has locked, SQLite lets one ask at a time.
    """
    free = or_(export.c.claimed_until.is_(None), export.c.claimed_until < now)
    oldest = select(export.c.id).where(export.c.finished_at.is_(None), free).order_by(export.c.asked_at, export.c.id)
    chosen = session.execute(oldest.limit(1).with_for_update(skip_locked=True)).scalar()
    if chosen is None:
        return None
    mark = update(export).where(export.c.id == chosen).values(claimed_until=until)
    session.execute(mark, execution_options={"housekeeping": True})
    return by_id(session, chosen)


def finish(session: Session, one: Export) -> None:
    """Store how it ended."""
    ended = {"finished_at": one.finished_at, "outcome": one.outcome, "manifest": one.manifest, "claimed_until": None}
    session.execute(update(export).where(export.c.id == one.id).values(ended))


def _select() -> Select[Any]:
    return select(
        export.c.id,
        export.c.study_id,
        study.c.code.label("study"),
        export.c.format,
        export.c.as_of,
        export.c.masked,
        export.c.asked_by,
        export.c.asked_at,
        export.c.finished_at,
        export.c.outcome,
        export.c.manifest,
    ).join(study, study.c.id == export.c.study_id)


def _export(row: Row[Any]) -> Export:
    return Export(**row._mapping)

"""Definitions of questionnaires that studies brought along. One is never changed or deleted (database trigger)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Table, Text, insert, select

from pro_service.storage.metadata import Id, Instant, metadata, new_id
from pro_service.storage.session import Session

instrument = Table(
    "instrument",
    metadata,
    Column("id", Id, primary_key=True, default=new_id),
    Column("code", Text, nullable=False, unique=True),
    Column("version", Text, nullable=False),
    Column("document", Text, nullable=False),  # the definition as it was loaded, byte for byte
    Column("sha256", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
)


def codes(session: Session) -> tuple[str, ...]:
    """The codes of every definition that was loaded, in alphabetical order."""
    return tuple(session.execute(select(instrument.c.code).order_by(instrument.c.code)).scalars())


def document(session: Session, code: str) -> tuple[str, str] | None:
    """A definition's text and its SHA-256; None where none was loaded under this code."""
    row = session.execute(select(instrument.c.document, instrument.c.sha256).where(instrument.c.code == code)).first()
    return None if row is None else (row.document, row.sha256)


def add(session: Session, *, code: str, version: str, document: str, sha256: str, at: datetime) -> UUID:
    """Keep a definition; Conflict where the code is taken."""
    added = new_id()
    values = {"code": code, "version": version, "document": document, "sha256": sha256, "created_at": at}
    session.execute(insert(instrument).values(id=added, **values))
    return added

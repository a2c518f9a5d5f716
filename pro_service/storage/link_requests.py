"""Requests for a new link, as people typed them: sealed, and gone as soon as they are answered.

The page that takes one writes one row, whatever was typed: nobody can tell from the answer, or from how long it took,
whether there is such a person. Who it is, is found out later, by a worker.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Index, LargeBinary, Table, Text, delete, insert, select

from pro_service.storage import bulk
from pro_service.storage.metadata import Id, Instant, metadata
from pro_service.storage.session import Session

link_request = Table(
    "link_request",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key_id", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    Index("ix_link_request_created_at", "created_at"),
)


@dataclass(frozen=True, slots=True)
class Sealed:
    """One request as it is stored."""

    id: UUID
    key_id: str
    sealed: bytes
    created_at: datetime


def add(session: Session, new: Sealed) -> None:
    """Store a request. It tells nothing about anybody: it is bookkeeping until it is answered."""
    row = {"id": new.id, "key_id": new.key_id, "sealed": new.sealed, "created_at": new.created_at}
    session.execute(insert(link_request).execution_options(housekeeping=True), row)


def take(session: Session, *, limit: int) -> tuple[Sealed, ...]:
    """The oldest requests, held until the end of the transaction; those that another worker holds are skipped."""
    columns = (link_request.c.id, link_request.c.key_id, link_request.c.sealed, link_request.c.created_at)
    query = select(*columns).order_by(link_request.c.created_at).limit(limit).with_for_update(skip_locked=True)
    return tuple(Sealed(*row) for row in session.execute(query))


def forget(session: Session, ids: Sequence[UUID]) -> None:
    """Delete requests that were answered."""
    gone = delete(link_request).where(bulk.among(session, link_request.c.id, ids))
    session.execute(gone.execution_options(housekeeping=True))

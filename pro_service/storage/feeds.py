"""Calendar addresses: at most one alive for each participant. The token is stored only as a keyed hash."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, ForeignKey, LargeBinary, Table, bindparam, insert, select, update

from pro_service.domain.errors import NotFound
from pro_service.storage.metadata import Id, Instant, metadata, new_id, partial_index
from pro_service.storage.session import Session

calendar_feed = Table(
    "calendar_feed",
    metadata,
    Column("id", Id, primary_key=True, default=new_id),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("participant_id", Id, ForeignKey("participant.id"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    partial_index("uq_calendar_feed_alive", "participant_id", where="revoked_at IS NULL", unique=True),
)


@dataclass(frozen=True, slots=True)
class Feed:
    """One calendar address that still works."""

    id: UUID
    participant_id: UUID
    created_at: datetime


_ALIVE = select(calendar_feed.c.id, calendar_feed.c.participant_id, calendar_feed.c.created_at).where(
    calendar_feed.c.revoked_at.is_(None)
)
_BY_TOKEN = _ALIVE.where(calendar_feed.c.token_hash == bindparam("token_hash"))
_OF_PARTICIPANT = _ALIVE.where(calendar_feed.c.participant_id == bindparam("participant_id"))


def by_token(session: Session, token_hash: bytes) -> Feed:
    """The address of that token; NotFound for one that is not ours, or works no more."""
    row = session.execute(_BY_TOKEN, {"token_hash": token_hash}).one_or_none()
    if row is None:
        raise NotFound("there is no such calendar")
    return Feed(*row)


def of_participant(session: Session, participant_id: UUID) -> Feed | None:
    """Somebody's address, where they have one."""
    row = session.execute(_OF_PARTICIPANT, {"participant_id": participant_id}).one_or_none()
    return None if row is None else Feed(*row)


def add(session: Session, *, token_hash: bytes, participant_id: UUID, at: datetime) -> UUID:
    """Store a new address; its id."""
    new = new_id()
    row = {"id": new, "token_hash": token_hash, "participant_id": participant_id, "created_at": at}
    session.execute(insert(calendar_feed), row)
    return new


def end(session: Session, feed_id: UUID, *, at: datetime) -> None:
    """From now on this address leads nowhere."""
    session.execute(update(calendar_feed).where(calendar_feed.c.id == feed_id).values(revoked_at=at))

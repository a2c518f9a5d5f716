"""Names, addresses and phone numbers, sealed, in a table of their own. Only services.contacts imports this module.

`sealed` is AES-256-GCM over a JSON document, bound to its row by its associated data; `key_id` names the key of the
ring that sealed it, so that keys can be rotated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, ForeignKey, LargeBinary, Table, Text, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pro_service.storage import bulk
from pro_service.storage.metadata import Id, Instant, metadata
from pro_service.storage.session import Session

contact = Table(
    "contact",
    metadata,
    Column("participant_id", Id, ForeignKey("participant.id"), primary_key=True),
    Column("key_id", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("updated_at", Instant, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Sealed:
    """One contact as it is stored."""

    participant_id: UUID
    key_id: str
    sealed: bytes = b""


_SEALED = select(contact.c.participant_id, contact.c.key_id, contact.c.sealed)


def by_participants(session: Session, participant_ids: Sequence[UUID]) -> tuple[Sealed, ...]:
    """The contacts of these people; those without one are left out."""
    rows = session.execute(_SEALED.where(bulk.among(session, contact.c.participant_id, participant_ids)))
    return tuple(Sealed(*row) for row in rows)


def sealed_with_other_keys(session: Session, key_id: str, *, limit: int) -> tuple[Sealed, ...]:
    """Contacts not sealed with that key, at most `limit`."""
    query = _SEALED.where(contact.c.key_id != key_id).order_by(contact.c.participant_id).limit(limit)
    return tuple(Sealed(*row) for row in session.execute(query.with_for_update()))


def count_sealed_with_other_keys(session: Session, key_id: str) -> int:
    """How many contacts are not sealed with that key."""
    query = select(func.count()).select_from(contact).where(contact.c.key_id != key_id)
    return int(session.execute(query).scalar_one())


def key_ids(session: Session) -> frozenset[str]:
    """The ids of the keys in use."""
    return frozenset(session.execute(select(contact.c.key_id).distinct()).scalars())


def save(session: Session, new: Sealed, *, at: datetime) -> None:
    """Store a contact in place of the one before it, if any."""
    values = {"key_id": new.key_id, "sealed": new.sealed, "updated_at": at}
    dialect = postgresql if session.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(contact).values(participant_id=new.participant_id, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["participant_id"], set_=values))


def reseal(session: Session, new: Sealed) -> None:
    """Store the same contact sealed with another key."""
    where = contact.c.participant_id == new.participant_id
    session.execute(update(contact).where(where).values(key_id=new.key_id, sealed=new.sealed))


def erase(session: Session, participant_id: UUID) -> bool:
    """Delete a contact; False where there was none."""
    return session.execute(delete(contact).where(contact.c.participant_id == participant_id)).rowcount == 1

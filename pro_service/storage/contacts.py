"""Names, addresses and phone numbers, sealed, in a table of their own. Only services.contacts imports this module.

`sealed` is AES-256-GCM over a JSON document, bound to its row by its associated data; `key_id` names the key of the
ring that sealed it, so that keys can be rotated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Table, Text, delete, func, or_, select, text, update
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
    Column("email_hash", LargeBinary),  # keyed: who comes with an address is found by it, and nothing else is
    Column("phone_hash", LargeBinary),
    Column("index_key", Text, nullable=False, server_default=text("''")),  # which secret made the two; empty: none yet
    Index("ix_contact_email_hash", "email_hash"),
    Index("ix_contact_phone_hash", "phone_hash"),
    Index("ix_contact_index_key", "index_key"),
)


@dataclass(frozen=True, slots=True)
class Sealed:
    """One contact as it is stored."""

    participant_id: UUID
    key_id: str
    sealed: bytes = b""


@dataclass(frozen=True, slots=True)
class Finger:
    """By what a contact is found: keyed hashes of its addresses, None where there is none, and which key made them."""

    key: str
    email: bytes | None = None
    phone: bytes | None = None


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


def save(session: Session, new: Sealed, finger: Finger, *, at: datetime) -> None:
    """Store a contact in place of the one before it, if any."""
    values = {"key_id": new.key_id, "sealed": new.sealed, "updated_at": at, **_columns(finger)}
    dialect = postgresql if session.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(contact).values(participant_id=new.participant_id, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["participant_id"], set_=values))


def found_by(session: Session, finger: Finger, *, limit: int) -> tuple[UUID, ...]:
    """Whose contacts have one of these addresses."""
    wanted = [contact.c.email_hash == finger.email] if finger.email else []
    wanted += [contact.c.phone_hash == finger.phone] if finger.phone else []
    query = select(contact.c.participant_id).where(or_(*wanted)).order_by(contact.c.participant_id).limit(limit)
    return tuple(session.execute(query).scalars()) if wanted else ()


def not_indexed(session: Session, key: str, *, limit: int) -> tuple[Sealed, ...]:
    """Contacts that cannot be found yet by what this key makes of an address."""
    other = or_(contact.c.index_key < key, contact.c.index_key > key)
    query = _SEALED.where(other).order_by(contact.c.participant_id).limit(limit)
    return tuple(Sealed(*row) for row in session.execute(query.with_for_update(skip_locked=True)))


def index(session: Session, participant_id: UUID, finger: Finger) -> None:
    """Make one contact findable."""
    where = contact.c.participant_id == participant_id
    session.execute(update(contact).where(where).values(_columns(finger)).execution_options(housekeeping=True))


def _columns(finger: Finger) -> dict[str, object]:
    return {"email_hash": finger.email, "phone_hash": finger.phone, "index_key": finger.key}


def reseal(session: Session, new: Sealed) -> None:
    """Store the same contact sealed with another key."""
    where = contact.c.participant_id == new.participant_id
    session.execute(update(contact).where(where).values(key_id=new.key_id, sealed=new.sealed))


def erase(session: Session, participant_id: UUID) -> bool:
    """Delete a contact; False where there was none."""
    return session.execute(delete(contact).where(contact.c.participant_id == participant_id)).rowcount == 1

"""Letters: sign-in links on paper, each with a short code where the person's year of birth is known.

A code is stored as its keyed hash only, and ends with its link. What it is typed with, the year of birth, is not here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
    bindparam,
    insert,
    select,
    update,
)

from pro_service.storage import bulk
from pro_service.storage.access import sign_in_link
from pro_service.storage.metadata import Id, Instant, metadata, new_id
from pro_service.storage.session import Session

letter = Table(
    "letter",
    metadata,
    Column("id", Id, primary_key=True, default=new_id),
    Column("participant_id", Id, ForeignKey("participant.id"), nullable=False),
    Column("link_id", Id, ForeignKey("sign_in_link.id"), nullable=False),
    Column("code_hash", LargeBinary),  # NULL: no year of birth is known, so there is no code
    Column("failed_attempts", Integer, nullable=False, default=0),
    Column("locked_at", Instant),  # the code is spoilt for good; the link is not
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("code_hash"),
    UniqueConstraint("link_id"),
    Index("ix_letter_participant_id", "participant_id"),
)


@dataclass(frozen=True, slots=True)
class Code:
    """A short code as it is stored: of which letter, whose, which link it stands for, and what was tried."""

    id: UUID
    participant_id: UUID
    link_id: UUID
    failed_attempts: int
    locked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Sent:
    """A letter that still opens: since when, whether it has a code, and since when that is locked."""

    created_at: datetime
    has_code: bool
    locked_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewLetter:
    """A letter to be stored: whose, with which link, and the keyed hash of its code where it has one."""

    participant_id: UUID
    link_id: UUID
    code_hash: bytes | None


_BY_CODE = (
    select(
        letter.c.id,
        letter.c.participant_id,
        letter.c.link_id,
        letter.c.failed_attempts,
        letter.c.locked_at,
    )
    .where(letter.c.code_hash == bindparam("code_hash"))
    .with_for_update()
)
_NEWEST = (
    select(letter.c.created_at, letter.c.code_hash.is_not(None), letter.c.locked_at)
    .join_from(letter, sign_in_link)
    .where(letter.c.participant_id == bindparam("participant_id"), sign_in_link.c.revoked_at.is_(None))
    .order_by(letter.c.created_at.desc())
    .limit(1)
)


def by_code(session: Session, code_hash: bytes) -> Code | None:
    """The letter of that code, held until the end of the transaction; None where there is none."""
    row = session.execute(_BY_CODE, {"code_hash": code_hash}).one_or_none()
    return None if row is None else Code(*row)


def newest(session: Session, participant_id: UUID) -> Sent | None:
    """The newest letter of somebody that was not ended; None where they have none."""
    row = session.execute(_NEWEST, {"participant_id": participant_id}).one_or_none()
    return None if row is None else Sent(*row)


def add(session: Session, new: Sequence[NewLetter], *, at: datetime) -> tuple[UUID, ...]:
    """Store letters; their ids, in the order given."""
    ids = tuple(new_id() for _ in new)
    rows = [
        {
            "id": letter_id,
            "participant_id": one.participant_id,
            "link_id": one.link_id,
            "code_hash": one.code_hash,
            "failed_attempts": 0,
            "created_at": at,
        }
        for letter_id, one in zip(ids, new, strict=True)
    ]
    if rows:
        session.execute(insert(letter), rows)
    return ids


def note_failure(session: Session, letter_id: UUID, *, failed_attempts: int, locked_at: datetime | None) -> None:
    """Keep how often a code was typed with another year, and since when it is locked. Harmless where there is none."""
    news = {"failed_attempts": failed_attempts, "locked_at": locked_at}
    session.execute(update(letter).where(letter.c.id == letter_id).values(news))


def revoke(session: Session, participant_ids: Collection[UUID], *, at: datetime) -> int:
    """End the links of every letter these people have; how many still worked."""
    theirs = select(letter.c.link_id).where(bulk.among(session, letter.c.participant_id, participant_ids))
    ended = update(sign_in_link).where(sign_in_link.c.id.in_(theirs), sign_in_link.c.revoked_at.is_(None))
    return session.execute(ended.values(revoked_at=at)).rowcount

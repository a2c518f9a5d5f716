"""The audit trail: append-only (triggers on both databases refuse UPDATE and DELETE), sealed into a hash chain."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    Row,
    Table,
    Text,
    UniqueConstraint,
    func,
    insert,
    select,
    text,
)

from pro_service.domain.audit import Actor, AuditEvent, AuditLine, Seal
from pro_service.domain.errors import Unavailable
from pro_service.storage import bulk
from pro_service.storage.metadata import Id, Instant, Json, metadata
from pro_service.storage.prepared import Prepared
from pro_service.storage.session import Session

_serial = BigInteger().with_variant(Integer(), "sqlite")

audit_event = Table(
    "audit_event",
    metadata,
    Column("id", _serial, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("actor_kind", Text, nullable=False),
    Column("actor_id", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject_kind", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("study_id", Id),
    Column("participant_id", Id),
    Column("changes", Json, nullable=False),  # field -> [old, new]
    Column("reason", Text, nullable=False),
    Index("ix_audit_event_subject", "subject_kind", "subject_id"),
    Index("ix_audit_event_participant_id", "participant_id"),
    sqlite_autoincrement=True,  # ids only grow, even after the newest row was taken out by force
)

audit_seal = Table(
    "audit_seal",
    metadata,
    Column("last_id", _serial, primary_key=True, autoincrement=False),  # the newest event under this seal
    Column("first_id", _serial, nullable=False),  # one more than the last of the seal before: no fork, no gap
    Column("digests", LargeBinary, nullable=False),  # see domain/audit.py
    Column("hash", Text, nullable=False),  # SHA-256 of the previous seal's hash and the digests
    Column("sealed_at", Instant, nullable=False),
    UniqueConstraint("first_id"),
)

heartbeat = Table(
    "heartbeat",
    metadata,
    Column("process", Text, primary_key=True),
    Column("at", Instant, nullable=False),
)

_PLAIN = frozenset({type(None), bool, int, float, str})
"""What most values are, and JSON holds as it is."""

_APPEND = insert(audit_event).inline()
_APPEND_ONE = Prepared(_APPEND)


def append(session: Session, events: Sequence[AuditEvent], *, actor: Actor, at: datetime) -> None:
    """Write audit lines, in the order given, in one statement."""
    if len(events) == 1:
        _APPEND_ONE.run(session, values(events[0], actor, at))
    elif events:
        bulk.add(session, audit_event, [_what(event) for event in events], same=_who(actor, at))


def newest_final_id(session: Session) -> int:
    """The id up to which no event is missing or still being written; 0 when there is none, or when it can't be told.

    On PostgreSQL ids are drawn before they are committed. For an instant no writer may be under way: a lock inside a
    savepoint that is given up at once. Where a long transaction holds it up, we do not wait (nor make others wait).
    """
    if session.dialect.name == "sqlite":
        return _newest_id(session)
    savepoint = session.begin_nested()
    try:
        session.execute(text("SET LOCAL lock_timeout = '200ms'"))
        session.execute(text("LOCK TABLE audit_event IN SHARE MODE"))
        return _newest_id(session)
    except Unavailable:
        return 0
    finally:
        savepoint.rollback()


def lines(session: Session, *, first_id: int, last_id: int, limit: int | None = None) -> list[AuditLine]:
    """The events of an id range, by id."""
    columns = audit_event.c
    query = select(audit_event).where(columns.id >= first_id, columns.id <= last_id).order_by(columns.id)
    return [_line(row) for row in session.execute(query.limit(limit) if limit else query)]


def last_seal(session: Session) -> Seal | None:
    """The newest seal; None before the first."""
    row = session.execute(select(audit_seal).order_by(audit_seal.c.last_id.desc()).limit(1)).one_or_none()
    return None if row is None else _seal(row)


def seal_after(session: Session, last_id: int) -> Seal | None:
    """The first seal whose last event comes after that id; None at the end of the chain."""
    query = select(audit_seal).where(audit_seal.c.last_id > last_id).order_by(audit_seal.c.last_id).limit(1)
    row = session.execute(query).one_or_none()
    return None if row is None else _seal(row)


def count_after(session: Session, last_id: int) -> int:
    """How many events have a later id."""
    query = select(func.count()).select_from(audit_event).where(audit_event.c.id > last_id)
    return int(session.execute(query).scalar_one())


def add_seal(session: Session, seal: Seal, *, at: datetime) -> None:
    """Store a seal; Conflict when another process sealed the same events meanwhile."""
    row = {"first_id": seal.first_id, "last_id": seal.last_id, "digests": seal.digests, "hash": seal.hash}
    session.execute(insert(audit_seal).values(**row, sealed_at=at))


def _newest_id(session: Session) -> int:
    return int(session.execute(select(func.coalesce(func.max(audit_event.c.id), 0))).scalar_one())


def values(event: AuditEvent, actor: Actor, at: datetime) -> dict[str, Any]:
    """The columns of an audit line, all but its id."""
    return {**_who(actor, at), **_what(event)}


def _who(actor: Actor, at: datetime) -> dict[str, Any]:
    return {
        "at": at,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "role": actor.role,
        "organisation": actor.organisation,
    }


def _what(event: AuditEvent) -> dict[str, Any]:
    return {
        "action": event.action,
        "subject_kind": event.subject_kind,
        "subject_id": str(event.subject_id),
        "study_id": event.study_id,
        "participant_id": event.participant_id,
        "changes": {
            name: [old if type(old) in _PLAIN else _plain(old), new if type(new) in _PLAIN else _plain(new)]
            for name, (old, new) in event.changes.items()
        },
        "reason": event.reason,
    }


def _plain(value: object) -> object:
    """A value as JSON can hold it: instants in UTC, dates in ISO form, anything else that is not JSON as text."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(inner) for inner in (sorted(value, key=str) if isinstance(value, set | frozenset) else value)]
    return str(value)


def _line(row: Row[Any]) -> AuditLine:
    return AuditLine(**row._mapping)


def _seal(row: Row[Any]) -> Seal:
    return Seal(first_id=row.first_id, last_id=row.last_id, digests=row.digests, hash=row.hash)

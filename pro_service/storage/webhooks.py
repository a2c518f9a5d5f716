"""Webhooks: the endpoints of other systems, and how far each has been told of what happened.

Secrets are sealed with the key ring. An endpoint that is removed leaves its deliveries behind.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    Row,
    Select,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)

from pro_service.domain.errors import NotFound
from pro_service.domain.webhooks import Mark, Webhook
from pro_service.storage.metadata import Id, Instant, Json, metadata, new_id
from pro_service.storage.session import Session
from pro_service.storage.studies import study

webhook = Table(
    "webhook",
    metadata,
    Column("id", Id, primary_key=True, default=new_id),
    Column("study_id", Id, ForeignKey("study.id"), nullable=False),
    Column("site", Text, nullable=False),  # site code; empty: every site of the study
    Column("url", Text, nullable=False),
    Column("events", Json, nullable=False),
    Column("label", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),  # the secret and the one before it
    Column("previous_until", Instant),  # until then the one before it signs as well
    Column("created_at", Instant, nullable=False),
    Column("enabled_at", Instant, nullable=False),
    Column("disabled_at", Instant),
    Column("disabled_because", Text, nullable=False),
    Column("audit_id", BigInteger, nullable=False),  # told of the audit trail up to and including this event
    Column("opened_at", Instant, nullable=False),  # ... of openings up to and including this instant and assessment
    Column("opened_id", Id, nullable=False),
    Column("closed_at", Instant, nullable=False),  # ... of closings
    Column("closed_id", Id, nullable=False),
    Index("ix_webhook_study_id", "study_id"),
)


@dataclass(frozen=True, slots=True)
class Sealed:
    """The secrets of one webhook as they are stored."""

    id: UUID
    key_id: str
    sealed: bytes = field(repr=False)


def by_id(session: Session, webhook_id: UUID, *, lock: bool = False) -> Webhook:
    """One webhook; NotFound where there is none. `lock` holds it until the end of the transaction."""
    query = _select().where(webhook.c.id == webhook_id)
    row = session.execute(query.with_for_update(of=webhook) if lock else query).one_or_none()
    if row is None:
        raise NotFound("there is no such webhook")
    return _webhook(row)


def by_ids(session: Session, webhook_ids: Collection[UUID]) -> dict[UUID, Webhook]:
    """These webhooks, by id; those that are gone are left out."""
    rows = session.execute(_select().where(webhook.c.id.in_(webhook_ids)))
    return {row.id: _webhook(row) for row in rows}


def listing(session: Session, *, study_code: str = "", site: str = "") -> tuple[Webhook, ...]:
    """Webhooks by study and age; a study or site narrows to those."""
    query = _select().order_by(study.c.code, webhook.c.created_at, webhook.c.id)
    if study_code:
        query = query.where(study.c.code == study_code)
    if site:
        query = query.where(webhook.c.site == site)
    return tuple(_webhook(row) for row in session.execute(query))


def enabled(session: Session) -> tuple[UUID, ...]:
    """The ids of those that are to be told."""
    query = select(webhook.c.id).where(webhook.c.disabled_at.is_(None)).order_by(webhook.c.id)
    return tuple(session.execute(query).scalars())


def take(session: Session, webhook_id: UUID) -> Webhook | None:
    """One that is to be told, held until the end of the transaction; None where somebody else holds it, or it ended."""
    query = _select().where(webhook.c.id == webhook_id, webhook.c.disabled_at.is_(None))
    row = session.execute(query.with_for_update(of=webhook, skip_locked=True)).one_or_none()
    return None if row is None else _webhook(row)


def add(session: Session, one: Webhook, sealed: Sealed) -> None:
    """Store a new webhook."""
    named = ("id", "study_id", "site", "url", "label", "created_at", "enabled_at", "disabled_because", "audit_id")
    values = {name: getattr(one, name) for name in named}
    secret = {"key_id": sealed.key_id, "sealed": sealed.sealed}
    session.execute(insert(webhook), {**values, **secret, **_marks(one), "events": list(one.events)})


def change(session: Session, webhook_id: UUID, **values: object) -> None:
    """Set these columns of one webhook."""
    session.execute(update(webhook).where(webhook.c.id == webhook_id).values(**values))


def told(session: Session, one: Webhook) -> None:
    """Keep how far it has been told."""
    moved = update(webhook).where(webhook.c.id == one.id).values(audit_id=one.audit_id, **_marks(one))
    session.execute(moved.execution_options(housekeeping=True))


def remove(session: Session, webhook_id: UUID) -> None:
    """Delete one webhook."""
    session.execute(delete(webhook).where(webhook.c.id == webhook_id))


def secrets(session: Session, webhook_ids: Collection[UUID]) -> dict[UUID, Sealed]:
    """What these sign with, by id."""
    query = _sealed().where(webhook.c.id.in_(webhook_ids))
    return {row[0]: Sealed(*row) for row in session.execute(query)}


def sealed_with_other_keys(session: Session, key_id: str, *, limit: int) -> Sequence[Sealed]:
    """Secrets not sealed with that key, held until the end of the transaction; at most `limit`."""
    query = _sealed().where(webhook.c.key_id != key_id).order_by(webhook.c.id).limit(limit)
    return [Sealed(*row) for row in session.execute(query.with_for_update())]


def count_sealed_with_other_keys(session: Session, key_id: str) -> int:
    """How many are not sealed with that key."""
    query = select(func.count()).select_from(webhook).where(webhook.c.key_id != key_id)
    return int(session.execute(query).scalar_one())


def key_ids(session: Session) -> frozenset[str]:
    """The ids of the keys in use."""
    return frozenset(session.execute(select(webhook.c.key_id).distinct()).scalars())


def _sealed() -> Select[Any]:
    return select(webhook.c.id, webhook.c.key_id, webhook.c.sealed)


def _select() -> Select[Any]:
    columns = [column for column in webhook.c if column.name not in {"key_id", "sealed"}]
    return select(*columns, study.c.code.label("study")).join(study, study.c.id == webhook.c.study_id)


def _webhook(row: Row[Any]) -> Webhook:
    values = dict(row._mapping)
    opened = Mark(values.pop("opened_at"), values.pop("opened_id"))
    closed = Mark(values.pop("closed_at"), values.pop("closed_id"))
    return Webhook(**{**values, "events": tuple(values["events"])}, opened=opened, closed=closed)


def _marks(one: Webhook) -> dict[str, object]:
    return {
        "opened_at": one.opened.at,
        "opened_id": one.opened.id,
        "closed_at": one.closed.at,
        "closed_id": one.closed.id,
    }

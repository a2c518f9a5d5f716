"""Attempts: each try at handing a delivery to its channel.

One is on disk before the provider is called, and so is `handed_at` before the provider could take the message.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Column, ForeignKey, Integer, Table, Text, UniqueConstraint, select, text, update
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from pro_service.domain.deliveries import Attempt
from pro_service.storage import bulk
from pro_service.storage.metadata import Id, Instant, metadata, new_id
from pro_service.storage.session import Session


class _UnlessSaid(FunctionElement[datetime]):
    """What a worker of an older version, still at it during an upgrade, leaves in a column it does not know of."""

    inherit_cache = True


@compiles(_UnlessSaid)
def _nothing(_element: _UnlessSaid, _compiler: Any, **_more: Any) -> str:
    return "NULL"  # SQLite: one machine, on which nothing else runs during an upgrade


@compiles(_UnlessSaid, "postgresql")
def _now(_element: _UnlessSaid, _compiler: Any, **_more: Any) -> str:
    return "now()"


delivery_attempt = Table(
    "delivery_attempt",
    metadata,
    Column("id", Id, primary_key=True, default=new_id),
    Column("delivery_id", Id, ForeignKey("delivery.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("outcome", Text),  # sent | failed | unknown
    Column("permanent", Boolean),
    Column("detail", Text, nullable=False, default=""),  # a provider's status code, never an address
    Column("repeatable", Boolean, nullable=False, server_default=text("false")),  # the channel knows the id again
    Column("handed_at", Instant, server_default=_UnlessSaid()),  # from then on it may have arrived; we always say
    UniqueConstraint("delivery_id", "number"),
)

_UNDER_WAY = delivery_attempt.c.outcome.is_(None)
_ATTEMPT_COLUMNS = tuple(delivery_attempt.c[field.name] for field in fields(Attempt))


def of_deliveries(session: Session, delivery_ids: Collection[UUID]) -> dict[UUID, list[Attempt]]:
    """Every attempt at these deliveries in order, by delivery."""
    query = (
        select(*_ATTEMPT_COLUMNS)
        .where(bulk.among(session, delivery_attempt.c.delivery_id, delivery_ids))
        .order_by(delivery_attempt.c.delivery_id, delivery_attempt.c.number)
    )
    found: dict[UUID, list[Attempt]] = {}
    for row in session.execute(query):
        found.setdefault(row.delivery_id, []).append(Attempt(**row._mapping))
    return found


def begin(session: Session, new: Sequence[Attempt]) -> None:
    """Put on record that channels are about to be called. Conflict where an attempt was begun already."""
    rows = [
        {
            "id": one.id, "delivery_id": one.delivery_id, "number": one.number, "started_at": one.started_at,
            "detail": "", "repeatable": one.repeatable, "handed_at": one.handed_at,
        }
        for one in new
    ]  # fmt: skip
    bulk.add(session, delivery_attempt, rows)


def end(session: Session, rows: Sequence[Mapping[str, object]]) -> None:
    """Put on record how attempts, by `id`, ended; every row holds the same fields."""
    bulk.change(session, delivery_attempt, rows)


def hand_over(session: Session, attempt_ids: Sequence[UUID], *, at: datetime) -> frozenset[UUID]:
    """Put on record that these attempts may arrive from now on; the ids of those that nobody has given up meanwhile."""
    if not attempt_ids:
        return frozenset()
    mine = bulk.among(session, delivery_attempt.c.id, attempt_ids)
    marked = update(delivery_attempt).where(mine, _UNDER_WAY).values(handed_at=at).returning(delivery_attempt.c.id)
    return frozenset(session.execute(marked.execution_options(housekeeping=True)).scalars())


def give_up(session: Session, delivery_ids: Sequence[UUID]) -> frozenset[UUID]:
    """Put on record that nobody is at the attempts under way at these deliveries any more.

    Returns the ids of the deliveries whose attempt was never handed over, and can be no more. The condition is part of
    the statement: whoever wakes up and wants to hand over comes before it, and is seen, or after it, and is told.
    """
    if not delivery_ids:
        return frozenset()
    theirs = bulk.among(session, delivery_attempt.c.delivery_id, delivery_ids)
    unsent = {"outcome": "failed", "detail": "cut short before it was handed over"}
    doubtful = {"outcome": "unknown", "detail": "ended without an answer"}
    given_up = update(delivery_attempt).where(theirs, _UNDER_WAY)
    never = given_up.where(delivery_attempt.c.handed_at.is_(None)).values(**unsent)
    found = frozenset(session.execute(never.returning(delivery_attempt.c.delivery_id)).scalars())
    session.execute(given_up.values(**doubtful))
    return found

"""What tells how the work is going: how much waits, and since when. Each question uses the index of its queue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select, text

from pro_service.storage.deliveries import delivery
from pro_service.storage.responses import response
from pro_service.storage.session import Session


@dataclass(frozen=True, slots=True)
class Queue:
    """How many rows wait, and the instant the oldest became ready; None when nothing waits."""

    waiting: int
    oldest_at: datetime | None


def scores_waiting(session: Session) -> Queue:
    """Responses to be scored."""
    where = (response.c.to_score, response.c.scored_revision < response.c.revision)
    return Queue(*session.execute(select(func.count(), func.min(response.c.updated_at)).where(*where)).one())


def messages_waiting(session: Session) -> Queue:
    """Messages decided on and not sent yet, by the instant they were due."""
    where = (delivery.c.due_at.is_not(None), delivery.c.outcome.is_(None))
    return Queue(*session.execute(select(func.count(), func.min(delivery.c.due_at)).where(*where)).one())


def messages_in_doubt(session: Session) -> int:
    """Messages of which nobody knows whether they went out: somebody has to look."""
    query = select(func.count()).select_from(delivery).where(delivery.c.outcome == "unknown")
    return int(session.execute(query).scalar_one())


def database_clock(session: Session) -> datetime:
    """What time the database's machine thinks it is."""
    if session.dialect.name == "sqlite":
        seconds = session.execute(text("SELECT (julianday('now') - 2440587.5) * 86400.0")).scalar_one()
        return datetime.fromtimestamp(float(seconds), UTC)
    now: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    return now.astimezone(UTC)

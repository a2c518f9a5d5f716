"""Signs of life: when each kind of process was last known to work. The table stands with the audit trail's."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from pro_service.storage.audit import heartbeat
from pro_service.storage.session import Session


def beat(session: Session, *, process: str, at: datetime) -> None:
    """Note that a process is alive at this instant."""
    dialect: Any = postgresql if session.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(heartbeat).values(process=process, at=at)
    session.execute(statement.on_conflict_do_update(index_elements=["process"], set_={"at": at}))


def last(session: Session) -> dict[str, datetime]:
    """When each process was last alive, by name; one that never was is absent."""
    return {row.process: row.at for row in session.execute(select(heartbeat))}

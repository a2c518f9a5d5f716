"""Engines for PostgreSQL (psycopg 3) and SQLite, each set up so that what was saved stays saved.

PostgreSQL: a pool that notices a dropped connection by looking at its socket, without asking the server. psycopg
prepares nothing of its own accord: after a rollback it would throw away what `Prepared` has prepared as well. The
server ends a transaction that stands still (see `Patience`): a frozen process cannot hold up the others for long.
SQLite: write-ahead log, foreign keys on, `synchronous=FULL` (a saved answer survives a power cut). A transaction that
may write begins IMMEDIATE, so that two writers queue instead of failing half-way; one that reads begins plainly.
"""

from __future__ import annotations

import json
import os
import select
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakMethod

import orjson
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError

from pro_service.domain.errors import InvalidSetting
from pro_service.storage.session import UNIT, leave_beginning_to_us, watch

__all__ = ["Engine", "Patience", "make_engine", "parse"]

POOL_SIZE = 8
MOST_CONNECTIONS = 32
POOL_SECONDS = 10.0
BUSY_SECONDS = 15
_plain_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


@dataclass(frozen=True, slots=True)
class Patience:
    """For how many seconds PostgreSQL bears with us before it gives up on us; 0 leaves that to the server's settings.

    `idle`: a transaction in which nothing happens, because its process is frozen or its machine gone. `lock`: waiting
    for somebody else's; longer than `idle`, so that whoever waits for a frozen one gets through. `statement`: one
    statement.
    """

    idle: int = 0
    lock: int = 0
    statement: int = 0

    def options(self) -> str:
        """As options of a connection, in the words of libpq."""
        given = {
            "idle_in_transaction_session_timeout": self.idle,
            "lock_timeout": self.lock,
            "statement_timeout": self.statement,
        }
        return " ".join(f"-c {name}={seconds}s" for name, seconds in given.items() if seconds)


def make_engine(url: str, patience: Patience = Patience()) -> Engine:
    """An engine for a database URL; opens no connection yet. InvalidSetting where the URL names no database we know."""
    parsed = parse(url)
    engine = _sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _postgresql(parsed, patience)
    watch(engine)
    _forget_connections_after_fork(engine)
    return engine


def parse(url: str) -> URL:
    """The URL of a PostgreSQL or SQLite database with our driver; InvalidSetting never shows a password."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise InvalidSetting(
            "PRO_DATABASE_URL: expected postgresql://user:password@host/name or sqlite:///path"
        ) from None
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if backend == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return parsed.set(drivername="sqlite+pysqlite")
    raise InvalidSetting(f"PRO_DATABASE_URL: {backend} will not do; expected postgresql://... or sqlite:///path")


def _postgresql(url: URL, patience: Patience) -> Engine:
    asked = url.query.get("options", "")
    options = " ".join(filter(None, (asked if isinstance(asked, str) else " ".join(asked), patience.options())))
    engine = create_engine(
        url,
        pool_size=POOL_SIZE,
        max_overflow=MOST_CONNECTIONS - POOL_SIZE,
        pool_timeout=POOL_SECONDS,
        pool_use_lifo=True,
        connect_args={
            "connect_timeout": 10,
            "application_name": "pro-service",
            "prepare_threshold": None,
            **({"options": options} if options else {}),
        },
        json_serializer=_plain_json,
        json_deserializer=orjson.loads,
        hide_parameters=True,
    )
    event.listen(engine, "checkout", _notice_dropped)
    event.listen(engine, "begin", _begin_postgresql)
    return engine


def _notice_dropped(driver: Any, _record: Any, _proxy: Any) -> None:
    """An idle connection with something to read was closed by the server: take another, at no round trip."""
    if driver.closed:
        raise DisconnectionError
    poll = select.poll()
    poll.register(driver.fileno(), select.POLLIN | select.POLLHUP)
    if poll.poll(0):
        raise DisconnectionError


def _begin_postgresql(connection: Connection) -> None:
    """A connection outside a unit of work (a migration) begins as SQLAlchemy says."""
    if UNIT not in connection.info:
        leave_beginning_to_us(connection, False)


def _sqlite(url: URL) -> Engine:
    path = Path(str(url.database))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)  # answers are for the service's own account alone; what exists keeps its mode
    engine = create_engine(
        url,
        pool_size=POOL_SIZE,
        max_overflow=MOST_CONNECTIONS - POOL_SIZE,
        pool_timeout=POOL_SECONDS,
        connect_args={"timeout": BUSY_SECONDS},
        json_serializer=_plain_json,
        hide_parameters=True,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(driver: Any, _record: Any) -> None:
    driver.isolation_level = None  # the driver begins nothing by itself; _begin_sqlite does
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL", f"busy_timeout={BUSY_SECONDS * 1000}"):
        driver.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    unit = connection.info.get(UNIT)
    reads = unit is not None and not unit.writes
    driver: Any = connection.connection.driver_connection
    driver.execute("BEGIN" if reads else "BEGIN IMMEDIATE")


def _forget_connections_after_fork(engine: Engine) -> None:
    """A forked child must not talk through its parent's connections: it starts with an empty pool."""
    if not hasattr(os, "register_at_fork"):
        return
    dispose = WeakMethod(engine.dispose)

    def forget() -> None:
        method = dispose()
        if method is not None:
            method(close=False)

    os.register_at_fork(after_in_child=forget)

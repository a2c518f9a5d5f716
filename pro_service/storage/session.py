"""A database session: one Core connection inside one transaction. No ORM object per row, on purpose.

`unit_of_work` is the only place that commits. A transaction that changed an audited table without an audit line
refuses to commit (`Unaudited`); one that was opened for reading refuses to write. A broken constraint becomes a
`Conflict` the moment the database complains; values never appear in the message.

Bookkeeping that tells nothing about a person or a study (claims, leases, heartbeats, idempotency keys) needs no
audit line: give the statement `.execution_options(housekeeping=True)`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.sql import visitors
from sqlalchemy.sql.dml import UpdateBase

from pro_service.domain.errors import ProError, Unaudited
from pro_service.storage.complaints import translate, translated, unavailable

Session = Connection

AUDIT = "audit_event"
BOOKKEEPING = frozenset({AUDIT, "audit_seal", "heartbeat", "idempotency"})
UNIT = "unit_of_work"


@dataclass(slots=True)
class Unit:
    """What one transaction has done so far."""

    writes: bool
    changes_before: int  # SQLite's counter of changed rows when the transaction began; 0 on PostgreSQL
    begun: bool  # on PostgreSQL a transaction begins with its first statement that is not plain reading
    closed: bool = False  # its last write is done
    audited: bool = False
    changed: set[str] = field(default_factory=set)
    at_hand: object = None  # what was read along with something else, to be taken once, before anything is written


@contextmanager
def unit_of_work(engine: Engine, *, writes: bool = True) -> Iterator[Session]:
    """One transaction: commits at the end, rolls back on any error but those that must leave a trace.

    An error with `leaves_a_trace` (a failed sign-in, say) is raised after what was written has been committed.
    Reading on PostgreSQL goes without BEGIN and COMMIT: at its isolation level, each statement sees what is committed
    by then in either case, and two round trips are saved.
    """
    with _connected(engine) as session:
        info = session.info
        postgresql = session.dialect.name == "postgresql"
        unit = info[UNIT] = Unit(writes, _changes(session), begun=not postgresql)
        try:
            if postgresql:
                leave_beginning_to_us(session, True)
            else:
                session.begin()
            try:
                yield session
            except ProError as error:
                if error.leaves_a_trace:
                    _require_audit(session, unit)
                    _commit(session, unit)
                raise
            _require_audit(session, unit)
            _commit(session, unit)
        finally:
            del info[UNIT]  # whatever was not committed is rolled back as the connection goes back to the pool


def leave_beginning_to_us(session: Session, ours: bool) -> None:
    """Whether psycopg begins no transaction of its own on this connection; it stays so in the pool."""
    driver: Any = session.connection.driver_connection
    if driver.autocommit is not ours:
        driver.autocommit = ours


def _commit(session: Session, unit: Unit) -> None:
    if session.in_transaction():
        session.commit()
    elif unit.begun:
        _driven(session, "commit")


def _driven(session: Session, verb: str, *words: str) -> None:
    """Have the driver itself begin or commit; its complaint is translated like any other."""
    try:
        getattr(session.connection.driver_connection, verb)(*words)
    except psycopg.Error as error:
        raise translated(error) or error from None


def unit_of(session: Session) -> Unit | None:
    """The unit of work this connection is in, if it is in one."""
    found: Unit | None = session.info.get(UNIT)
    return found


def begin(session: Session) -> None:
    """Begin the transaction of a unit of work that may write, unless it has begun: what follows holds together."""
    unit = unit_of(session)
    if unit is not None and unit.writes and not unit.begun and not unit.closed:
        _driven(session, "execute", "BEGIN")
        unit.begun = True


@contextmanager
def savepoint(session: Session) -> Iterator[None]:
    """A part of a unit of work that is undone alone where it fails; its error is raised on."""
    with session.begin_nested():
        yield


def refuse_write(session: Session) -> None:
    """Unaudited where this unit of work may not write, or has made its last write already."""
    unit = unit_of(session)
    if unit is None:
        return
    unit.at_hand = None
    if not unit.writes:
        raise Unaudited("a transaction opened for reading tried to write; nothing was stored")
    if unit.closed:
        raise Unaudited("this unit of work has made its last write; another would be stored apart from it")


def _connected(engine: Engine) -> Connection:
    try:
        return engine.connect()
    except PoolTimeout:
        raise unavailable() from None


def watch(engine: Engine) -> None:
    """Make an engine report what its statements write, and translate what its database complains about."""
    event.listen(engine, "before_cursor_execute", _before_each_statement)
    event.listen(engine, "after_cursor_execute", _note_writes)
    event.listen(engine, "handle_error", translate)


def _require_audit(session: Session, unit: Unit) -> None:
    if unit.audited or not unit.changed or (unit.changes_before and _changes(session) == unit.changes_before):
        return
    raise Unaudited(f"{', '.join(sorted(unit.changed))} changed without an audit line; nothing was stored")


def _changes(session: Session) -> int:
    """One more than the rows this SQLite connection ever changed (a RETURNING hides them from rowcount); else 0."""
    if session.dialect.name != "sqlite":
        return 0
    driver: Any = session.connection.driver_connection
    return int(driver.total_changes) + 1


_written: WeakKeyDictionary[Any, frozenset[str]] = WeakKeyDictionary()


def _tables_written(context: Any, statement: str) -> frozenset[str]:
    """The tables a statement changes, writing CTEs included; worked out once per compiled statement."""
    compiled = getattr(context, "compiled", None)
    if compiled is None or compiled.statement is None:
        return _tables_of_text(statement)
    tables = _written.get(compiled)
    if tables is None:
        tables = tables_written_by(compiled.statement)
        if compiled.statement.__visit_name__ == "textclause":
            tables = _tables_of_text(statement)
        _written[compiled] = tables
    return tables


def tables_written_by(statement: Any) -> frozenset[str]:
    """The tables a Core statement changes, those of its CTEs included."""
    parts = visitors.iterate(statement)
    return frozenset(str(getattr(part.table, "name", "?")) for part in parts if isinstance(part, UpdateBase))


def _tables_of_text(statement: str) -> frozenset[str]:
    """Hand-written SQL: the word after the verb is the table."""
    words = statement.split(maxsplit=4)
    verb = words[0].upper() if words else ""
    if verb == "UPDATE":
        return frozenset({words[1].strip('"').lower()})
    if verb in ("INSERT", "DELETE", "REPLACE") and len(words) > 2:
        return frozenset({words[2].partition("(")[0].strip('"').lower()})
    return frozenset()


def _before_each_statement(
    connection: Connection, _cursor: Any, statement: str, _parameters: Any, context: Any, _many: bool
) -> None:
    if _tables_written(context, statement):
        refuse_write(connection)
    begin(connection)


def _note_writes(
    connection: Connection, cursor: Any, statement: str, _parameters: Any, context: Any, _many: bool
) -> None:
    unit = unit_of(connection)
    if unit is None or unit.audited:
        return
    tables = _tables_written(context, statement)
    if not tables:
        return
    if AUDIT in tables:
        unit.audited = True
    elif not context.execution_options.get("housekeeping") and (cursor.rowcount != 0 or unit.changes_before):
        unit.changed |= tables - BOOKKEEPING

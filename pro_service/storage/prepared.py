"""Statements that run on every request: compiled once, then handed straight to libpq.

SQLAlchemy spends two to three times as long on a small statement as psycopg's cursor does, and that twice as long as
libpq needs. A `Prepared` statement is the same Core statement, compiled at its first use and prepared once on each
connection, with the same conversion of values; only the work of every execution is left out. What the unit of work
needs to know of a write (see session.py) it is told here, and a complaint of the database is translated as ever. On
SQLite it is an ordinary statement.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import psycopg
from psycopg.abc import Transformer as Reader
from psycopg.adapt import Transformer
from psycopg.pq import ExecStatus
from sqlalchemy import Executable
from sqlalchemy.dialects.postgresql import psycopg as postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlalchemy.types import TypeEngine

from pro_service.storage.complaints import translated
from pro_service.storage.session import AUDIT, BOOKKEEPING, Session, begin, refuse_write, tables_written_by, unit_of
from pro_service.storage.wire import as_text

Convert = Callable[[Any], Any] | None
READY = "prepared_statements"
"""Where a connection remembers what has been prepared on it."""

_numbers = count(1)
_numbered: Dialect = postgresql.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]  # untyped there


@dataclass(frozen=True, slots=True)
class _Form:
    """A statement as libpq takes it. `binds`, in order of place: key of the value, its conversion; or what is fixed."""

    name: bytes
    text: bytes
    binds: tuple[tuple[str, Convert, bytes | None], ...]
    reads: bool  # and no more: writes nothing, locks nothing
    results: tuple[Convert, ...]
    row: Callable[..., Any]


@dataclass(slots=True)
class _Ready:
    """What one connection has: the statements prepared on it, and how its values are read."""

    names: set[bytes]
    reader: Reader


class Prepared:
    """One statement. Its values are given by name, always the same names; it has no list of varying length in it."""

    def __init__(self, statement: Executable) -> None:
        self._statement: Any = statement
        self._written = tables_written_by(statement)
        self._form: _Form | None = None

    def rows(self, session: Session, values: Mapping[str, Any], *, closing: bool = False) -> Sequence[Any]:
        """Every row, as a named tuple.

        `closing` promises that nothing is written after this in the unit of work (it would be refused). Where nothing
        was written before it either, the statement is its own transaction, which saves the trips of BEGIN and COMMIT.
        """
        if session.dialect.name != "postgresql":
            return session.execute(self._statement, dict(values)).all()
        form, found, reader = self._sent(session, values, closing=closing)
        if self._written:
            self._note(session, found.command_tuples or 0, closing=closing)
        reader.set_pgresult(found)
        pick = form.results
        return [
            form.row(*[value if to is None else to(value) for value, to in zip(row, pick, strict=True)])
            for row in reader.load_rows(0, found.ntuples, tuple)
        ]

    def run(self, session: Session, values: Mapping[str, Any]) -> int:
        """How many rows were written."""
        if session.dialect.name != "postgresql":
            return int(session.execute(self._statement, dict(values)).rowcount)
        _, found, _ = self._sent(session, values)
        changed = found.command_tuples or 0
        self._note(session, changed)
        return changed

    def _sent(self, session: Session, values: Mapping[str, Any], *, closing: bool = False) -> tuple[_Form, Any, Reader]:
        form = self._form
        if form is None:
            form = self._form = _compiled(self._statement, values)
        if self._written:
            refuse_write(session)
        if not form.reads and not closing:
            begin(session)
        driver: Any = session.connection.driver_connection
        ready: _Ready | None = session.info.get(READY)
        if ready is None:
            ready = session.info[READY] = _Ready(set(), Transformer.from_context(driver))
        try:
            given = [fixed if not key else as_text(values[key], to) for key, to, fixed in form.binds]
            libpq = driver.pgconn
            if form.name not in ready.names:
                _accepted(libpq.prepare(form.name, form.text, None))
                ready.names.add(form.name)
            return form, _accepted(libpq.exec_prepared(form.name, given, None, 1)), ready.reader
        except (psycopg.Error, UnicodeEncodeError, OverflowError) as error:
            ours = translated(error)
            raise ours if ours is not None else error from None

    def _note(self, session: Session, changed: int, *, closing: bool = False) -> None:
        unit = unit_of(session)
        if unit is None or not changed:
            return
        unit.closed = closing and not unit.begun
        if AUDIT in self._written:
            unit.audited = True
        else:
            unit.changed |= self._written - BOOKKEEPING


def _accepted(result: Any) -> Any:
    """The result, or the error it stands for."""
    if result.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        raise psycopg.errors.error_from_result(result, encoding="utf-8")
    return result


def _compiled(statement: Any, values: Mapping[str, Any]) -> _Form:
    writes = isinstance(statement, UpdateBase)
    compiled = statement.compile(dialect=_numbered, column_keys=list(values) if writes else None)
    assert isinstance(compiled, SQLCompiler)
    constants = {**compiled.params, **_defaults(compiled)}
    types: list[TypeEngine[Any]] = [] if writes else [column.type for column in statement.selected_columns]
    names = [] if writes else [column.key or "column" for column in statement.selected_columns]
    return _Form(
        name=b"pro_%d" % next(_numbers),
        text=compiled.string.encode(),
        binds=tuple(_bind(compiled, name, values, constants) for name in compiled.positiontup or ()),
        reads=not tables_written_by(statement) and " FOR " not in compiled.string,
        results=tuple(one.dialect_impl(_numbered).result_processor(_numbered, None) for one in types),
        row=namedtuple("Row", names, rename=True),
    )


def _bind(
    compiled: SQLCompiler, name: str, values: Mapping[str, Any], constants: Mapping[str, Any]
) -> tuple[str, Convert, bytes | None]:
    """Where the value of one place comes from: the caller, or the statement itself."""
    bind = compiled.binds[name]
    to = bind.type.dialect_impl(_numbered).bind_processor(_numbered)
    return (bind.key, to, None) if bind.key in values else ("", None, as_text(constants[name], to))


def _defaults(compiled: SQLCompiler) -> dict[str, Any]:
    """The fixed values that columns of an insert take when the caller says nothing of them."""
    defaults = {column.key: column.default for column in compiled.insert_prefetch}
    return {key: one.arg for key, one in defaults.items() if isinstance(one, ScalarElementColumnDefault)}

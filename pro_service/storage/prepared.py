"""Statements that run on every request: compiled once, then handed straight to psycopg.

SQLAlchemy spends two to three times as long on a small statement as psycopg itself does. A `Prepared` statement is the
same Core statement, compiled at its first use, with the same conversion of values; only the work of every execution
is left out. What the unit of work needs to know of a write (see session.py) it is told here, and a complaint of the
database is translated as ever. On SQLite it is an ordinary statement.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import Executable
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlalchemy.types import TypeEngine

from pro_service.storage.complaints import translated
from pro_service.storage.session import AUDIT, BOOKKEEPING, UNIT, Session, begin, refuse_write, tables_written_by

Convert = Callable[[Any], Any] | None


@dataclass(frozen=True, slots=True)
class _Form:
    """A statement as psycopg takes it. `binds`: name, key of the value, conversion; `fixed` need no caller."""

    text: str
    binds: tuple[tuple[str, str, Convert], ...]
    fixed: Mapping[str, Any]
    reads: bool  # and no more: writes nothing, locks nothing
    results: tuple[Convert, ...]
    row: Callable[..., Any]


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
        form, cursor = self._sent(session, values, closing=closing)
        if self._written:
            self._note(session, cursor.rowcount, closing=closing)
        pick = form.results
        return [
            form.row(*[value if to is None else to(value) for value, to in zip(row, pick, strict=True)])
            for row in cursor.fetchall()
        ]

    def run(self, session: Session, values: Mapping[str, Any]) -> int:
        """How many rows were written."""
        if session.dialect.name != "postgresql":
            return int(session.execute(self._statement, dict(values)).rowcount)
        _, cursor = self._sent(session, values)
        self._note(session, cursor.rowcount)
        return int(cursor.rowcount)

    def _sent(self, session: Session, values: Mapping[str, Any], *, closing: bool = False) -> tuple[_Form, Any]:
        form = self._form
        if form is None:
            form = self._form = _compiled(self._statement, session.dialect, values)
        if self._written:
            refuse_write(session)
        if not form.reads and not closing:
            begin(session)
        given = {name: values[key] if to is None else to(values[key]) for name, key, to in form.binds}
        driver: Any = session.connection.driver_connection
        try:
            return form, driver.execute(form.text, {**form.fixed, **given})
        except (psycopg.Error, UnicodeEncodeError, OverflowError) as error:
            ours = translated(error)
            raise ours if ours is not None else error from None

    def _note(self, session: Session, changed: int, *, closing: bool = False) -> None:
        unit = session.info.get(UNIT)
        if unit is None or not changed:
            return
        unit.closed = closing and not unit.begun
        if AUDIT in self._written:
            unit.audited = True
        else:
            unit.changed |= self._written - BOOKKEEPING


def _compiled(statement: Any, dialect: Dialect, values: Mapping[str, Any]) -> _Form:
    writes = isinstance(statement, UpdateBase)
    compiled = statement.compile(dialect=dialect, column_keys=list(values) if writes else None)
    assert isinstance(compiled, SQLCompiler)
    constants = {**compiled.params, **_defaults(compiled)}
    binds, fixed = [], {}
    for bind, name in compiled.bind_names.items():
        to = bind.type.dialect_impl(dialect).bind_processor(dialect)
        if bind.key in values:
            binds.append((name, bind.key, to))
        else:
            fixed[name] = constants[name] if to is None else to(constants[name])
    types: list[TypeEngine[Any]] = [] if writes else [column.type for column in statement.selected_columns]
    names = [] if writes else [column.key or "column" for column in statement.selected_columns]
    results = tuple(one.dialect_impl(dialect).result_processor(dialect, None) for one in types)
    reads = not tables_written_by(statement) and " FOR " not in compiled.string
    return _Form(compiled.string, tuple(binds), fixed, reads, results, namedtuple("Row", names, rename=True))


def _defaults(compiled: SQLCompiler) -> dict[str, Any]:
    """The fixed values that columns of an insert take when the caller says nothing of them."""
    defaults = {column.key: column.default for column in compiled.insert_prefetch}
    return {key: one.arg for key, one in defaults.items() if isinstance(one, ScalarElementColumnDefault)}

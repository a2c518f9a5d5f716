"""Many rows in one statement, as cheaply as each database can.

PostgreSQL takes them as one JSON document that it turns into rows itself: one round trip, one plan, one parameter.
SQLite, which has no round trips, takes them one by one in a prepared statement.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache

from sqlalchemy import Table, TextClause, insert, text
from sqlalchemy.dialects import postgresql

from pro_service.storage.session import Session


def add(session: Session, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert rows in the order given; every row holds the same columns. Conflict where a constraint is broken.

    JSON columns hold plain JSON values; a column that is left out gets the database's default, not the table's.
    """
    if not rows:
        return
    if session.dialect.name == "postgresql":
        document = json.dumps([dict(row) for row in rows], default=str, ensure_ascii=False, allow_nan=False)
        session.execute(_from_document(table, tuple(rows[0])), {"document": document})
    else:
        session.execute(insert(table), [dict(row) for row in rows])


@cache
def _from_document(table: Table, names: tuple[str, ...]) -> TextClause:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's own
    columns = ", ".join(names)
    shape = ", ".join(f"{name} {table.c[name].type.compile(dialect=dialect)}" for name in names)
    rows = f"jsonb_to_recordset(CAST(:document AS jsonb)) AS row({shape})"
    return text(f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM {rows}")  # noqa: S608  # our own names

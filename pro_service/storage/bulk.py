"""Many rows in one statement, as cheaply as each database can.

PostgreSQL takes them as one JSON document that it turns into rows itself: one round trip, one plan, one parameter.
SQLite, which has no round trips, takes them one by one in a prepared statement.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import TypeVar
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Table, TextClause, any_, bindparam, insert, literal, text, update
from sqlalchemy.dialects import postgresql

from pro_service.storage.session import Session

T = TypeVar("T")


def among(session: Session, column: ColumnElement[T], values: Collection[T]) -> ColumnElement[bool]:
    """The condition that a column holds one of these: on PostgreSQL one parameter and one plan, however many."""
    if session.dialect.name == "postgresql":
        return column == any_(literal(list(values), ARRAY(column.type)))
    return column.in_(values)


def add(
    session: Session,
    table: Table,
    rows: Sequence[Mapping[str, object]],
    *,
    same: Mapping[str, object] = MappingProxyType({}),
) -> None:
    """Insert rows in the order given; every row holds the same columns. Conflict where a constraint is broken.

    JSON columns hold plain JSON values; a column that is left out gets the database's default, not the table's. What is
    `same` in all rows, no JSON, goes over the line once.
    """
    if not rows:
        return
    if session.dialect.name == "postgresql":
        session.execute(_from_document(table, tuple(rows[0]), tuple(same)), {"document": _document(rows), **same})
    else:
        session.execute(insert(table), [{**row, **same} for row in rows])


def change(session: Session, table: Table, rows: Sequence[Mapping[str, object]]) -> frozenset[UUID]:
    """Set the columns of the row of each `id`; the ids of the rows that were changed.

    A key `was_x` is a condition: the row is changed only where its column x holds that value. Every row holds the same
    keys, and each id is named once.
    """
    if not rows:
        return frozenset()
    names = tuple(rows[0])
    if session.dialect.name == "postgresql":
        return frozenset(session.execute(_changing(table, names), {"document": _document(rows)}).scalars())
    conditions = [table.c[name.removeprefix("was_")] == bindparam(f"_{name}") for name in names if _is_condition(name)]
    statement = (
        update(table)
        .where(table.c.id == bindparam("_id"), *conditions)
        .values({name: bindparam(f"_{name}", type_=table.c[name].type) for name in _set(names)})
    )
    changed = (session.execute(statement, {f"_{name}": value for name, value in row.items()}) for row in rows)
    return frozenset(UUID(str(row["id"])) for row, one in zip(rows, changed, strict=True) if one.rowcount)


def _is_condition(name: str) -> bool:
    return name.startswith("was_")


def _set(names: Sequence[str]) -> list[str]:
    return [name for name in names if name != "id" and not _is_condition(name)]


@cache
def _changing(table: Table, names: tuple[str, ...]) -> TextClause:
    news = ", ".join(f"{name} = row.{name}" for name in _set(names))
    conditions = "".join(f" AND {table.name}.{name[4:]} = row.{name}" for name in names if _is_condition(name))
    shape = ", ".join(f"{name} {_type(table, name.removeprefix('was_'))}" for name in names)
    rows = f"jsonb_to_recordset(CAST(:document AS jsonb)) AS row({shape})"
    return text(
        f"UPDATE {table.name} SET {news} FROM {rows} WHERE {table.name}.id = row.id{conditions}"  # noqa: S608  # our own names
        f" RETURNING {table.name}.id"
    )


def _type(table: Table, name: str) -> str:
    return table.c[name].type.compile(dialect=postgresql.dialect())  # type: ignore[no-untyped-call]  # SQLAlchemy's own


@cache
def _from_document(table: Table, names: tuple[str, ...], same: tuple[str, ...]) -> TextClause:
    columns = ", ".join((*names, *same))
    values = ", ".join((*names, *(f"CAST(:{name} AS {_type(table, name)})" for name in same)))
    shape = ", ".join(f"{name} {_type(table, name)}" for name in names)
    rows = f"jsonb_to_recordset(CAST(:document AS jsonb)) AS row({shape})"
    return text(f"INSERT INTO {table.name} ({columns}) SELECT {values} FROM {rows}")  # noqa: S608  # our own names


def _document(rows: Sequence[Mapping[str, object]]) -> str:
    return _encode([row if type(row) is dict else dict(row) for row in rows])


_encode = json.JSONEncoder(default=str, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode

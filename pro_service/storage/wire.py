"""Values as PostgreSQL reads them from a parameter: its text form, as bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
import psycopg
from psycopg.types.json import Jsonb


def as_text(value: Any, to: Callable[[Any], Any] | None) -> bytes | None:
    """A value, after the conversion of its column's type, as a parameter; None is NULL.

    Raises psycopg.DataError for a text with a NUL character or a number that JSON cannot hold, UnicodeEncodeError for
    half a surrogate pair.
    """
    if to is not None:
        value = to(value)
    if value is None:
        return None
    kind = type(value)
    write = _TEXT.get(kind) or next(write for known, write in _TEXT.items() if isinstance(value, known))
    return write(value)


def _text(value: str) -> bytes:
    if "\0" in value:
        raise psycopg.DataError("PostgreSQL has no text with a NUL character")
    return value.encode()


def _json(value: Jsonb) -> bytes:
    try:
        return orjson.dumps(value.obj)
    except orjson.JSONEncodeError as error:
        raise psycopg.DataError("a value that JSON cannot hold") from error


_TEXT: Mapping[type, Callable[[Any], bytes]] = {
    str: _text,
    bool: lambda value: b"t" if value else b"f",
    int: lambda value: b"%d" % value,
    UUID: lambda value: value.hex.encode(),
    datetime: lambda value: value.isoformat().encode(),
    date: lambda value: value.isoformat().encode(),
    bytes: lambda value: b"\\x" + value.hex().encode(),
    Jsonb: _json,
}

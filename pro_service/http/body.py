"""Reading a request strictly: JSON that says it is JSON, without what a database could not keep.

Python's own reader takes NaN, infinities, lone surrogates and null characters, and gives up on deep nesting with an
error of its own; orjson refuses all but the null character, and here they are a 400. Unknown members and unknown query
parameters are a 422.
"""

from __future__ import annotations

from typing import Any

import orjson
from apiflask.schema_adapters.marshmallow import parser
from flask import Request, abort, request
from marshmallow import RAISE, Schema
from webargs.core import is_json

parser.unknown = RAISE


@parser.location_loader("json")
def load_json(incoming: Request, _schema: Schema) -> Any:
    """The body of a request, nothing at all being `{}`: 415 unless it is declared JSON, 400 unless we can keep it."""
    if not incoming.mimetype and not incoming.get_data():
        return {}
    if not is_json(incoming.mimetype):
        abort(415)
    return parse(incoming.get_data())


def parse(raw: bytes) -> Any:
    """A JSON document; aborts with 400."""
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError:
        abort(400)
    if b"u0000" in raw and _has_null(found):
        abort(400)
    return found


def _has_null(found: Any) -> bool:
    """Whether a text in it, or the name of a member, has a null character: PostgreSQL has none."""
    if isinstance(found, dict):
        return any("\0" in name or _has_null(value) for name, value in found.items())
    if isinstance(found, list):
        return any(map(_has_null, found))
    return isinstance(found, str) and "\0" in found


def check_address() -> None:
    """Refuse a null character in the path or the query with 400: no text of ours has one."""
    if "\0" in request.path or "%00" in request.environ.get("QUERY_STRING", ""):
        abort(400)

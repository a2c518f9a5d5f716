"""Reading a request strictly: JSON that says it is JSON, without what a database could not keep.

Python's own reader takes NaN, infinities, lone surrogates and null characters, and gives up on deep nesting with an
error of its own; here all of these are a 400. Unknown members and unknown query parameters are a 422.
"""

from __future__ import annotations

import json
from math import isfinite
from typing import Any

from apiflask.schema_adapters.marshmallow import parser
from flask import Request, abort, request
from marshmallow import RAISE, Schema
from webargs.core import is_json

parser.unknown = RAISE


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError("a number too large")
    return number


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


_decoder = json.JSONDecoder(parse_float=_finite, parse_constant=_refuse)


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
        text = raw.decode("utf-8")
        found = _decoder.decode(text)
        if "\\u" in text:
            _require_storable(json.dumps(found, ensure_ascii=False))
    except (ValueError, RecursionError):
        abort(400)
    return found


def _require_storable(text: str) -> None:
    """No lone surrogates (they have no UTF-8) and no null characters (PostgreSQL has none)."""
    text.encode("utf-8")
    if "\\u0000" in text:
        raise ValueError("a null character")


def check_address() -> None:
    """Refuse a null character in the path or the query with 400: no text of ours has one."""
    if "\0" in request.path or "%00" in request.environ.get("QUERY_STRING", ""):
        abort(400)

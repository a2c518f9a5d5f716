"""Answers that seldom change: sent with an ETag, and not again to whoever still has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Response, request

View = TypeVar("View", bound=Callable[..., Any])


def conditional(view: View) -> View:
    """Mark a view that answers with a `definition`: it may say 304, and the description says so."""
    view.is_definition = True  # type: ignore[attr-defined]  # a mark on the function itself, read by api/openapi.py
    return view


def definition(text: str, *, version: str) -> Response:
    """A JSON text of that version; 304 without a body when the caller's If-None-Match names it."""
    response = Response(text, mimetype="application/json")
    response.set_etag(version)
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response

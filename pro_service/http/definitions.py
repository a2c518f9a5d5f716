"""Answers that seldom change: sent with an ETag, and not again to whoever still has them."""

from __future__ import annotations

from flask import Response, request


def definition(text: str, *, version: str) -> Response:
    """A JSON text of that version; 304 without a body when the caller's If-None-Match names it."""
    response = Response(text, mimetype="application/json")
    response.set_etag(version)
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response

"""A POST with an Idempotency-Key happens once: the same key and request again gets the first answer again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, current_app, request

from pro_service.domain.errors import Invalid, Problem
from pro_service.http.transaction import work
from pro_service.services import idempotency

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
_KEPT_HEADERS = ("Content-Type", "Location", "ETag")


def once(view: Callable[[], Any]) -> Any:
    """Run the view, unless this very request was already answered: then that answer, marked as replayed."""
    key = request.environ.get("HTTP_IDEMPOTENCY_KEY")
    if key is None or request.method != "POST" or request.endpoint is None:
        return view()
    if not (1 <= len(key) <= 255 and key.isascii() and key.isprintable()):
        expected = Problem("expected 1 to 255 printable ASCII characters", HEADER)
        raise Invalid("The Idempotency-Key is malformed.", problems=[expected])
    whose = idempotency.identity(work().actor, key=key, target=request.full_path)
    kept = idempotency.claim(work(), identity=whose, request=request.get_data())
    if kept is not None:
        return Response(kept.body, kept.status, {**kept.headers, REPLAYED: "true"})
    response = current_app.make_response(view())
    answer = idempotency.Answer(
        status=response.status_code,
        body=response.get_data(as_text=True),
        headers={name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers},
    )
    idempotency.keep(work(), identity=whose, answer=answer)
    return response

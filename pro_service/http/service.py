"""The Flask application class: what happens around every view, in this order, all in one transaction."""

from __future__ import annotations

from typing import Any

from apiflask import APIFlask

from pro_service.http import authentication, body, csrf, idempotency, transaction


class Service(APIFlask):
    """A Flask application whose every request is one transaction, finished before the answer is written."""

    def dispatch_request(self) -> Any:
        """Who asks, did their own site ask, have we answered this before; then the view."""
        with transaction.begin():
            body.check_address()
            csrf.check()
            authentication.check()
            return idempotency.once(super().dispatch_request)

"""One log line and one measurement per request: method, route template, status, time. Never a path, token or query."""

from __future__ import annotations

import re
import secrets
from time import perf_counter

from flask import Flask, Response, g, request

from pro_service.observability import logger, observe

HEADER = "X-Request-Id"
_ACCEPTABLE = re.compile(r"[A-Za-z0-9-]{8,64}")
_METHODS = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}


def install(app: Flask) -> None:
    """Give every request an id and write it down when it is answered."""
    log = logger("http")

    @app.before_request
    def start() -> None:
        g.started = perf_counter()
        given = request.environ.get("HTTP_X_REQUEST_ID")
        g.request_id = given if given and _ACCEPTABLE.fullmatch(given) else secrets.token_hex(8)

    @app.after_request
    def finish(response: Response) -> Response:
        seconds = perf_counter() - g.get("started", perf_counter())
        route = request.url_rule.rule if request.url_rule else "(none)"
        method = request.method if request.method in _METHODS else "OTHER"
        observe(method, route, response.status_code, seconds)
        response.headers[HEADER] = request_id = g.get("request_id", "")
        log.info(
            "request",
            method=method,
            route=route,
            status=response.status_code,
            ms=round(seconds * 1000, 1),
            request_id=request_id,
        )
        return response

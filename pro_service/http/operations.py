"""What machines ask: is the process alive, can it serve, how does it do."""

from __future__ import annotations

import hmac
from ipaddress import ip_address
from typing import Any

from flask import Blueprint, Response, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST

from pro_service.domain.errors import Forbidden, Unavailable
from pro_service.http.authentication import bearer_token, public
from pro_service.http.transaction import runtime
from pro_service.observability import exposition
from pro_service.storage import migrations

bp = Blueprint("operations", __name__)


@bp.get("/healthz")
@public
def healthz() -> Any:
    """The process is alive."""
    return jsonify(status="ok")


@bp.get("/readyz")
@public
def readyz() -> Any:
    """The database answers and every migration is applied; 503 otherwise."""
    with runtime().engine.connect() as connection:
        revision = migrations.current(connection)
    if revision != migrations.head():
        raise Unavailable("Migrations are pending: run `pro db upgrade`.")
    return jsonify(status="ok")


@bp.get("/metrics")
@public
def metrics() -> Any:
    """Prometheus metrics of all processes of this server, for loopback, or for whoever brings PRO_METRICS_TOKEN."""
    token = runtime().settings.metrics_token
    allowed = hmac.compare_digest((bearer_token() or "").encode(), token.encode()) if token else _from_here()
    if not allowed:
        raise Forbidden("Metrics are for loopback, or with the metrics token.")
    return Response(exposition(), content_type=CONTENT_TYPE_LATEST)


def _from_here() -> bool:
    try:
        return ip_address(request.remote_addr or "::").is_loopback and "X-Forwarded-For" not in request.headers
    except ValueError:  # what a proxy forwarded is no address
        return False

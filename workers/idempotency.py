"""Forget the answers kept for repeated requests."""

from __future__ import annotations

from pro_service.domain.audit import Actor
from pro_service.runtime import Runtime
from pro_service.services import idempotency

ACTOR = Actor(kind="system", id="idempotency", role="system")


def forget(runtime: Runtime) -> None:
    """Delete what is older than a day."""
    with runtime.work(ACTOR) as work:
        idempotency.forget_old(work)

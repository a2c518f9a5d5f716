"""End the sessions of patients who have sent everything."""

from __future__ import annotations

from pro_service.domain.audit import Actor
from pro_service.runtime import Runtime
from pro_service.services import access

ACTOR = Actor(kind="system", id="sessions", role="system")


def end(runtime: Runtime) -> None:
    """End the sessions in which the last open form was sent a few minutes ago."""
    with runtime.work(ACTOR) as work:
        access.end_finished(work)

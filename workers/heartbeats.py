"""Leave a sign of life."""

from __future__ import annotations

from pro_service.domain.audit import Actor
from pro_service.runtime import Runtime
from pro_service.services import heartbeats

ACTOR = Actor(kind="system", id="beat", role="system")


def beat(runtime: Runtime) -> None:
    """A heartbeat: scheduler, broker, worker and database all work, or this row would be old."""
    with runtime.work(ACTOR) as work:
        heartbeats.beat(work, process="beat")

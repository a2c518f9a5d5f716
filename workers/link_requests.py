"""Answer who asked for a new link."""

from __future__ import annotations

from pro_service.domain.audit import Actor
from pro_service.runtime import Runtime
from pro_service.services import link_requests

ACTOR = Actor(kind="system", id="messages", role="system")


def answer(runtime: Runtime) -> None:
    """Put a message in the post for everybody who asked for a link."""
    dealt_with = link_requests.LIMIT
    while dealt_with == link_requests.LIMIT:
        with runtime.work(ACTOR) as work:
            dealt_with = link_requests.answer(work)

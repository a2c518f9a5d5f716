"""Queue what is news for the endpoints of other systems; `reminders.send` calls them."""

from __future__ import annotations

from functools import partial

from pro_service.domain.audit import Actor
from pro_service.runtime import Runtime
from pro_service.services import news

ACTOR = Actor(kind="system", id="webhooks", role="system")


def tell(runtime: Runtime) -> None:
    """Read on in what happened, for every endpoint."""
    news.sweep(partial(runtime.work, ACTOR))

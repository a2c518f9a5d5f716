"""Decide which messages are due, and send them."""

from __future__ import annotations

from functools import partial

from pro_service.domain.audit import Actor
from pro_service.posting import post
from pro_service.runtime import Runtime
from pro_service.services import deliveries, digests, reminders

ACTOR = Actor(kind="system", id="messages", role="system")
AT_ONCE = 4
"""How many calls one worker makes at a time: one provider that hangs keeps no other back, and no more than these are in
doubt where the worker is killed."""


def sweep(runtime: Runtime) -> None:
    """Decide about everything that is due."""
    while reminders.sweep(partial(runtime.work, ACTOR)) == reminders.LIMIT:
        pass


def digest(runtime: Runtime) -> None:
    """Decide what members of staff are told this morning."""
    while digests.sweep(partial(runtime.work, ACTOR)) == digests.LIMIT:
        pass


def send(runtime: Runtime) -> None:
    """Send what was decided on."""
    deliveries.send_due(
        partial(runtime.work, ACTOR),
        channels=runtime.channels,
        base_url=runtime.settings.base_url,
        post=partial(post, reach=runtime.reach),
        at_once=AT_ONCE,
    )

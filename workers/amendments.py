"""Carry out what an activation left undone."""

from __future__ import annotations

from functools import partial

from pro_service.domain.audit import Actor
from pro_service.runtime import Runtime
from pro_service.services import amendments

ACTOR = Actor(kind="system", id="amendments", role="system")


def carry_on(runtime: Runtime) -> None:
    """Bring those under the active version of their study who are still under an earlier one."""
    amendments.carry_on(partial(runtime.work, ACTOR))

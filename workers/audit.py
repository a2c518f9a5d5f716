"""Seal the audit trail."""

from __future__ import annotations

from contextlib import suppress

from pro_service.domain.audit import Actor
from pro_service.domain.errors import Conflict
from pro_service.runtime import Runtime
from pro_service.services import audit

ACTOR = Actor(kind="system", id="audit", role="system")


def seal(runtime: Runtime) -> None:
    """Seal the audit events that were written since the last seal; what another process seals just now is sealed."""
    with suppress(Conflict), runtime.work(ACTOR) as work:
        audit.seal(work)

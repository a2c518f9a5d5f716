"""Write the data cuts that were asked for."""

from __future__ import annotations

from functools import partial

from pro_service.domain.audit import Actor
from pro_service.runtime import Runtime
from pro_service.services import exports

ACTOR = Actor(kind="system", id="exports", role="system")


def run(runtime: Runtime) -> None:
    """Run the exports that wait, one after the other."""
    while exports.run_pending(partial(runtime.work, ACTOR), directory=runtime.settings.data_dir / "exports"):
        pass

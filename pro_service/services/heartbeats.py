"""Signs of life, left by the timetable and read by `pro doctor`.

`beat` is written by a worker whenever the scheduler's wake-up call reaches it: while it is fresh, scheduler, broker,
worker and database all work.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pro_service.services.work import Work
from pro_service.storage import heartbeats


def beat(work: Work, *, process: str) -> None:
    """Note that a process is alive now."""
    heartbeats.beat(work.session, process=process, at=work.now)


def last(work: Work) -> Mapping[str, datetime]:
    """When each process was last known to be alive, by name."""
    return heartbeats.last(work.session)

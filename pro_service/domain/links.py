"""How long a sign-in link lives: until everything it asks for is submitted, closed or cancelled."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from pro_service.domain.assessments import Assessment, Status, status

UNFINISHED = frozenset({Status.WAITING, Status.PLANNED, Status.OPEN, Status.IN_PROGRESS})


def unfinished(assessments: Iterable[Assessment], now: datetime) -> tuple[Assessment, ...]:
    """Those that can still be answered, now or once they open; one already begun within its hour of grace."""
    return tuple(one for one in assessments if status(one, now) in UNFINISHED)


def lives(asked: Collection[UUID], assessments: Iterable[Assessment], now: datetime) -> bool:
    """Is there still something to do for a link that asks for these assessments?"""
    return any(one.id in asked for one in unfinished(assessments, now))

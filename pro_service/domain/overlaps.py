"""The same questionnaire is not asked twice within a few days: which of two assessments offers to wait for which.

Two assessments of one person crowd each other when they share a questionnaire and their windows overlap, or lie less
than `days` apart, so that both could be answered within that time. They are shown together, and the later one (by
target date) offers to wait: until `days` after the earlier one was answered, as long as its own window lasts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import combinations
from typing import Generic, Protocol, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from pro_service.domain import calendar
from pro_service.domain.assessments import Assessment, Status, status


class Window(Protocol):
    """What both a planned and a stored assessment have."""

    @property
    def target_on(self) -> date | None: ...
    @property
    def opens_at(self) -> datetime | None: ...
    @property
    def closes_at(self) -> datetime | None: ...
    @property
    def instruments(self) -> tuple[str, ...]: ...


W = TypeVar("W", bound=Window)


@dataclass(frozen=True, slots=True)
class Overlap(Generic[W]):
    """Two assessments that crowd each other, and the questionnaires they share, in the order of the earlier one."""

    earlier: W
    later: W
    instruments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """An offer: leave this assessment until `until`, because `instruments` were, or will be, asked in `earlier`."""

    earlier: UUID
    instruments: tuple[str, ...]
    until: datetime


def overlaps(windows: Sequence[W], *, days: int) -> tuple[Overlap[W], ...]:
    """Every pair that crowds each other; hand in those that are not cancelled. One without dates crowds nobody."""
    dated = [window for window in windows if window.target_on and window.opens_at and window.closes_at]
    ordered = sorted(dated, key=lambda window: (window.target_on, window.opens_at))
    return tuple(
        Overlap(earlier, later, shared)
        for earlier, later in combinations(ordered, 2)
        if (shared := tuple(code for code in earlier.instruments if code in later.instruments))
        and _crowd(earlier, later, timedelta(days=days))
    )


def _crowd(one: Window, other: Window, apart: timedelta) -> bool:
    if one.opens_at is None or one.closes_at is None or other.opens_at is None or other.closes_at is None:
        return False
    return one.opens_at < other.closes_at + apart and other.opens_at < one.closes_at + apart


def waits(assessments: Sequence[Assessment], *, days: int, now: datetime, zone: ZoneInfo) -> Mapping[UUID, Wait]:
    """By id, what each open assessment of one person that nobody has begun may wait for at `now`.

    There is no offer where waiting would outlast the window: a questionnaire asked twice is better than a gap.
    """
    live = [assessment for assessment in assessments if assessment.cancelled_at is None]
    offers: dict[UUID, Wait] = {}
    for overlap in overlaps(live, days=days):
        if status(overlap.later, now) is not Status.OPEN:
            continue
        answered_at = overlap.earlier.submitted_at
        if answered_at is None and status(overlap.earlier, now) not in (Status.OPEN, Status.IN_PROGRESS):
            continue
        until = calendar.day_start(calendar.local_date(answered_at or now, zone) + timedelta(days=days), zone)
        closes_at, known = overlap.later.closes_at, offers.get(overlap.later.id)
        if now < until and closes_at is not None and until < closes_at and (known is None or known.until < until):
            offers[overlap.later.id] = Wait(overlap.earlier.id, overlap.instruments, until)
    return offers

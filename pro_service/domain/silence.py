"""Why nothing was said to a person on a day: what the windows and the rules of reminders say of it.

Asked only of a day on which nothing was decided. Every decision has a row with its own reason (domain/deliveries.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from pro_service.domain.assessments import Assessment
from pro_service.domain.calendar import day_end, day_start, zone
from pro_service.domain.protocol import ReminderRule
from pro_service.domain.reminders import instants


@dataclass(frozen=True, slots=True)
class Asked:
    """A local day of a person, with all their assessments. `ended_on`: when withdrawal or death ended their part."""

    day: date
    now: datetime
    rule: ReminderRule
    timezone: str
    assessments: Sequence[Assessment]
    ended_on: date | None = None

    @property
    def start(self) -> datetime:
        """The first instant of the day."""
        return day_start(self.day, zone(self.timezone))

    @property
    def end(self) -> datetime:
        """The first instant of the next day."""
        return day_end(self.day, zone(self.timezone))

    def messages(self, some: Sequence[Assessment]) -> Iterator[tuple[datetime, str]]:
        """When each message about these is due, whatever becomes of it, with its timepoint."""
        for one in some:
            for at in instants(self.rule, one.opens_at, one.closes_at, self.timezone):
                yield at, one.timepoint

    def opened(self) -> list[Assessment]:
        """Those whose window was open at any time of the day."""
        windows = [(one, one.opens_at, one.closes_at) for one in self.assessments]
        return [one for one, opens, closes in windows if opens and closes and opens < self.end and closes > self.start]

    def unfinished(self) -> list[Assessment]:
        """Those of them that had not been submitted before the day."""
        return [one for one in self.opened() if one.submitted_at is None or one.submitted_at >= self.start]

    def standing(self) -> list[Assessment]:
        """Those of them that had not been cancelled before the day either."""
        return [one for one in self.unfinished() if one.cancelled_at is None or one.cancelled_at >= self.start]


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing was decided that day, and why. `next_at` is when the next message is due, None: none as things stand."""

    reason: str
    next_at: datetime | None = None
    next_timepoint: str | None = None


def silence(asked: Asked) -> Silence:
    """Why there is no row for that local day: the first reason that holds."""
    reason = next(found for look in _REASONS if (found := look(asked)) is not None)
    return Silence(reason, *_next(asked))


def _nobody(asked: Asked) -> str | None:
    return None if asked.assessments else "the person has no assessments"


def _ended(asked: Asked) -> str | None:
    if asked.ended_on is None or asked.ended_on > asked.day:
        return None
    return f"the person's part ended on {asked.ended_on}"


def _closed(asked: Asked) -> str | None:
    return None if asked.opened() else "no window is open that day"


def _submitted(asked: Asked) -> str | None:
    return None if asked.unfinished() else f"what was open had been submitted: {_names(asked.opened())}"


def _cancelled(asked: Asked) -> str | None:
    return None if asked.standing() else f"what was open had been cancelled: {_names(asked.unfinished())}"


def _between(asked: Asked) -> str | None:
    if any(asked.start <= at < asked.end for at, _ in asked.messages(asked.standing())):
        return None
    return f"no message is due that day; open: {_names(asked.standing())}"


def _due(asked: Asked) -> str | None:
    """Nothing else explains it: it is still to come, it was overtaken by a submission, or nobody has worked."""
    due = [(at, one) for one in asked.standing() for at, _ in asked.messages([one]) if asked.start <= at < asked.end]
    at, one = min(due, key=lambda each: each[0])
    if at > asked.now:
        return f"a message about {one.timepoint} is still to come"
    if one.submitted_at is not None and one.submitted_at <= at:
        return f"submitted before the message about it was due: {one.timepoint}"
    return f"a message about {one.timepoint} was due and is not decided on; is a worker running?"


_REASONS: tuple[Callable[[Asked], str | None], ...] = (
    _nobody,
    _ended,
    _closed,
    _submitted,
    _cancelled,
    _between,
    _due,
)


def _next(asked: Asked) -> tuple[datetime | None, str | None]:
    if asked.ended_on is not None:
        return None, None
    waiting = [one for one in asked.assessments if one.submitted_at is None and one.cancelled_at is None]
    return min((each for each in asked.messages(waiting) if each[0] > asked.now), default=(None, None))


def _names(some: Sequence[Assessment]) -> str:
    return ", ".join(sorted({one.timepoint for one in some}))

"""An export that somebody asked for, and the instant a data cut is made at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from pro_service.domain.calendar import day_end, local_date, zone
from pro_service.domain.errors import Invalid, Problem


@dataclass(frozen=True, slots=True)
class Export:
    """One export asked for through the API. `outcome`: done | failed; None while it waits or runs.

    `manifest` is that of the files when done, and says what went wrong (`code`, `message`) when failed.
    """

    id: UUID
    study_id: UUID
    study: str
    format: str
    as_of: date
    masked: bool
    asked_by: str
    asked_at: datetime
    finished_at: datetime | None = None
    outcome: str | None = None
    manifest: Mapping[str, object] | None = None


def cut_off(as_of: date | datetime | None, *, timezone: str, now: datetime) -> datetime:
    """The instant of a cut: itself, or the end of that day in the study's zone; today where nothing is said.

    Today is not over, so such a cut is provisional: what is recorded later today will belong to it too. Raises
    Invalid for a day or an instant that has not come.
    """
    place = zone(timezone)
    today = local_date(now, place)
    if isinstance(as_of, datetime):
        if as_of > now:
            raise _not_yet(as_of.isoformat())
        return as_of.astimezone(UTC)
    if as_of is not None and as_of > today:
        raise _not_yet(as_of.isoformat())
    return day_end(as_of or today, place)


def _not_yet(when: str) -> Invalid:
    message = f"{when} has not come yet: nothing is known of it"
    return Invalid(message, problems=[Problem("expected a day up to today, or an instant up to now", field="as_of")])

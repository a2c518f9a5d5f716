"""Local dates and the instants they stand for: the only place where a date in a person's zone becomes UTC.

A day starts at the first instant that carries its date. Where a clock change skips midnight (Havana, Cairo, Beirut)
that is the moment of the change; where midnight comes twice, it is the first of the two.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pro_service.domain.errors import Invalid
from pro_service.domain.protocol import Offset


def zone(name: str) -> ZoneInfo:
    """The IANA time zone of that name; Invalid where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: "Europe" is a directory of the zone database
        raise Invalid(f"'{name}' is not an IANA time zone such as Europe/Amsterdam") from None


def add(on: date, offset: Offset) -> date:
    """The date that lies `offset` from `on`: calendar months first, clipped to the month's end, then days."""
    if offset.months:
        months = on.year * 12 + on.month - 1 + offset.months
        year, month = months // 12, months % 12 + 1
        on = date(year, month, min(on.day, monthrange(year, month)[1]))
    return on + timedelta(days=offset.days)


def day_start(on: date, zone: ZoneInfo) -> datetime:
    """00:00 local of that date, as an aware UTC instant."""
    return datetime(on.year, on.month, on.day, tzinfo=zone).astimezone(UTC)


def day_end(on: date, zone: ZoneInfo) -> datetime:
    """24:00 local of that date, which is 00:00 of the next, as an aware UTC instant."""
    return day_start(on + timedelta(days=1), zone)


def local_date(at: datetime, zone: ZoneInfo) -> date:
    """The date on the wall calendar of that zone at an aware instant."""
    return at.astimezone(zone).date()


def nearest_zone(name: str) -> str:
    """A hint at the zone that was meant, to be put behind a complaint; empty where none is near."""
    near = get_close_matches(name, available_timezones(), n=1, cutoff=0.8)
    return f"; did you mean '{near[0]}'?" if near else ""

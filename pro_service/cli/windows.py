"""Windows as people read them: local days, from the first to the last, in a table as wide as whoever reads it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Console
from rich.table import Table

from pro_service.domain import calendar

PLAIN_WIDTH = 180
"""Columns of the table where nobody's terminal says how wide it is: into a file or a pipe."""


def console() -> Console:
    """Where tables are printed: standard output."""
    return Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH, highlight=False)


def print_table(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]], *, wraps: str = "") -> None:
    """Print a table; only the cells of the column `wraps` are broken over lines."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for heading in headings:
        table.add_column(heading, no_wrap=heading != wraps)
    for row in rows:
        table.add_row(*row)
    console().print(table)


def first_day(at: datetime | None, zone: ZoneInfo) -> str:
    """The day at whose 00:00 a window opens."""
    return str(calendar.local_date(at, zone)) if at else "-"


def last_day(opens_at: datetime | None, closes_at: datetime | None, zone: ZoneInfo) -> str:
    """The day at whose 24:00 a window closes; none where a cap left no window."""
    if closes_at is None or opens_at is None or closes_at <= opens_at:
        return "-"
    return str(calendar.local_date(closes_at - timedelta(microseconds=1), zone))


def days(opens_at: datetime | None, closes_at: datetime | None, zone: ZoneInfo) -> str:
    """A window from its first to its last day; a dash where it has no dates."""
    if opens_at is None:
        return "-"
    return f"{first_day(opens_at, zone)} to {last_day(opens_at, closes_at, zone)}"


def moment(at: datetime, zone: ZoneInfo) -> str:
    """An instant as the clock on the wall there shows it."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"

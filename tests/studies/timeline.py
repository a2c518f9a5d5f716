"""Draws a schedule as a table of text, so that a specification can be read and compared as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache

from pro_service.domain.protocol import Study
from pro_service.domain.schedule import Facts, Planned, TrialEvent, plan
from pro_service.studies.reader import read, shipped

CODES = ("qlq-c30", "eq-5d-5l", "qlq-hn43", "tess-le", "tess-ue", "imcq", "ipcq")
COLUMNS = ("timepoint", "state", "target", "opens at", "due at", "closes at")


@cache
def scopes() -> Study:
    """The SCOPES protocol as it ships."""
    text, path = shipped("scopes")
    return read(text, file=path, catalogue_codes=CODES)


def events(dates: Mapping[str, str]) -> tuple[TrialEvent, ...]:
    """Events from dates written as text."""
    return tuple(TrialEvent(kind, date.fromisoformat(on)) for kind, on in dates.items())


def planned(
    dates: Mapping[str, str],
    *,
    arm: str = "short",
    stratum: str = "lower_extremity",
    zone: str = "Europe/Amsterdam",
    study: Study | None = None,
) -> dict[str, Planned]:
    """The plan of one participant, by timepoint."""
    return {one.timepoint: one for one in plan(study or scopes(), Facts(arm, stratum, zone), events(dates))}


def drawn(plan: Mapping[str, Planned], *only: str) -> list[list[str]]:
    """A plan as rows of cells, the heading first; of `only` these timepoints where some are named."""
    rows = [_cells(one) for code, one in plan.items() if not only or code in only]
    return [list(COLUMNS), *rows]


def table(text: str) -> list[list[str]]:
    """The rows of a table as it stands in a test: cells between bars."""
    lines: Sequence[str] = [line for line in text.strip().splitlines() if line.strip()]
    return [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]


def _cells(one: Planned) -> list[str]:
    state = f"{one.state}: {one.reason}" if one.reason else one.state
    return [one.timepoint, state, str(one.target_on or "-"), *map(_instant, (one.opens_at, one.due_at, one.closes_at))]


def _instant(at: datetime | None) -> str:
    """An instant to the minute in UTC; none of our windows begins between two minutes."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ") if at else "-"

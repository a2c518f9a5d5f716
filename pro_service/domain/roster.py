"""A roster: a table of people to enrol, one row each, read against the protocol.

Columns: `code site arm stratum language timezone consented_on name email phone birth_year`, then `eligibility.<code>`
for each criterion (yes, no, not_sure), `events.<kind>` for what has happened and `planned.<kind>` for what is planned
(dates as YYYY-MM-DD). Columns that may be left out: timezone, the four of the contact, and events without a date.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from pro_service.domain.enrolment import Enrolment
from pro_service.domain.errors import Problem
from pro_service.domain.participants import Contact
from pro_service.domain.protocol import Study
from pro_service.domain.schedule import TrialEvent

NEEDED = ("code", "site", "arm", "stratum", "language", "consented_on")
OPTIONAL = ("timezone", "name", "email", "phone", "birth_year")
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")
_PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{3,29}")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its line in the file, what is known of the person, and how to reach them (None: not at all)."""

    line: int
    candidate: Enrolment
    contact: Contact | None


@dataclass(frozen=True, slots=True)
class Roster:
    """The rows that could be read, and every problem with its line and column."""

    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]


def columns(study: Study) -> tuple[str, ...]:
    """Every column a roster of this study can have, in the order of a template."""
    return (
        *NEEDED,
        *OPTIONAL,
        *(f"eligibility.{criterion.code}" for criterion in study.criteria),
        *(f"events.{kind.code}" for kind in study.events),
        *(f"planned.{kind.code}" for kind in study.events),
    )


def read(study: Study, table: Sequence[Sequence[str]], *, file: str) -> Roster:
    """The roster of a table whose first row names the columns. Empty rows are passed over."""
    header = [name.strip() for name in table[0]] if table else []
    problems = list(_header_problems(study, header, file))
    if problems:
        return Roster((), tuple(problems))
    rows = []
    for line, cells in enumerate(table[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            problems.append(Problem(f"expected {len(header)} cells, found {len(cells)}", file=file, line=line))
            continue
        row, wrong = _row(dict(zip(header, (cell.strip() for cell in cells), strict=True)), line)
        rows.append(row)
        problems += [Problem(message, field, file, line) for field, message in wrong.items()]
    return Roster(tuple(rows), tuple(problems))


def _header_problems(study: Study, header: Sequence[str], file: str) -> Iterator[Problem]:
    known = columns(study)
    for name in header:
        if name not in known:
            yield Problem("no such column; the template lists them all", name, file, 1)
    for name in sorted({name for name in header if header.count(name) > 1}):
        yield Problem("this column comes twice", name, file, 1)
    for name in (*NEEDED, *(name for name in known if name.startswith("eligibility."))):
        if name not in header:
            yield Problem("this column is missing", name, file, 1)


def _row(cells: Mapping[str, str], line: int) -> tuple[Row, dict[str, str]]:
    wrong: dict[str, str] = {}
    candidate = Enrolment(
        code=cells["code"],
        site=cells["site"],
        arm=cells["arm"] or None,
        stratum=cells["stratum"] or None,
        language=cells["language"],
        timezone=cells.get("timezone", ""),
        eligibility={name.partition(".")[2]: cell for name, cell in cells.items() if name.startswith("eligibility.")},
        consented_on=_date("consented_on", cells["consented_on"], wrong),
        events=tuple(_events(cells, wrong)),
    )
    return Row(line, candidate, _contact(cells, wrong)), wrong


def _events(cells: Mapping[str, str], wrong: dict[str, str]) -> Iterator[TrialEvent]:
    for name, cell in cells.items():
        group, _, kind = name.partition(".")
        if group in ("events", "planned") and (on := _date(name, cell, wrong)) is not None:
            yield TrialEvent(kind, on, actual=group == "events")


def _contact(cells: Mapping[str, str], wrong: dict[str, str]) -> Contact | None:
    for name, pattern, expected in (
        ("email", _EMAIL, "expected an e-mail address"),
        ("phone", _PHONE, "expected a telephone number"),
        ("birth_year", re.compile(r"(19|20)\d\d"), "expected a year such as 1961"),
    ):
        if cells.get(name) and pattern.fullmatch(cells[name]) is None:
            wrong[name] = expected
    if wrong.keys() & {"email", "phone", "birth_year"}:
        return None
    year = cells.get("birth_year")
    contact = Contact(
        name=cells.get("name") or None,
        email=cells.get("email") or None,
        phone=cells.get("phone") or None,
        birth_year=int(year) if year else None,
    )
    return None if contact == Contact() else contact


def _date(field: str, cell: str, wrong: dict[str, str]) -> date | None:
    if not cell:
        return None
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", cell, re.ASCII) is None:
            raise ValueError
        return date.fromisoformat(cell)
    except ValueError:
        wrong[field] = "expected a date as YYYY-MM-DD"
        return None

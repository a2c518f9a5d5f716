"""A FHIR search as it stands in an address, read strictly: a parameter passed over would widen what is found."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from pro_service.domain.errors import InvalidSearch, Problem
from pro_service.domain.fhir import canonical
from pro_service.domain.fhir_responses import subjects_system
from pro_service.domain.fhir_scores import scales_system

USUAL, MOST = 50, 200
"""Resources on a page, unless told; and at most."""

AFTER = "_after"
"""The parameter of a next link: where its page begins."""


@dataclass(frozen=True, slots=True)
class Interval:
    """From one instant on, and before another; None where that side is open."""

    start: datetime | None = None
    end: datetime | None = None

    def both(self, other: Interval) -> Interval:
        """What lies in both."""
        starts = [at for at in (self.start, other.start) if at is not None]
        ends = [at for at in (self.end, other.end) if at is not None]
        return Interval(max(starts, default=None), min(ends, default=None))

    def holds(self, at: datetime) -> bool:
        """Does the instant lie in it?"""
        return (self.start is None or self.start <= at) and (self.end is None or at < self.end)


ANY_TIME = Interval()


@dataclass(frozen=True, slots=True)
class Search:
    """What is asked for. Empty texts ask for everything; `skip` resources of the response `after` were given before."""

    count: int = USUAL
    after: str = ""
    skip: int = 0
    id: str = ""
    instrument: str = ""
    version: str = ""
    study: str = ""
    participant: str = ""
    response: str = ""
    scale: str = ""
    given: Interval = ANY_TIME
    updated: Interval = ANY_TIME


Read = Callable[[Search, str], Search]


def search(resource: str, parameters: Iterable[tuple[str, str]]) -> Search:
    """The search of an address. Raises InvalidSearch with every parameter that cannot be taken, and what can."""
    readers = {**SEARCHES[resource], **_EVERYWHERE}
    found, problems, seen = Search(), [], set()
    for name, value in parameters:
        reader = readers.get(name)
        if reader is None:
            problems.append(Problem(f"{resource} cannot be searched by it: expected {', '.join(readers)}", name))
        elif name in seen and name not in _REPEATABLE:
            problems.append(Problem("expected once", name))
        elif "," in value:
            problems.append(Problem("expected one value: several at once cannot be searched for", name))
        else:
            try:
                found = reader(found, value)
            except ValueError as error:
                problems.append(Problem(str(error), name))
        seen.add(name)
    if problems:
        raise InvalidSearch("this search cannot be carried out", problems=problems)
    return found


def _count(found: Search, value: str) -> Search:
    if not re.fullmatch(r"[1-9][0-9]{0,5}", value):
        raise ValueError("expected a whole number from 1 on")
    return replace(found, count=min(int(value), MOST))


def _after(found: Search, value: str) -> Search:
    place = re.fullmatch(r"([A-Za-z0-9-]{1,64})(?:\.([0-9]{1,4}))?", value)
    if place is None:
        raise ValueError("expected what a next link says")
    return replace(found, after=place[1], skip=int(place[2] or 0))


def _id(found: Search, value: str) -> Search:
    if not re.fullmatch(r"[A-Za-z0-9.-]{1,64}", value):
        raise ValueError("expected letters, digits, dashes and dots")
    return replace(found, id=value)


def _questionnaire(found: Search, value: str) -> Search:
    address, _, version = value.partition("|")
    for beginning in (canonical(""), "Questionnaire/"):
        code = address.removeprefix(beginning)
        if code and code != address:
            return replace(found, instrument=code, version=version)
    raise ValueError(f"expected {canonical('CODE')}, with or without |VERSION")


def _url(found: Search, value: str) -> Search:
    return _questionnaire(found, value.replace("Questionnaire/", "?"))


def _subject(found: Search, value: str) -> Search:
    system, bar, code = value.rpartition("|")
    study = system.removeprefix(subjects_system(""))
    if not code or (bar and (not study or study == system)):
        raise ValueError(f"expected a participant code, or {subjects_system('STUDY')}|CODE")
    return replace(found, study=study, participant=code)


def _code(found: Search, value: str) -> Search:
    system, _, scale = value.partition("|")
    instrument = system.removeprefix(scales_system(""))
    if not instrument or instrument == system:
        raise ValueError(f"expected {scales_system('QUESTIONNAIRE')}|SCALE")
    return replace(found, instrument=instrument, scale=scale)


def _derived_from(found: Search, value: str) -> Search:
    identity = value.removeprefix("QuestionnaireResponse/")
    if not is_uuid(identity):
        raise ValueError("expected QuestionnaireResponse/ID")
    return replace(found, response=identity)


def is_uuid(text: str) -> bool:
    """Is this an id as our addresses have it?"""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _given(found: Search, value: str) -> Search:
    return replace(found, given=found.given.both(interval(value)))


def _updated(found: Search, value: str) -> Search:
    return replace(found, updated=found.updated.both(interval(value)))


_DATE = re.compile(
    r"(eq|ge|gt|le|lt|sa|eb)?"
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6})\d*)?)?(Z|[+-]\d\d:\d\d))?)?)?"
)
_EXPECTED = "expected a date or an instant with its offset, after eq, ge, gt, le, lt, sa, eb or nothing"


def interval(value: str) -> Interval:
    """The instants that a prefix and a date stand for; a date is that whole day, month or year in UTC."""
    said = _DATE.fullmatch(value.replace(" ", "+"))  # a plus sign in an address stands for a space
    if said is None:
        raise ValueError(_EXPECTED)
    try:
        start, end = _span(said.groups()[1:])
    except (ValueError, OverflowError):
        raise ValueError(_EXPECTED) from None
    return {
        "eq": Interval(start, end),
        "ge": Interval(start, None),
        "gt": Interval(end, None),
        "sa": Interval(end, None),
        "le": Interval(None, end),
        "lt": Interval(None, start),
        "eb": Interval(None, start),
    }[said[1] or "eq"]


def _span(parts: Sequence[str | None]) -> tuple[datetime, datetime]:
    year, month, day, hour, minute, second, fraction, offset = parts
    whole = [int(part) for part in (year, month or "1", day or "1") if part]
    if hour is None:
        start = datetime(*whole, tzinfo=UTC)  # type: ignore[arg-type,misc]  # three numbers and a zone
        if day:
            return start, start + timedelta(days=1)
        later = (start.year + 1, 1) if month is None or start.month == 12 else (start.year, start.month + 1)
        return start, start.replace(year=later[0], month=later[1])
    text = f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}.{(fraction or '0').ljust(6, '0')}{offset}"
    start = datetime.fromisoformat(text).astimezone(UTC)
    if second is None:
        return start, start + timedelta(minutes=1)
    return start, start + timedelta(microseconds=10 ** (6 - len(fraction or "")))


_EVERYWHERE: Mapping[str, Read] = {"_id": _id, "_count": _count, AFTER: _after}
_REPEATABLE = frozenset({"authored", "date", "_lastUpdated"})
SEARCHES: Mapping[str, Mapping[str, Read]] = {
    "Questionnaire": {"url": _url},
    "QuestionnaireResponse": {
        "questionnaire": _questionnaire,
        "subject:identifier": _subject,
        "patient:identifier": _subject,
        "authored": _given,
        "_lastUpdated": _updated,
    },
    "Observation": {
        "code": _code,
        "subject:identifier": _subject,
        "patient:identifier": _subject,
        "derived-from": _derived_from,
        "date": _given,
        "_lastUpdated": _updated,
    },
}
"""What each kind of resource can be searched by, beside what holds for all."""

"""What a value of a study file means: each function reads one kind of value, or notes what was expected.

After a note the function returns a harmless stand-in, so that reading goes on and finds the other mistakes too; the
stand-in is never used, because a file with notes makes no Study.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date, time

from pro_service.domain import calendar
from pro_service.domain.errors import Invalid
from pro_service.domain.protocol import Offset
from pro_service.studies.document import Value, meant

NEVER = date(1, 1, 1)

_CODE = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_LANGUAGE = re.compile(r"[a-z]{2}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
_OFFSET = re.compile(r"([+-]?)(\d{1,4})\s*(d|days?|w|weeks?|months?)", re.ASCII)


def text(value: Value) -> str:
    """Words, not empty."""
    if value.kind != "text" or not (value.scalar or "").strip():
        value.expected("text (in quotes, if it looks like a number or a date)")
        return ""
    return (value.scalar or "").strip()


def code(value: Value) -> str:
    """A short name that never changes: it stands in the database and in every export."""
    found = value.scalar or ""
    if not _CODE.fullmatch(found):
        value.expected("a code such as month_3: small letters, digits, - and _, starting with a letter")
    return found


def codes(values: dict[str, Value]) -> None:
    """Check that the keys of a mapping are codes."""
    for name, value in values.items():
        if not _CODE.fullmatch(name):
            value.note(f"'{name}' is not a code such as month_3: small letters, digits, - and _, a letter first")


def reference(value: Value, known: Collection[str], what: str) -> str:
    """A code that is defined elsewhere. Nothing is noted while nothing is known: that was noted there."""
    found = value.scalar or ""
    if not found:
        value.expected(f"the code of {what}")
    elif known and found not in known:
        value.note(f"no {what.split(maxsplit=1)[-1]} '{found}'{meant(found, known)}")
    return found


def integer(value: Value, *, least: int = 0) -> int:
    """A whole number, at least `least`."""
    found = value.scalar or ""
    if not re.fullmatch(r"[0-9]{1,9}", found) or int(found) < least:
        value.expected(f"a whole number, {least} or more")
        return least
    return int(found)


def flag(value: Value) -> bool:
    """The word true or false."""
    if value.scalar not in ("true", "false"):
        value.expected("true or false")
    return value.scalar == "true"


def day(value: Value) -> date:
    """A date written YYYY-MM-DD."""
    try:
        return date.fromisoformat(value.scalar or "") if _DAY.fullmatch(value.scalar or "") else _no_day(value)
    except ValueError:
        return _no_day(value)


def _no_day(value: Value) -> date:
    value.expected("a date written YYYY-MM-DD")
    return NEVER


def clock(value: Value) -> time:
    """A time of day written HH:MM."""
    if not _TIME.fullmatch(value.scalar or ""):
        value.expected("a time of day written HH:MM")
        return time()
    return time.fromisoformat(value.scalar or "")


def zone(value: Value) -> str:
    """The name of an IANA time zone."""
    name = text(value)
    try:
        if name:
            calendar.zone(name)
    except Invalid:
        value.note(f"'{name}' is not an IANA time zone{calendar.nearest_zone(name)}")
    return name


def language(value: Value) -> str:
    """A language code of two letters; empty where it is none."""
    found = value.scalar or ""
    if not _LANGUAGE.fullmatch(found):
        value.expected("a language code of two letters, such as en or nl")
        return ""
    return found


def offset(value: Value) -> Offset:
    """A distance on the calendar: `7d`, `-14d`, `2w`, `3 months`, `-1 month`."""
    found = _OFFSET.fullmatch((value.scalar or "").strip())
    if not found:
        value.expected("an offset such as 7d, -14d, 2w or 3 months")
        return Offset()
    number = int(found[2]) * (-1 if found[1] == "-" else 1)
    if found[3].startswith("m"):
        return Offset(months=number)
    return Offset(days=number * (7 if found[3].startswith("w") else 1))


def days(value: Value) -> int:
    """A distance in whole days or weeks."""
    noted = len(value.notes.problems)
    found = offset(value)
    if found.months and len(value.notes.problems) == noted:
        value.expected("days or weeks, such as -14d or 2w (months have no fixed length)")
    return found.days


def labels(value: Value, languages: Collection[str]) -> dict[str, str]:
    """The same words in each language of the study: `{en: ..., nl: ...}`."""
    entries = value.entries()
    for name, entry in entries.items():
        if languages and name not in languages:
            entry.note(f"'{name}' is not a language of this study; expected {' and '.join(languages)}")
    missing = [name for name in languages if name not in entries]
    if missing and entries:
        value.note(f"missing the words in {' and '.join(missing)}")
    return {name: text(entry) for name, entry in entries.items()}

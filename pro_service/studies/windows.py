"""Checks that need the whole protocol: windows that would shadow each other, value sets that nobody chose."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from functools import cache
from itertools import combinations

from pro_service.domain import calendar
from pro_service.domain.protocol import Offset, Study, Timepoint
from pro_service.studies.document import Value

FOUR_YEARS = 1461
"""Days, one of them a leap day: after them the calendar repeats itself."""


def check(study: Study, sections: Mapping[str, Value], offered: Mapping[str, Collection[str]] | None) -> None:
    """Note what is wrong with the protocol as a whole; only asked of a file whose parts are sound."""
    if sections["study"].notes.problems:
        return
    entries = sections["timepoints"].entries()
    for one, other in combinations(study.timepoints, 2):
        if shadows(study, one, study, other):
            entries[other.code].note(
                f"its window overlaps that of '{one.code}' (line {entries[one.code].line}): both hang on "
                f"{one.anchors[0].event} and ask the same instrument, so one would shadow the other"
            )
    for code in study.instruments:
        if offered is not None and offered.get(code) and code not in study.value_sets:
            sections["value_sets"].note(f"missing '{code}'; expected one of {', '.join(offered[code])}")


def _overlap(one: Timepoint, other: Timepoint) -> bool:
    """Whether two windows that hang on the same event can be open on the same day, whatever the date of the event."""
    if one.anchors != other.anchors:
        return False
    first, last = _span(one.target)
    start, end = _span(other.target)
    return first + one.opens <= end + other.closes and start + other.opens <= last + one.closes


@cache
def _span(target: Offset) -> tuple[int, int]:
    """The least and the greatest number of days that a distance can be: months differ in length."""
    starts = (
        [date(2024, 1, 1) + timedelta(days=day) for day in range(FOUR_YEARS)] if target.months else [date(2024, 1, 1)]
    )
    lengths = [(calendar.add(start, target) - start).days for start in starts]
    return min(lengths), max(lengths)


def shadows(study: Study, one: Timepoint, version: Study, other: Timepoint) -> bool:
    """Whether two timepoints, each of its own version, can be open on one day and ask somebody the same."""
    return _overlap(one, other) and any(
        set(study.instruments_for(one, stratum)) & set(version.instruments_for(other, stratum))
        for stratum in study.stratum_codes
    )

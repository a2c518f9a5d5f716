"""The table `item_times` of a data cut: when each question was seen and answered, and how long it was looked at.

Two clocks: `seen_at` is the phone's own, which may be wrong by years; `received_at` is the server's, which only says
when the answer came in, perhaps hours later and many at once. So a duration is a difference on the phone's clock alone:
from the first sight of a question to the first sight of the next one. Where that difference cannot be a time of looking
(the person went back, put the phone away, or set its clock meanwhile) there is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import pairwise

from pro_service.domain.datacut import (
    Cut,
    KnownForm,
    KnownParticipant,
    KnownResponse,
    RowsOf,
    long_keys,
    occasion_cells,
)
from pro_service.domain.dataset import Column, Row, Table

LONGEST = timedelta(minutes=30)
"""Whoever looks at one question for longer has put the phone away."""


def item_times() -> Table:
    """One row per question that was shown of each form with answers, in the order in which it is asked."""
    columns = (
        Column("instrument", "Questionnaire"),
        Column("item", "Question"),
        Column("seen_at", "When it was first seen, by the clock of the device", "instant"),
        Column("received_at", "When its answer reached the server, by the server's clock", "instant"),
        Column("seconds", "From its first sight to that of the next question, on the device's clock", "float", "scale"),
    )
    return Table("item_times", "When each question was seen and answered", (*long_keys(), *columns))


def rows(cut: Cut) -> RowsOf:
    """What makes the rows of `item_times` out of a participant's form."""

    def of_form(known: KnownParticipant, form: KnownForm) -> Iterator[Row]:
        begin = (known.participant.code, *occasion_cells(form.assessment))
        dated = not cut.hides_dates(form.assessment.timepoint)
        asked = [(response, item.code) for response in form.responses for item in response.shown]
        sights = [_seen(response, code) for response, code in asked]
        for (response, code), seen, seconds in zip(asked, sights, looks(sights), strict=True):
            instants = (seen, _received(response, code)) if dated else (None, None)
            yield (*begin, response.definition.code, code, *instants, seconds)

    return of_form


def looks(sights: list[datetime | None]) -> list[float | None]:
    """Seconds from each first sight to the next later one among the others; None where that says nothing.

    The next one is the first after it in time, whatever the order on paper: people go back and skip.
    """
    in_time = sorted(at for at in sights if at is not None)
    follows: Mapping[datetime, datetime] = dict(pairwise(in_time))
    found: list[float | None] = []
    for at in sights:
        after = follows.get(at) if at is not None else None
        length = after - at if at is not None and after is not None else None
        found.append(length.total_seconds() if length is not None and timedelta(0) < length <= LONGEST else None)
    return found


def _seen(response: KnownResponse, item: str) -> datetime | None:
    """Of questions with an answer alone: only of an answer is it known whether it was there at the cut."""
    return _instant(response.stamps.get(item, {}), "seen") if item in response.answers else None


def _received(response: KnownResponse, item: str) -> datetime | None:
    return _instant(response.stamps.get(item, {}), "answered") if item in response.answers else None


def _instant(stamp: Mapping[str, object], name: str) -> datetime | None:
    at = stamp.get(name)
    return datetime.fromisoformat(at) if isinstance(at, str) else None

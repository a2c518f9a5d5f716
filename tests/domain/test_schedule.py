"""The window rules as rows: one event, one timepoint, and the window that must come out."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from pro_service.domain.errors import EventTooEarly, Invalid, UnknownArm, UnknownEvent, UnknownStratum
from pro_service.domain.protocol import Anchor, Offset, Timepoint
from pro_service.domain.schedule import Facts, Planned, TrialEvent, check_event, plan
from tests.domain.protocols import study, timepoint


def on(text: str) -> date:
    return date.fromisoformat(text)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def planned(
    one: Timepoint, events: dict[str, str], *, arm: str = "one", stratum: str = "leg", zone: str = "Europe/Amsterdam"
) -> Planned:
    """What one timepoint becomes for one participant."""
    known = [TrialEvent(kind, on(day)) for kind, day in events.items()]
    (only,) = plan(study(one), Facts(arm, stratum, zone), known)
    return only


def months(number: int) -> Offset:
    return Offset(months=number)


@pytest.mark.parametrize(
    ("anchor", "target", "expected", "why"),
    [
        ("2026-01-12", Offset(days=7), "2026-01-19", "days"),
        ("2026-01-12", Offset(days=-14), "2025-12-29", "days before the anchor, over the turn of the year"),
        ("2026-01-12", months(3), "2026-04-12", "calendar months"),
        ("2026-01-31", months(1), "2026-02-28", "a month without a 31st clips to its end"),
        ("2026-11-30", months(3), "2027-02-28", "and February is the shortest"),
        ("2027-11-30", months(3), "2028-02-29", "with a leap day when there is one"),
        ("2024-02-29", months(12), "2025-02-28", "a year after a leap day"),
        ("2024-02-29", months(48), "2028-02-29", "four years after a leap day"),
        ("2026-03-31", months(-1), "2026-02-28", "months back clip too"),
        ("2026-12-31", months(24), "2028-12-31", "whole years"),
        ("2026-08-31", months(18), "2028-02-29", "a year and a half"),
        ("2026-01-31", Offset(months=1, days=1), "2026-03-01", "months clip first, then days are added"),
    ],
)
def test_target(anchor: str, target: Offset, expected: str, why: str) -> None:
    """T = anchor date + target; months clip to the month's end."""
    assert planned(timepoint(target=target), {"randomisation": anchor}).target_on == on(expected), why


@pytest.mark.parametrize(
    ("zone", "day", "opens_at", "due_at", "why"),
    [
        ("Europe/Amsterdam", "2026-01-12", "2026-01-11T23:00", "2026-01-12T23:00", "winter, one hour ahead of UTC"),
        ("Europe/Amsterdam", "2026-07-12", "2026-07-11T22:00", "2026-07-12T22:00", "summer, two hours"),
        ("Europe/Amsterdam", "2026-03-29", "2026-03-28T23:00", "2026-03-29T22:00", "a day of 23 hours"),
        ("Europe/Amsterdam", "2026-10-25", "2026-10-24T22:00", "2026-10-25T23:00", "a day of 25 hours"),
        ("Europe/Lisbon", "2026-03-29", "2026-03-29T00:00", "2026-03-29T23:00", "the same night in another zone"),
        ("Europe/Lisbon", "2026-10-25", "2026-10-24T23:00", "2026-10-26T00:00", ""),
        ("America/New_York", "2026-03-08", "2026-03-08T05:00", "2026-03-09T04:00", "another continent's clocks"),
        ("America/New_York", "2026-11-01", "2026-11-01T04:00", "2026-11-02T05:00", ""),
        ("Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00", "2026-04-05T13:30", "clocks go back half an hour"),
        ("Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30", "2026-10-04T13:00", ""),
        (
            "America/Havana",
            "2026-03-08",
            "2026-03-08T05:00",
            "2026-03-09T04:00",
            "no midnight: the day begins at 01:00",
        ),
        (
            "America/Havana",
            "2026-11-01",
            "2026-11-01T04:00",
            "2026-11-02T05:00",
            "two midnights: it begins at the first",
        ),
        ("Asia/Kolkata", "2026-03-29", "2026-03-28T18:30", "2026-03-29T18:30", "no clock change, no whole hour"),
        ("Pacific/Kiritimati", "2026-01-12", "2026-01-11T10:00", "2026-01-12T10:00", "fourteen hours ahead"),
        ("UTC", "2026-01-12", "2026-01-12T00:00", "2026-01-13T00:00", ""),
    ],
)
def test_days_begin_and_end_at_local_midnight(zone: str, day: str, opens_at: str, due_at: str, why: str) -> None:
    """Failure 9: opens_at = 00:00 local of T + opens, due_at = 24:00 local of T, whatever the clocks do that night."""
    one = planned(timepoint(), {"randomisation": day}, zone=zone)
    assert (one.opens_at, one.due_at) == (instant(opens_at), instant(due_at)), why
    assert one.closes_at == one.due_at


@pytest.mark.parametrize(
    ("opens", "closes", "opens_at", "closes_at"),
    [
        (0, 0, "2026-01-11T23:00", "2026-01-12T23:00"),
        (-7, 0, "2026-01-04T23:00", "2026-01-12T23:00"),
        (0, 14, "2026-01-11T23:00", "2026-01-26T23:00"),
        (-28, 56, "2025-12-14T23:00", "2026-03-09T23:00"),
        (-14, 90, "2025-12-28T23:00", "2026-04-12T22:00"),  # closes in summer time
    ],
)
def test_window_around_target(opens: int, closes: int, opens_at: str, closes_at: str) -> None:
    one = planned(timepoint(opens=opens, closes=closes), {"randomisation": "2026-01-12"})
    assert (one.opens_at, one.closes_at) == (instant(opens_at), instant(closes_at))
    assert one.due_at == instant("2026-01-12T23:00")


CAPPED = {"opens": -7, "closes": 14}


@pytest.mark.parametrize(
    ("cap", "event_on", "closes_at", "reason", "why"),
    [
        ("not_after", None, "2026-02-02T23:00", None, "no date yet: no cap"),
        ("not_after", "2026-03-01", "2026-02-02T23:00", None, "after the window: a cap never lengthens"),
        ("not_after", "2026-02-02", "2026-02-02T23:00", None, "on the last day: that day still counts"),
        ("not_after", "2026-01-26", "2026-01-26T23:00", None, "24:00 of the event's day"),
        ("not_after", "2026-01-15", "2026-01-15T23:00", None, "earlier than due: closes, though due later"),
        ("not_after", "2026-01-12", "2026-01-12T23:00", None, "on the first day: one day is left"),
        ("not_after", "2026-01-11", "2026-01-11T23:00", "no-window", "the day before opening: no time at all"),
        ("not_after", "2025-12-01", "2025-12-01T23:00", "no-window", "long before"),
        ("before", None, "2026-02-02T23:00", None, "no date yet: no cap"),
        ("before", "2026-02-03", "2026-02-02T23:00", None, "the day after the window: no difference"),
        ("before", "2026-02-02", "2026-02-01T23:00", None, "00:00 of the event's day: the last day is lost"),
        ("before", "2026-01-13", "2026-01-12T23:00", None, "one day is left"),
        ("before", "2026-01-12", "2026-01-11T23:00", "no-window", "on the first day: no time at all"),
    ],
)
def test_caps(cap: str, event_on: str | None, closes_at: str, reason: str | None, why: str) -> None:
    """T is 19 January, the window 12 January to 2 February. A cap leaving no time cancels with reason no-window."""
    caps = {cap: "surgery"}
    one = timepoint(target=7, **CAPPED, **caps)  # type: ignore[arg-type]  # a table of keyword arguments
    events = {"randomisation": "2026-01-12", **({"surgery": event_on} if event_on else {})}
    found = planned(one, events)
    assert (found.closes_at, found.reason) == (instant(closes_at), reason), why
    assert found.state == ("cancelled" if reason else "planned")
    assert (found.opens_at, found.due_at) == (instant("2026-01-11T23:00"), instant("2026-01-19T23:00"))


def test_the_earlier_of_two_caps_wins() -> None:
    one = timepoint(closes=60, not_after="start", before="surgery")
    known = {"randomisation": "2026-01-12", "start": "2026-01-20", "surgery": "2026-01-18"}
    assert planned(one, known).closes_at == instant("2026-01-17T23:00")
    assert planned(one, {**known, "surgery": "2026-01-25"}).closes_at == instant("2026-01-20T23:00")


CHAIN = (Anchor("end"), Anchor("start", {"one": 32, "two": 17}), Anchor("randomisation"))


@pytest.mark.parametrize(
    ("arm", "known", "anchor", "target", "why"),
    [
        ("one", "end start randomisation", "end", "2026-03-01", "the first of the chain wins"),
        ("one", "start randomisation", "start", "2026-03-05", "fallback: 1 February + 32 days"),
        ("two", "start randomisation", "start", "2026-02-18", "fallback: 1 February + 17 days"),
        ("two", "randomisation", "randomisation", "2026-01-01", "a fallback without days"),
        ("one", "surgery", None, None, "none known: waiting"),
        ("one", "", None, None, "nothing known at all"),
    ],
)
def test_anchor_chain(arm: str, known: str, anchor: str | None, target: str | None, why: str) -> None:
    """The first event with a date wins; a fallback may add days per arm. `anchor_on` is the event's own date."""
    dates = {"end": "2026-03-01", "start": "2026-02-01", "randomisation": "2026-01-01", "surgery": "2026-04-01"}
    found = planned(timepoint(anchor=CHAIN, closes=7), {kind: dates[kind] for kind in known.split()}, arm=arm)
    assert (found.anchor, found.target_on) == (anchor, on(target) if target else None), why
    assert found.anchor_on == (on(dates[anchor]) if anchor else None)
    assert found.state == ("planned" if anchor else "waiting")
    assert (found.opens_at is None, found.due_at is None, found.closes_at is None) == (anchor is None,) * 3


@pytest.mark.parametrize(
    ("events", "state", "reason", "why"),
    [
        ({}, "planned", None, "nobody left"),
        ({"withdrawal": "2026-02-02"}, "planned", None, "closes on the very day of withdrawal: stays"),
        ({"withdrawal": "2026-02-01"}, "cancelled", "withdrawal", "closes the day after"),
        ({"withdrawal": "2026-01-01"}, "cancelled", "withdrawal", "withdrew before it opened"),
        ({"death": "2026-02-01"}, "cancelled", "death", "died before it closed"),
        ({"death": "2026-03-01"}, "planned", None, "died later"),
        ({"withdrawal": "2026-01-20", "death": "2026-01-25"}, "cancelled", "withdrawal", "the first to happen counts"),
        ({"withdrawal": "2026-01-25", "death": "2026-01-20"}, "cancelled", "death", "whatever the order of the file"),
        ({"withdrawal": "2026-01-01", "surgery": "2026-01-05"}, "cancelled", "no-window", "no window to withdraw from"),
    ],
)
def test_withdrawal_and_death(events: dict[str, str], state: str, reason: str | None, why: str) -> None:
    """The window runs from 12 January to 2 February: what closes after the day somebody left is cancelled."""
    one = timepoint(target=7, opens=-7, closes=14, before="surgery")
    found = planned(one, {"randomisation": "2026-01-12", **events})
    assert (found.state, found.reason) == (state, reason), why


def test_what_waits_is_cancelled_by_withdrawal_too() -> None:
    found = planned(timepoint(anchor="surgery"), {"randomisation": "2026-01-12", "withdrawal": "2026-02-01"})
    assert (found.state, found.reason, found.opens_at) == ("cancelled", "withdrawal", None)


def test_a_timepoint_that_asks_nothing_of_a_stratum_is_left_out() -> None:
    only_function, both = timepoint("f", instruments=("function",)), timepoint("b", instruments=("qlq-c30", "function"))
    for stratum, expected in {
        "leg": {"f": ("tess-le",), "b": ("qlq-c30", "tess-le")},
        "arm": {"b": ("qlq-c30",)},
    }.items():
        found = plan(study(only_function, both), Facts("one", stratum, "UTC"), ())
        assert {one.timepoint: one.instruments for one in found} == expected


@pytest.mark.parametrize(
    ("facts", "error", "message"),
    [
        (Facts("three", "leg", "UTC"), UnknownArm, "no arm 'three'; the arms are one, two"),
        (Facts("one", "head", "UTC"), UnknownStratum, "no stratum 'head'; the strata are arm, leg"),
        (Facts("one", "leg", "Europe/Amsterdm"), Invalid, "'Europe/Amsterdm' is not an IANA time zone"),
        (Facts("one", "leg", "../etc/passwd"), Invalid, "is not an IANA time zone"),
        (Facts("one", "leg", "Europe"), Invalid, "is not an IANA time zone"),
        (Facts("one", "leg", ""), Invalid, "is not an IANA time zone"),
    ],
)
def test_facts_that_cannot_be(facts: Facts, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        plan(study(timepoint()), facts, ())
    assert message in str(caught.value)


def test_one_date_per_kind_of_event() -> None:
    twice = [TrialEvent("surgery", on("2026-02-20")), TrialEvent("surgery", on("2026-03-20"))]
    with pytest.raises(Invalid, match="more than once"):
        plan(study(timepoint()), Facts("one", "leg", "UTC"), twice)


@pytest.mark.parametrize(
    ("kind", "day", "error"),
    [
        ("randomisation", "2000-01-01", None),
        ("randomisation", "1999-12-31", EventTooEarly),
        ("surgery", "0001-01-01", EventTooEarly),
        ("surgery", "2099-12-31", None),
        ("surgery", "9999-12-31", Invalid),
        ("operation", "2026-01-01", UnknownEvent),
    ],
)
def test_events_a_study_can_have(kind: str, day: str, error: type[Exception] | None) -> None:
    """The study was born on 2000-01-01."""
    if error is None:
        check_event(study(), kind, on(day))
    else:
        with pytest.raises(error):
            check_event(study(), kind, on(day))

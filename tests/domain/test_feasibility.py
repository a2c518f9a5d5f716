"""What cannot work, found by letting people live through it: small protocols, each with one mistake of a designer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time
from random import Random

import pytest

from pro_service.domain.feasibility import Finding, Limits, findings
from pro_service.domain.protocol import Anchor, EventKind, ReminderRule, Study, Timepoint
from pro_service.domain.simulation import FAR, Period, lives
from pro_service.domain.tally import Tally
from pro_service.instruments.reader import load_catalogue
from pro_service.studies.reader import read, shipped
from tests.domain.protocols import study as tiny
from tests.domain.protocols import timepoint

PERIOD = Period(datetime(2024, 7, 2, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
CATALOGUE = load_catalogue()
NONE = Limits()


def protocol(*timepoints: Timepoint, **changes: object) -> Study:
    """A study of which everybody is randomised; start, end and surgery follow."""
    study = tiny(*timepoints)
    events = (EventKind("randomisation", {}, required=True), *study.events[1:])
    return replace(study, events=events, **changes)  # type: ignore[arg-type]


def found(study: Study, limits: Limits = NONE, participants: int = 120) -> Sequence[Finding]:
    tally = Tally(study, CATALOGUE, FAR)
    for lived in lives(study, participants=participants, period=PERIOD, dice=lambda *words: Random(f"1:{words}")):
        tally.add(lived)
    return findings(tally, limits)


SURGERY = timepoint("after_surgery", anchor="surgery", closes=14)
"""Makes surgery part of the course."""

VISIT = timepoint("visit", closes=14)
CASES = {
    "nothing is wrong": (protocol(VISIT), NONE, []),
    "an event that never happens to anybody still taking part": (
        protocol(VISIT, timepoint("bereaved", anchor="death", closes=14)),
        NONE,
        ["error never-opens: bereaved: opens for none of 108 people (death 6, waits for death 108, "],
    ),
    "a cap that leaves nobody a window": (
        protocol(timepoint("visit", target=30, closes=14, before="randomisation")),
        NONE,
        ["error no-window: visit: its cap leaves no window for any of 120 people"],
    ),
    "a cap that leaves many no window": (
        protocol(timepoint("visit", target=77, closes=14, before="surgery"), SURGERY),
        NONE,
        ["warning no-window: visit: its cap leaves 1"],
    ),
    "asked of no stratum": (
        protocol(VISIT, timepoint("nothing", instruments=("none",), closes=3), choices={"none": {}}),
        NONE,
        ["error asks-nothing: nothing: asks nothing of any stratum"],
    ),
    "a stratum that is asked nothing": (
        protocol(timepoint("visit", instruments=("function",), closes=14)),
        NONE,
        [
            "error asks-nothing: one, arm: these 30 people are asked nothing",
            "error asks-nothing: two, arm: these 30 people are asked nothing",
        ],
    ),
    "an arm whose fallback lies behind the cap": (
        protocol(
            timepoint(anchor=(Anchor("randomisation", {"one": 0, "two": 900}),), opens=-14, not_after="randomisation")
        ),
        NONE,
        [
            "error never-opens: visit: opens for none of 30 people in two, arm",
            "error never-opens: visit: opens for none of 30 people in two, leg",
            "warning no-window: visit: its cap leaves 60 of 120 people (50%) no window",
        ],
    ),
    "over before anybody knows": (
        protocol(timepoint("visit", target=-30, closes=14)),
        NONE,
        ["error known-too-late: visit: over before its date is known, for all of 120 people"],
    ),
    "two visits that are one": (
        protocol(
            timepoint("visit", target=40, opens=-40, closes=120),
            timepoint("start", anchor="start", closes=7),
        ),
        NONE,
        [
            "error one-inside-the-other: start and visit: one window lies within the other",
            "warning too-close: start and visit: qlq-c30 may be asked twice within 7 days of",
        ],
    ),
    "messages in the night": (
        protocol(VISIT, reminders=ReminderRule(at=time(22))),
        NONE,
        ["error quiet-hours: messages are due at 22:00, within the quiet hours from 21:00 until 08:00"],
    ),
    "one-day windows, and messages in the night": (
        protocol(timepoint("visit", target=3), reminders=ReminderRule(at=time(22), after_open=(), before_close=())),
        NONE,
        ["error quiet-hours: ", "warning no-message: visit: of 16 windows left unanswered not one was"],
    ),
    "reminders after the end": (
        protocol(VISIT, reminders=ReminderRule(after_open=(3, 15), before_close=(2, 30))),
        NONE,
        [
            "warning reminder-never-due: the reminder 15 days after opening fits in no window: the longest is 15 days",
            "warning reminder-never-due: the reminder 30 days before closing fits in no window",
        ],
    ),
    "more messages than promised": (
        protocol(VISIT, reminders=ReminderRule(after_open=(1, 2, 3, 4), before_close=())),
        Limits(weekly_messages=2),
        ["error too-many-messages: up to 5 in one calendar week where 2 are allowed, for "],
    ),
    "longer than promised": (
        protocol(VISIT, timepoint("later", target=200, closes=14, instruments=("eq-5d-5l",))),
        Limits(form_minutes=3, total_minutes=4),
        [
            "warning too-long: visit: takes up to 4 minutes where 3 are allowed",
            "warning too-long: all forms together take 1",
        ],
    ),
    "as long as promised": (protocol(VISIT), Limits(weekly_messages=7, form_minutes=4, total_minutes=4), []),
}


@pytest.mark.parametrize("case", CASES)
def test_what_a_designer_must_change(case: str) -> None:
    study, limits, expected = CASES[case]
    lines = [f"{one.severity} {one.code}: {one.text}" for one in found(study, limits)]
    assert len(lines) == len(expected), lines
    for line, start in zip(lines, expected, strict=True):
        assert line.startswith(start), line


@pytest.mark.parametrize("participants", [0, 1, 9])
def test_few_people_make_no_false_alarm(participants: int) -> None:
    """Failure row 22: of none, one or nine people, nothing in SCOPES is found that cannot work."""
    text, path = shipped("scopes")
    study = read(text, file=path, catalogue_codes=None)
    assert [one for one in found(study, participants=participants) if one.severity == "error"] == []


@pytest.mark.parametrize("seed", [1, 2])
def test_scopes_can_work(seed: int) -> None:
    """Its one warning is that surgery comes when month 3 does: the later form offers to wait."""
    text, path = shipped("scopes")
    study = read(text, file=path, catalogue_codes=None)
    tally = Tally(study, CATALOGUE, FAR)
    for lived in lives(study, participants=160, period=PERIOD, dice=lambda *words: Random(f"{seed}:{words}")):
        tally.add(lived)
    assert {one.code for one in findings(tally, NONE)} == {"too-close"}
    assert set(Counter(tally.groups.values())) == {20}

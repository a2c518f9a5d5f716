"""What a re-plan means for the messages, drawn as tables: which fall away, which come instead, and what stays.

One visit, open from its day until a fortnight later; invitation at 10:00 on the first day, reminders 3 and 7 days
later and 2 days before the last. It is 20 March, nine in the morning in Amsterdam (winter time).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from pro_service.domain.assessments import Assessment
from pro_service.domain.calendar import zone
from pro_service.domain.consequences import Consequence, Note, consequences
from pro_service.domain.participants import Participant
from pro_service.domain.schedule import Facts, Planned, TrialEvent, changes, plan
from tests.domain.assessed import AT, applied, begun
from tests.domain.protocols import study, timepoint

VISIT = study(timepoint("visit", anchor="surgery", closes=14))
NOW = datetime(2026, 3, 20, 8, tzinfo=UTC)
ANNA = Participant(
    id=UUID(int=1),
    study_id=UUID(int=2),
    study_version_id=UUID(int=3),
    code="N-001",
    site="north",
    arm="one",
    stratum="leg",
    language="en",
    timezone="Europe/Amsterdam",
    eligibility={},
    consented_on=None,
    enrolled_at=AT,
)


def planned(**dates: str) -> tuple[Planned, ...]:
    known = [TrialEvent(kind, date.fromisoformat(on)) for kind, on in dates.items()]
    return plan(VISIT, Facts("one", "leg", "Europe/Amsterdam"), known)


def existing(**dates: str) -> tuple[Assessment, ...]:
    return applied((), planned(**dates))


def meant(
    held: tuple[Assessment, ...], wanted: tuple[Planned, ...], person: Participant = ANNA, now: datetime = NOW
) -> Consequence:
    (one,) = consequences(changes(held, wanted), rule=VISIT.reminders, participant=person, now=now)
    return one


def drawn(notes: tuple[Note, ...]) -> str:
    """Local day and hour of each: `i 20-03 10h` is an invitation."""
    amsterdam = zone("Europe/Amsterdam")
    return ", ".join(
        f"{note.occasion[0]} {note.at.astimezone(amsterdam):%d-%m %Hh}" if note.at else f"{note.occasion[0]} at once"
        for note in notes
    )


@pytest.mark.parametrize(
    ("was", "becomes", "fall_away", "come_instead", "why"),
    [
        ({}, {"surgery": "2026-04-01"}, "", "i 01-04 10h, r 04-04 10h, r 08-04 10h, r 13-04 10h", "becomes known"),
        ({"surgery": "2026-04-01"}, {}, "i 01-04 10h, r 04-04 10h, r 08-04 10h, r 13-04 10h", "", "taken back"),
        (
            {"surgery": "2026-04-01"},
            {"surgery": "2026-04-04"},
            "i 01-04 10h, r 08-04 10h, r 13-04 10h",
            "r 07-04 10h, r 11-04 10h, r 16-04 10h",
            "three days later: what fell on the same instant stays as it is",
        ),
        (
            {"surgery": "2026-03-14"},
            {"surgery": "2026-03-16"},
            "r 21-03 10h, r 26-03 10h",
            "r 23-03 10h, r 28-03 10h",
            "half-way: said is said, and the reminder of 19 March comes after the one of 17 March",
        ),
        ({}, {"surgery": "2026-03-18"}, "", "i at once, r 21-03 10h, r 25-03 10h, r 30-03 10h", "back-dated"),
        ({}, {"surgery": "2026-02-18"}, "", "", "dated back so far that it is over"),
        (
            {"surgery": "2026-04-01"},
            {"surgery": "2026-04-01", "withdrawal": "2026-03-20"},
            "i 01-04 10h, r 04-04 10h, r 08-04 10h, r 13-04 10h",
            "",
            "whoever left is written to no more",
        ),
        (
            {"surgery": "2026-04-01", "withdrawal": "2026-03-19"},
            {"surgery": "2026-04-01"},
            "",
            "i 01-04 10h, r 04-04 10h, r 08-04 10h, r 13-04 10h",
            "the withdrawal was a mistake",
        ),
    ],
)  # fmt: skip
def test_messages(was: dict[str, str], becomes: dict[str, str], fall_away: str, come_instead: str, why: str) -> None:
    one = meant(existing(**was), planned(**becomes))
    expected_now = "r at once, " if "half-way" in why else ""
    assert (drawn(one.fall_away), drawn(one.come_instead)) == (fall_away, expected_now + come_instead), why


@pytest.mark.parametrize(("submitted", "stays"), [(False, "begun"), (True, "submitted")])
def test_what_was_begun_stays_with_its_messages_and_says_why(submitted: bool, stays: str) -> None:
    """Failure row 17: the date moves, the assessment does not, and nothing is sent about the new date."""
    held = begun(existing(surgery="2026-03-18"), "visit", submitted=submitted)
    one = meant(held, planned(surgery="2026-04-01"))
    assert (one.stays, one.fall_away, one.come_instead) == (stays, (), ())


@pytest.mark.parametrize(
    ("was", "come_instead", "why"),
    [
        ("2026-03-20", "r 24-03 10h, r 29-03 10h", "invited at ten today: not reminded as well"),
        ("2026-03-16", "r at once, r 24-03 10h, r 29-03 10h", "yesterday they were reminded of another window"),
    ],
)
def test_nobody_is_told_twice_on_one_day(was: str, come_instead: str, why: str) -> None:
    """Failure row 12, of a surgery that turns out to have been on 17 March: its first reminder was due at ten today."""
    afternoon = datetime(2026, 3, 20, 15, tzinfo=UTC)
    one = meant(existing(surgery=was), planned(surgery="2026-03-17"), now=afternoon)
    assert drawn(one.come_instead) == come_instead, why


def test_what_writes_does_not_stay() -> None:
    assert meant((), planned()).stays is None
    assert meant(existing(surgery="2026-04-01"), planned(surgery="2026-04-02")).stays is None


def test_somebody_who_wants_no_messages_gets_none_instead() -> None:
    quiet = replace(ANNA, preferences={"channel": "none"})
    one = meant(existing(surgery="2026-04-01"), planned(surgery="2026-04-04"), quiet)
    assert (one.fall_away, one.come_instead) == ((), ())

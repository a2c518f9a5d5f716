"""Events move the schedule: preview, record, correct, take back. Guards failures 6, 8, 10, 17, 18 and 21."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select

from pro_service.domain.assessments import Assessment
from pro_service.domain.audit import Actor
from pro_service.domain.errors import (
    Conflict,
    EventTooEarly,
    Forbidden,
    Invalid,
    NotFound,
    ProError,
    UnknownEvent,
)
from pro_service.domain.events import current
from pro_service.domain.participants import Participant
from pro_service.domain.responses import Draft
from pro_service.domain.schedule import Change, TrialEvent
from pro_service.services import assessments, events, responses, schedule
from pro_service.storage.audit import audit_event
from pro_service.storage.events import trial_event
from tests.services.forms import QLQ, THIRTY, Begin, Enrol, answers, assessment, statuses
from tests.support import people
from tests.support.clock import Clock

FEBRUARY, MARCH = date(2026, 2, 20), date(2026, 3, 20)


@pytest.fixture
def anna(enrolled: Enrol) -> Participant:
    """On the short schedule, her radiotherapy planned for 26 January."""
    return enrolled(events=(TrialEvent("radiotherapy_start", date(2026, 1, 26), actual=False),))


def told(changes: tuple[Change, ...]) -> list[tuple[str, str]]:
    """What a re-plan says, as pairs of kind and timepoint."""
    return [(change.kind, change.planned.timepoint) for change in changes]


def windows(work: Begin, participant: Participant) -> dict[str, tuple[datetime | None, datetime | None]]:
    with work(people.system, writes=False) as w:
        views = assessments.listing(w, participant_id=participant.id)
    return {view.assessment.timepoint: (view.assessment.opens_at, view.assessment.closes_at) for view in views}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_moving_surgery_moves_what_hangs_on_it_and_nothing_else(work: Begin, anna: Participant) -> None:
    """The second worked example of the protocol; failure 18: same rows, same ids, other dates."""
    with work(people.coordinator_nki) as w:
        first = events.record(w, participant_id=anna.id, kind="surgery", on=FEBRUARY, actual=False)
    assert told(first.changes) == [("move", "end_of_radiotherapy"), ("move", "before_surgery"), ("move", "postop_30d")]
    assert windows(work, anna)["end_of_radiotherapy"][1] == at("2026-02-19T23:00:00Z")
    assert windows(work, anna)["before_surgery"][0] == at("2026-02-12T23:00:00Z")
    ids = {view: assessment(work, anna, view).id for view in windows(work, anna)}
    with work(people.coordinator_nki) as w:
        events.record(w, participant_id=anna.id, kind="surgery", on=MARCH, actual=False)
    assert windows(work, anna)["end_of_radiotherapy"][1] == at("2026-02-26T23:00:00Z")
    assert windows(work, anna)["before_surgery"][0] == at("2026-03-12T23:00:00Z")
    assert {view: assessment(work, anna, view).id for view in windows(work, anna)} == ids


@pytest.mark.parametrize("submitted", [False, True])
def test_answers_stay_where_they_are_when_dates_move(
    work: Begin, anna: Participant, clock: Clock, submitted: bool
) -> None:
    """Failures 10 and 17: begun or submitted, an assessment never moves, is not issued again, and keeps its answers."""
    with work(people.coordinator_nki) as w:
        events.record(w, participant_id=anna.id, kind="surgery", on=FEBRUARY, actual=False)
    clock.set(at("2026-02-13T10:00:00Z"))
    one = assessment(work, anna, "end_of_radiotherapy")
    with work(people.patient(anna.id)) as w:
        responses.save(w, assessment_id=one.id, instrument=QLQ, answers=THIRTY, revision=0)
        if submitted:
            responses.submit(w, assessment_id=one.id)
    before = assessment(work, anna, "end_of_radiotherapy")
    with work(people.coordinator_nki) as w:
        moved = events.record(w, participant_id=anna.id, kind="surgery", on=MARCH, actual=False)
    assert ("kept", "end_of_radiotherapy") in told(moved.changes)
    assert assessment(work, anna, "end_of_radiotherapy") == before
    assert answers(work, one.id) == THIRTY


def test_preview_says_what_record_does_and_writes_nothing(work: Begin, anna: Participant, engine: Engine) -> None:
    """Failure 8: looking at what a change would do is not doing it."""

    def rows() -> list[int]:
        with engine.connect() as connection:
            counts = (select(func.count()).select_from(table) for table in (trial_event, audit_event))
            return [connection.execute(count).scalar_one() for count in counts]

    before, held = windows(work, anna), rows()
    with work(people.coordinator_nki, writes=False) as w:
        seen = events.preview(w, participant_id=anna.id, kind="surgery", on=FEBRUARY, actual=False)
    assert (windows(work, anna), rows()) == (before, held)
    with work(people.coordinator_nki) as w:
        done = events.record(w, participant_id=anna.id, kind="surgery", on=FEBRUARY, actual=False)
    assert told(seen.changes) == told(done.changes)
    assert seen.consequences == done.consequences


def test_the_same_event_again_changes_nothing(work: Begin, anna: Participant, clock: Clock) -> None:
    recorded = []
    for _ in range(2):
        with work(people.coordinator_nki) as w:
            recorded.append(events.record(w, participant_id=anna.id, kind="surgery", on=FEBRUARY, actual=False))
        clock.advance(hours=1)
    assert recorded[0].event == recorded[1].event
    assert recorded[1].changes == ()


def test_planned_then_actual_then_corrected_then_taken_back(work: Begin, anna: Participant, clock: Clock) -> None:
    """Failure 21: every correction counts at once, and what was believed on each past day can be told."""
    days = []
    steps = [
        (FEBRUARY, False, ""),
        (FEBRUARY, True, ""),
        (date(2026, 2, 19), True, "theatre list"),
        (None, True, "mistaken"),
    ]
    clock.set(at("2026-02-20T16:00:00Z"))
    for on, actual, reason in steps:
        with work(people.coordinator_nki) as w:
            events.record(w, participant_id=anna.id, kind="surgery", on=on, actual=actual, reason=reason)
        days.append(clock.now)
        clock.advance(days=1)
    with work(people.coordinator_nki) as w:
        history = [one for one in events.history(w, participant_id=anna.id) if one.kind == "surgery"]
        known = [current(events.history(w, participant_id=anna.id, known_at=day)) for day in days]
    believed = [next((event for event in each if event.kind == "surgery"), None) for each in known]
    assert [one.on for one in history] == [on for on, _, _ in steps]
    assert [one.supersedes_id for one in history] == [None, *(one.id for one in history[:-1])]
    assert believed == [
        TrialEvent("surgery", FEBRUARY, actual=False),
        TrialEvent("surgery", FEBRUARY),
        TrialEvent("surgery", date(2026, 2, 19)),
        None,
    ]
    assert statuses(work, anna)["postop_30d"] == "waiting"


@pytest.mark.parametrize(
    ("zone", "midnight"),
    [("Europe/Amsterdam", "2026-03-28T23:00:00Z"), ("America/New_York", "2026-03-29T04:00:00Z")],
)
def test_a_day_is_the_day_on_the_wall_there(
    work: Begin, enrolled: Enrol, clock: Clock, zone: str, midnight: str
) -> None:
    """Failure rows 9 and 23: 28 March ends at midnight where the person lives, also when clocks change."""
    bo = enrolled(timezone=zone)
    for seconds, day in ((-1, 20), (0, 21)):
        clock.set(at(midnight) + timedelta(seconds=seconds))
        with work() as w:
            events.record(w, participant_id=bo.id, kind="surgery", on=date(2026, 4, day), actual=False)
    with work() as w:
        known = events.history(w, participant_id=bo.id, known_on=date(2026, 3, 28))
        then = schedule.as_known(w, participant_id=bo.id, known_on=date(2026, 3, 28)).assessments
    assert [one.on for one in known if one.kind == "surgery"] == [date(2026, 4, 20)]
    assert [one.anchor_on for one in then if one.timepoint == "postop_30d"] == [date(2026, 4, 20)]


def test_what_is_stored_is_what_the_history_says(work: Begin, anna: Participant, clock: Clock) -> None:
    """Failure rows 19 and 21: after every correction nothing is left that planning anew would change."""
    clock.set(at("2026-02-20T16:00:00Z"))
    for on, actual in ((MARCH, False), (FEBRUARY, False), (FEBRUARY, True), (date(2026, 2, 19), True), (None, True)):
        with work(people.coordinator_nki) as w:
            events.record(w, participant_id=anna.id, kind="surgery", on=on, actual=actual, reason="theatre list")
            assert schedule.replan(w, participant=anna) == ()
        with work(people.coordinator_nki, writes=False) as w:
            again = events.preview(w, participant_id=anna.id, kind="progression", on=date(2026, 2, 20))
        assert again.changes == ()
        clock.advance(hours=1)


@pytest.mark.parametrize(
    ("on", "happened"), [(date(2026, 1, 12), True), (date(2026, 1, 13), False)], ids=["today", "tomorrow"]
)
def test_what_lies_ahead_is_planned_unless_said_otherwise(
    work: Begin, anna: Participant, on: date, happened: bool
) -> None:
    with work() as w:
        assert events.record(w, participant_id=anna.id, kind="radiotherapy_start", on=on).event.actual is happened


@pytest.mark.parametrize(
    ("kind", "on", "actual", "error"),
    [
        ("surgery", date(2019, 1, 1), True, EventTooEarly),
        ("surgery", date(2026, 1, 13), True, Invalid),
        ("surgery", date(2036, 1, 13), False, Invalid),
        ("coronation", FEBRUARY, False, UnknownEvent),
        ("coronation", None, False, UnknownEvent),
        ("surgery", None, True, Conflict),
        ("randomisation", date(2026, 1, 13), False, Conflict),
        ("randomisation", date(2026, 1, 11), True, Invalid),
    ],
)
def test_what_cannot_be_recorded_cannot_be_previewed_either(
    *, work: Begin, anna: Participant, kind: str, on: date | None, actual: bool, error: type[ProError]
) -> None:
    for verb in (events.record, events.preview):
        with pytest.raises(error), work(people.coordinator_nki) as w:
            verb(w, participant_id=anna.id, kind=kind, on=on, actual=actual)
    with work(people.everything) as w:
        assert len(events.history(w, participant_id=anna.id)) == 2


@pytest.mark.parametrize("kind", ["withdrawal", "death"])
def test_whoever_left_is_asked_and_reminded_no_more(work: Begin, anna: Participant, clock: Clock, kind: str) -> None:
    """Failure 6: every open or coming assessment is cancelled with its reason; no message is due any more."""
    one = assessment(work, anna)
    with work(people.patient(anna.id)) as w:
        responses.submit(w, assessment_id=one.id, drafts={QLQ: Draft(THIRTY)})
    clock.advance(days=2)
    with work(people.coordinator_nki) as w:
        events.record(w, participant_id=anna.id, kind=kind, on=date(2026, 1, 13))
        views = assessments.listing(w, participant_id=anna.id)
    assert {view.assessment.timepoint: str(view.status) for view in views}.pop("baseline") == "submitted"
    rest = [view.assessment for view in views if view.assessment.timepoint != "baseline"]
    assert {(one.cancel_reason, one.next_reminder_at) for one in rest} == {(kind, None)}


def test_a_withdrawal_taken_back_brings_everything_back(work: Begin, anna: Participant, clock: Clock) -> None:
    """Failure 10: the same assessments, the same ids, their messages due again."""

    def known() -> dict[str, Assessment]:
        """All but the counter of changes, which only ever rises."""
        return {timepoint: replace(assessment(work, anna, timepoint), revision=0) for timepoint in statuses(work, anna)}

    before = known()
    with work(people.coordinator_nki) as w:
        events.record(w, participant_id=anna.id, kind="withdrawal", on=date(2026, 1, 12))
    assert set(statuses(work, anna).values()) == {"cancelled"}
    with work(people.coordinator_nki) as w:
        events.record(w, participant_id=anna.id, kind="withdrawal", on=None, reason="another participant's letter")
    assert known() == before


def test_re_planning_twice_changes_nothing(work: Begin, anna: Participant) -> None:
    with work(people.everything) as w:
        assert schedule.replan(w, participant=anna) == ()


def test_messages_are_due_for_windows_that_are_not_over(work: Begin, enrolled: Enrol, clock: Clock) -> None:
    """Somebody enrolled late is not invited to what has closed already."""
    clock.set(at("2026-08-01T09:00:00Z"))
    late = enrolled(randomisation=date(2026, 1, 12))
    due = {timepoint: assessment(work, late, timepoint).next_reminder_at for timepoint in ("baseline", "month_12")}
    assert due == {"baseline": None, "month_12": at("2026-12-15T09:00:00Z")}
    assert statuses(work, late)["baseline"] == "missed"


@pytest.mark.parametrize(
    ("actor", "error"),
    [
        (people.nobody, Forbidden),
        (Actor(kind="staff", id="m", role="monitor", study="scopes"), Forbidden),
        (Actor(kind="staff", id="c", role="coordinator", study="scopes", site="lumc"), NotFound),
    ],
)
def test_who_may_not_record(work: Begin, anna: Participant, actor: Actor, error: type[ProError]) -> None:
    for verb in (events.record, events.preview):
        with pytest.raises(error), work(actor) as w:
            verb(w, participant_id=anna.id, kind="surgery", on=FEBRUARY, actual=False)


def test_a_patient_records_nothing(work: Begin, anna: Participant) -> None:
    with pytest.raises(Forbidden), work(people.patient(anna.id)) as w:
        events.record(w, participant_id=anna.id, kind="surgery", on=FEBRUARY, actual=False)


def test_every_moved_date_is_in_the_audit_trail_with_the_reason(work: Begin, anna: Participant, engine: Engine) -> None:
    """AT-1, AT-3: the event, and each field of each assessment it moved, old and new."""
    one = assessment(work, anna, "before_surgery")
    with work(people.coordinator_nki) as w:
        events.record(w, participant_id=anna.id, kind="surgery", on=FEBRUARY, actual=False, reason="theatre list")
    with engine.connect() as connection:
        query = select(audit_event.c.action, audit_event.c.changes, audit_event.c.reason, audit_event.c.subject_id)
        lines = connection.execute(query.order_by(audit_event.c.id.desc()).limit(4)).all()
    assert [line.action for line in lines] == ["assessment.move"] * 3 + ["event.record"]
    assert lines[3].changes == {"surgery.on": [None, "2026-02-20"], "surgery.actual": [None, False]}
    assert lines[3].reason == "theatre list"
    moved = next(line for line in lines if line.subject_id == str(one.id))
    assert moved.changes["anchor_on"] == [None, "2026-02-20"]
    assert moved.changes["closes_at"][0] is None


@pytest.mark.parametrize("zone", ["Europe/Amsterdam", "Pacific/Auckland", "America/St_Johns"])
def test_today_is_the_person_s_own_day(work: Begin, enrolled: Enrol, clock: Clock, zone: str) -> None:
    """At the same instant it is another date elsewhere: what happened today there may be recorded, tomorrow may not."""
    person = enrolled(timezone=zone, randomisation=date(2026, 1, 10))
    clock.set(at("2026-01-12T23:30:00Z"))
    today = {"Europe/Amsterdam": 13, "Pacific/Auckland": 13, "America/St_Johns": 12}[zone]
    tomorrow = date(2026, 1, today) + timedelta(days=1)
    with pytest.raises(Invalid), work(people.everything) as w:
        events.record(w, participant_id=person.id, kind="surgery", on=tomorrow, actual=True)
    with work(people.everything) as w:
        assert events.record(w, participant_id=person.id, kind="surgery", on=date(2026, 1, today)).event.actual

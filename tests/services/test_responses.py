"""Answering and submitting, as a patient and the study team live it. Guards failures 8, 14, 15, 16, 35 and 36."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, func, select

from pro_service.domain.assessments import GRACE
from pro_service.domain.errors import (
    AlreadySubmitted,
    IncompleteForm,
    Invalid,
    InvalidAnswer,
    NotFound,
    NotOpenYet,
    ProError,
    StaleRevision,
    UnknownInstrument,
    UnknownItem,
    WindowClosed,
)
from pro_service.domain.instruments import Answer
from pro_service.domain.participants import Participant
from pro_service.domain.responses import Draft
from pro_service.runtime import Runtime
from pro_service.services import assessments, events, responses
from pro_service.storage.audit import audit_event
from pro_service.storage.responses import response
from tests.services.forms import QLQ, THIRTY, Begin, Enrol, answers, assessment, statuses
from tests.support import people
from tests.support.clock import Clock


@pytest.fixture
def anna(enrolled: Enrol) -> Participant:
    """Enrolled today, baseline open until two weeks and a week from now."""
    return enrolled()


def stored(engine: Engine) -> int:
    """How many responses there are."""
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(response)).scalar_one()


def test_answers_are_saved_one_by_one_and_submitted(work: Begin, anna: Participant, clock: Clock) -> None:
    one = assessment(work, anna)
    with work(people.patient(anna.id)) as w:
        first = responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q1": 1}, revision=0)
    clock.advance(minutes=1)
    with work(people.patient(anna.id)) as w:
        second = responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q2": 4}, revision=first.revision)
    assert (second.revision, second.answers) == (2, {"q1": 1, "q2": 4})
    assert statuses(work, anna)["baseline"] == "in_progress"
    with work(people.patient(anna.id)) as w:
        done = responses.submit(w, assessment_id=one.id)
    assert (done.submitted_at, done.first) == (clock.now, True)
    assert statuses(work, anna)["baseline"] == "submitted"
    assert assessment(work, anna).next_reminder_at is None


def test_the_same_request_twice_is_harmless(work: Begin, anna: Participant, engine: Engine) -> None:
    """Failure 14: a retry stores nothing twice and answers the same."""
    one = assessment(work, anna)
    told = []
    for _ in range(2):
        with work(people.patient(anna.id)) as w:
            told.append(responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q1": 1}, revision=0))
    assert told[0] == told[1]
    assert stored(engine) == 1


def test_two_tabs_merge_on_different_items_and_collide_on_the_same(work: Begin, anna: Participant) -> None:
    """Failure 15: nobody silently wins; the refusal says what stands there now, and stores nothing."""
    one = assessment(work, anna)
    with work(people.patient(anna.id)) as w:
        responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q1": 1}, revision=0)
        merged = responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q2": 2}, revision=0)
    assert merged.answers == {"q1": 1, "q2": 2}
    with pytest.raises(StaleRevision) as refusal, work(people.patient(anna.id)) as w:
        responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q1": 3, "q3": 3}, revision=0)
    assert refusal.value.details == {"instrument": QLQ, "revision": 2, "answers": {"q1": 1}}
    assert answers(work, one.id) == {"q1": 1, "q2": 2}


@pytest.mark.parametrize(
    ("given", "error", "fields"),
    [
        ({"q1": 5}, InvalidAnswer, ["q1"]),
        ({"q1": 0, "q2": 2, "q29": 8}, InvalidAnswer, ["q1", "q29"]),
        ({"q1": 1.5}, InvalidAnswer, ["q1"]),
        ({"q1": True}, InvalidAnswer, ["q1"]),
        ({"q1": "often"}, InvalidAnswer, ["q1"]),
        ({"q1": "na"}, InvalidAnswer, ["q1"]),
        ({"q31": 1}, UnknownItem, ["q31"]),
        ({"q31": None}, UnknownItem, ["q31"]),
        ({"q1": 9, "zz": 1}, UnknownItem, ["q1", "zz"]),
    ],
)
def test_wrong_answers_are_named_and_nothing_of_them_is_stored(
    *, work: Begin, anna: Participant, engine: Engine, given: Mapping[str, Answer | None], error: type[ProError],
    fields: list[str],
) -> None:  # fmt: skip
    one = assessment(work, anna)
    with pytest.raises(error) as refusal, work(people.patient(anna.id)) as w:
        responses.save(w, assessment_id=one.id, instrument=QLQ, answers=given, revision=0)
    assert [problem.field for problem in refusal.value.problems] == fields
    assert stored(engine) == 0
    assert statuses(work, anna)["baseline"] == "open"


def test_no_refusal_repeats_an_answer(work: Begin, anna: Participant) -> None:
    with pytest.raises(InvalidAnswer) as refusal, work(people.patient(anna.id)) as w:
        responses.save(w, assessment_id=assessment(work, anna).id, instrument=QLQ, answers={"q1": 4711}, revision=0)
    assert "4711" not in str(refusal.value)


@pytest.mark.parametrize("instrument", ["qlq-hn43", "no-such-thing", ""])
def test_what_the_assessment_does_not_ask_cannot_be_answered(work: Begin, anna: Participant, instrument: str) -> None:
    with pytest.raises(UnknownInstrument), work(people.patient(anna.id)) as w:
        responses.save(w, assessment_id=assessment(work, anna).id, instrument=instrument, answers={}, revision=0)


def test_an_item_of_another_form_was_not_seen_either(work: Begin, anna: Participant, clock: Clock) -> None:
    with pytest.raises(UnknownItem), work(people.patient(anna.id)) as w:
        responses.save(
            w, assessment_id=assessment(work, anna).id, instrument=QLQ, answers={}, revision=0, seen={"q99": clock.now}
        )


def test_a_language_the_questionnaire_lacks_is_refused(work: Begin, anna: Participant) -> None:
    one = assessment(work, anna)
    with pytest.raises(Invalid), work(people.patient(anna.id)) as w:
        responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q1": 1}, revision=0, language="xx")


def test_a_patient_sees_only_itself(work: Begin, anna: Participant, enrolled: Enrol) -> None:
    """Somebody else's assessment does not exist, whatever is tried on it."""
    one, bob = assessment(work, anna), enrolled()
    with work(people.patient(bob.id)) as w:
        with pytest.raises(NotFound):
            responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q1": 1}, revision=0)
        with pytest.raises(NotFound):
            responses.submit(w, assessment_id=one.id)
        with pytest.raises(NotFound):
            assessments.form(w, assessment_id=one.id)
        with pytest.raises(NotFound):
            assessments.listing(w, participant_id=anna.id)


@pytest.mark.parametrize("timepoint", ["month_3", "postop_30d"])
def test_nothing_is_taken_before_the_window_opens(work: Begin, anna: Participant, timepoint: str) -> None:
    one = assessment(work, anna, timepoint)
    with pytest.raises(NotOpenYet), work(people.patient(anna.id)) as w:
        responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q1": 1}, revision=0)
    with pytest.raises(NotOpenYet), work(people.patient(anna.id)) as w:
        responses.submit(w, assessment_id=one.id, drafts={QLQ: Draft(THIRTY)})


@pytest.mark.parametrize(
    ("begun", "late", "taken"),
    [
        (False, timedelta(microseconds=-1), True),
        (False, timedelta(0), False),
        (True, timedelta(0), True),
        (True, GRACE - timedelta(microseconds=1), True),
        (True, GRACE, False),
        (True, timedelta(days=40), False),
    ],
)
def test_a_form_already_begun_has_an_hour_after_closing(
    *, work: Begin, anna: Participant, clock: Clock, begun: bool, late: timedelta, taken: bool
) -> None:
    """Failure 35: nobody is locked out in the middle of answering; what was saved is kept."""
    one = assessment(work, anna)
    assert one.closes_at is not None
    if begun:
        with work(people.patient(anna.id)) as w:
            responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q1": 1}, revision=0)
    clock.set(one.closes_at + late)
    if taken:
        with work(people.patient(anna.id)) as w:
            responses.submit(w, assessment_id=one.id, drafts={QLQ: Draft({"q2": 2}, int(begun))})
        return
    with pytest.raises(WindowClosed), work(people.patient(anna.id)) as w:
        responses.submit(w, assessment_id=one.id, drafts={QLQ: Draft({"q2": 2}, int(begun))})
    with pytest.raises(WindowClosed), work(people.patient(anna.id)) as w:
        responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q2": 2}, revision=int(begun))
    assert answers(work, one.id) == ({"q1": 1} if begun else {})


def test_a_replay_that_arrives_after_closing_is_still_harmless(work: Begin, anna: Participant, clock: Clock) -> None:
    one = assessment(work, anna)
    for _ in range(2):
        with work(people.patient(anna.id)) as w:
            saved = responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q1": 1}, revision=0)
        clock.advance(days=60)
    assert saved.revision == 1


def test_submission_stores_and_submits_in_one_step_and_again_answers_the_same(
    work: Begin, anna: Participant, clock: Clock
) -> None:
    """Failure 16: answers and submission are one transaction; a replay is the same 200."""
    one, told = assessment(work, anna), []
    for _ in range(2):
        with work(people.patient(anna.id)) as w:
            told.append(responses.submit(w, assessment_id=one.id, drafts={QLQ: Draft(THIRTY)}))
        clock.advance(minutes=5)
    assert [done.first for done in told] == [True, False]
    assert told[0].submitted_at == told[1].submitted_at
    assert answers(work, one.id) == THIRTY


def test_other_answers_after_submission_are_refused(work: Begin, anna: Participant) -> None:
    """Failure 14: an identical replay answers the same, a different one is a conflict."""
    one = assessment(work, anna)
    with work(people.patient(anna.id)) as w:
        responses.submit(w, assessment_id=one.id, drafts={QLQ: Draft(THIRTY)})
    other = {**THIRTY, "q1": 4}
    with pytest.raises(AlreadySubmitted), work(people.patient(anna.id)) as w:
        responses.submit(w, assessment_id=one.id, drafts={QLQ: Draft(other)})
    with pytest.raises(AlreadySubmitted), work(people.patient(anna.id)) as w:
        responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q1": None}, revision=1)
    assert answers(work, one.id) == THIRTY


def test_a_refused_submission_keeps_what_was_saved_before_and_nothing_else(work: Begin, anna: Participant) -> None:
    """Failure 16: one bad draft and neither the good one nor the submission is stored."""
    one = assessment(work, anna)
    with work(people.patient(anna.id)) as w:
        responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q1": 1}, revision=0)
    with pytest.raises(InvalidAnswer) as refusal, work(people.patient(anna.id)) as w:
        responses.submit(w, assessment_id=one.id, drafts={QLQ: Draft({"q2": 2}, 1), "eq-5d-5l": Draft({"MO": 9})})
    assert [problem.field for problem in refusal.value.problems] == ["eq-5d-5l.MO"]
    assert answers(work, one.id) == {"q1": 1}
    assert statuses(work, anna)["baseline"] == "in_progress"


def test_submitted_answers_wait_to_be_scored(work: Begin, anna: Participant, engine: Engine) -> None:
    one = assessment(work, anna)
    with work(people.patient(anna.id)) as w:
        responses.save(w, assessment_id=one.id, instrument="eq-5d-5l", answers={"MO": 1}, revision=0)
        responses.submit(w, assessment_id=one.id, drafts={QLQ: Draft(THIRTY)})
    with engine.connect() as connection:
        rows = connection.execute(select(response.c.instrument, response.c.to_score, response.c.scored_revision))
        assert sorted(tuple(row) for row in rows) == [("eq-5d-5l", True, 0), (QLQ, True, 0)]


def test_items_that_may_not_be_skipped_are_listed(runtime: Runtime, anna: Participant) -> None:
    """422: what is still missing, by instrument and item; a declined answer would do where it is allowed."""
    qlq = runtime.catalogue[QLQ]
    items = tuple(replace(item, skippable=item.code not in {"q1", "q30"}) for item in qlq.items)
    careful = replace(runtime, catalogue={**runtime.catalogue, QLQ: replace(qlq, items=items)})
    with careful.work(people.everything) as w:
        one = assessments.listing(w, participant_id=anna.id)[0].assessment
    with pytest.raises(IncompleteForm) as refusal, careful.work(people.patient(anna.id)) as w:
        responses.submit(w, assessment_id=one.id, drafts={QLQ: Draft({"q1": 1})})
    assert [problem.field for problem in refusal.value.problems] == ["qlq-c30.q30"]
    with careful.work(people.patient(anna.id)) as w:
        assert responses.submit(w, assessment_id=one.id, drafts={QLQ: Draft({"q1": 1, "q30": 7})}).first


@pytest.mark.parametrize("kind", ["withdrawal", "death"])
def test_nothing_is_taken_after_somebody_left_and_what_was_answered_stays(
    work: Begin, anna: Participant, kind: str
) -> None:
    """GD-6: no new data from that moment; the coded data gathered before is kept, and scored as far as it goes."""
    one = assessment(work, anna)
    with work(people.patient(anna.id)) as w:
        responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q1": 1}, revision=0)
    with work(people.coordinator_nki) as w:
        events.record(w, participant_id=anna.id, kind=kind, on=date(2026, 1, 12))
    with pytest.raises(WindowClosed), work(people.patient(anna.id)) as w:
        responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q2": 1}, revision=1)
    assert answers(work, one.id) == {"q1": 1}
    with work(people.system) as w:
        assert assessments.close_overdue(w, limit=10) == 1


def test_every_answer_is_in_the_audit_trail_with_its_first_value(
    work: Begin, anna: Participant, engine: Engine
) -> None:
    """AT-3, AT-4, AT-11: per item, the first value and each later one, before submission too."""
    one = assessment(work, anna)
    with work(people.patient(anna.id)) as w:
        responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q1": 1}, revision=0)
        responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q1": 2}, revision=1)
        responses.submit(w, assessment_id=one.id, drafts={QLQ: Draft({"q2": 3}, 2)})
    with engine.connect() as connection:
        lines = connection.execute(
            select(audit_event.c.action, audit_event.c.actor_id, audit_event.c.changes)
            .where(audit_event.c.actor_kind == "participant")
            .order_by(audit_event.c.id)
        ).all()
    assert {line.actor_id for line in lines} == {str(anna.id)}
    told = [
        (line.action, {field: pair for field, pair in line.changes.items() if "_at" not in field}) for line in lines
    ]
    assert told == [
        ("response.save", {"q1": [None, 1]}),
        ("response.save", {"q1": [1, 2]}),
        ("assessment.submit", {"qlq-c30.q2": [None, 3]}),
    ]

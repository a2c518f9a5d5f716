"""Two requests at the same instant, on PostgreSQL, where they truly run at once. Guards failures 14, 15, 16 and 20.

One transaction is held open while the other one starts and waits for its lock; then the first commits. What the
second read before it waited is overtaken by then: that is the case these tests are about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from datetime import date
from threading import Event
from typing import TypeVar

import pytest
from sqlalchemy import Engine, func, select, text

from pro_service.domain.audit import Actor
from pro_service.domain.errors import AlreadyEnrolled, AlreadySubmitted, Conflict, ProError, StaleRevision, WindowClosed
from pro_service.domain.instruments import Answer
from pro_service.domain.participants import Participant
from pro_service.domain.protocol import Study
from pro_service.domain.responses import Draft
from pro_service.services import amendments, corrections, events, participants, responses, schedule, studies
from pro_service.services.responses import Saved, Submitted
from pro_service.services.work import Work
from pro_service.storage.audit import audit_event
from pro_service.storage.events import trial_event
from pro_service.storage.responses import response
from tests.services.amended import second
from tests.services.forms import QLQ, THIRTY, Begin, Enrol, answers, assessment
from tests.services.test_participants import facts
from tests.support import people
from tests.support.ports import wait_until

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

First = TypeVar("First")
Second = TypeVar("Second")
WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")


@pytest.fixture
def anna(enrolled: Enrol) -> Participant:
    return enrolled()


@pytest.fixture
def at_once(work: Begin, engine: Engine) -> Callable[..., tuple[object, object]]:
    """Runs two verbs so that the second waits for the first's lock; answers what each returned or raised."""

    def run(actor: Actor, first: Callable[[Work], object], second: Callable[[Work], object]) -> tuple[object, object]:
        written, go_on = Event(), Event()

        def hold() -> object:
            with work(actor) as w:
                outcome = first(w)
                written.set()
                assert go_on.wait(20)
            return outcome

        def follow() -> object:
            with work(actor) as w:
                return second(w)

        with ThreadPoolExecutor(2) as threads:
            one = threads.submit(hold)
            assert written.wait(20)
            other = threads.submit(follow)
            wait_until(lambda: other.done() or _waiting(engine), what="the second waiting for the first's lock")
            assert not other.done()
            go_on.set()
            return _outcome(one), _outcome(other)

    return run


def _waiting(engine: Engine) -> bool:
    with engine.connect() as connection:
        return bool(connection.execute(WAITING).scalar_one())


def _outcome(future: Future[object]) -> object:
    try:
        return future.result(timeout=20)
    except ProError as refusal:
        return refusal


def rows(engine: Engine, query: object) -> int:
    with engine.connect() as connection:
        return int(connection.execute(query).scalar_one())  # type: ignore[call-overload]  # any countable query


Both = Callable[..., tuple[object, object]]


def test_different_items_merge(work: Begin, anna: Participant, at_once: Both) -> None:
    """Failure 15: both tabs based on revision 0; the second saw nothing of the first when it began."""
    one = assessment(work, anna)

    def save(given: Mapping[str, Answer]) -> Callable[[Work], Saved]:
        return lambda w: responses.save(w, assessment_id=one.id, instrument=QLQ, answers=given, revision=0)

    first, second = at_once(people.patient(anna.id), save({"q1": 1}), save({"q2": 2}))
    assert isinstance(first, Saved)
    assert isinstance(second, Saved)
    assert (first.revision, second.revision) == (1, 2)
    assert second.answers == answers(work, one.id) == {"q1": 1, "q2": 2}


def test_the_same_item_has_one_winner_and_the_other_is_told(work: Begin, anna: Participant, at_once: Both) -> None:
    """Failure 15: the one that waited is refused with what stands there now."""
    one = assessment(work, anna)

    def save(answer: int) -> Callable[[Work], Saved]:
        return lambda w: responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q1": answer}, revision=0)

    first, second = at_once(people.patient(anna.id), save(1), save(4))
    assert isinstance(first, Saved)
    assert isinstance(second, StaleRevision)
    assert second.details["answers"] == {"q1": 1}
    assert answers(work, one.id) == {"q1": 1}


def test_a_save_that_meets_its_own_retry_stores_once(
    work: Begin, anna: Participant, at_once: Both, engine: Engine
) -> None:
    """Failure 14: the retry arrives while the first is still under way."""
    one = assessment(work, anna)

    def save(w: Work) -> Saved:
        return responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q1": 1}, revision=0)

    first, second = at_once(people.patient(anna.id), save, save)
    assert first == second
    assert rows(engine, select(func.count()).select_from(response)) == 1


def test_a_double_submit_is_one_submission(work: Begin, anna: Participant, at_once: Both, engine: Engine) -> None:
    """Failures 14 and 16: the button pressed twice; both are told the same, the trail has it once."""
    one = assessment(work, anna)

    def submit(w: Work) -> Submitted:
        return responses.submit(w, assessment_id=one.id, drafts={QLQ: Draft(THIRTY)})

    first, second = at_once(people.patient(anna.id), submit, submit)
    assert isinstance(first, Submitted)
    assert isinstance(second, Submitted)
    assert (first.submitted_at, first.first, second.first) == (second.submitted_at, True, False)
    submissions = select(func.count()).where(audit_event.c.action == "assessment.submit")
    assert rows(engine, submissions) == 1


def test_a_save_that_meets_a_submission_loses_nothing(work: Begin, anna: Participant, at_once: Both) -> None:
    """Failure 16: the second tab's answer is refused, not half-stored beside a submitted form."""
    one = assessment(work, anna)
    first, second = at_once(
        people.patient(anna.id),
        lambda w: responses.submit(w, assessment_id=one.id, drafts={QLQ: Draft({"q1": 1})}),
        lambda w: responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q2": 2}, revision=0),
    )
    assert isinstance(first, Submitted)
    assert isinstance(second, AlreadySubmitted)
    assert answers(work, one.id) == {"q1": 1}


def test_a_submission_that_meets_a_save_takes_it_along(
    work: Begin, anna: Participant, at_once: Both, engine: Engine
) -> None:
    """Failure 16: two questionnaires, one saved just now elsewhere; all of it is submitted and waits to be scored."""
    one = assessment(work, anna)
    drafts = {QLQ: Draft({"q2": 2}), "eq-5d-5l": Draft({"MO": 1})}
    first, second = at_once(
        people.patient(anna.id),
        lambda w: responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q1": 1}, revision=0),
        lambda w: responses.submit(w, assessment_id=one.id, drafts=drafts),
    )
    assert isinstance(first, Saved)
    assert isinstance(second, Submitted)
    assert answers(work, one.id) == {"q1": 1, "q2": 2}
    assert answers(work, one.id, "eq-5d-5l") == {"MO": 1}
    assert rows(engine, select(func.count()).where(response.c.to_score)) == 2


def test_answers_that_meet_a_death_are_refused(work: Begin, anna: Participant, at_once: Both) -> None:
    """Failure 6: the coordinator records it while the form is open elsewhere."""
    one = assessment(work, anna)
    first, second = at_once(
        people.coordinator_nki,
        lambda w: events.record(w, participant_id=anna.id, kind="death", on=date(2026, 1, 12)),
        lambda w: responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q1": 1}, revision=0, mode="paper"),
    )
    assert not isinstance(first, ProError)
    assert isinstance(second, WindowClosed)


def test_a_form_begun_just_now_is_not_moved_away(work: Begin, anna: Participant, at_once: Both) -> None:
    """Failure 10: re-planning waits for the answer under way, and then leaves the assessment where it is."""
    one = assessment(work, anna)
    first, second = at_once(
        people.coordinator_nki,
        lambda w: responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q1": 1}, revision=0, mode="paper"),
        lambda w: events.record(
            w, participant_id=anna.id, kind="randomisation", on=date(2026, 1, 5), reason="typed wrongly"
        ),
    )
    assert isinstance(first, Saved)
    assert not isinstance(second, ProError)
    assert (assessment(work, anna).opens_at, assessment(work, anna).closes_at) == (one.opens_at, one.closes_at)


def carried_out(w: Work) -> int:
    """The amendment carried out within one unit of work."""
    return amendments.carry_out(lambda: nullcontext(w), study="scopes", progress=lambda _done, _total: None)


def active_amendment(work: Begin) -> None:
    with work() as w:
        studies.load(w, document=second(), file="scopes-2.yaml")
        studies.activate(w, code="scopes")


def test_an_event_that_meets_an_amendment_is_planned_by_the_new_version(
    work: Begin, anna: Participant, at_once: Both
) -> None:
    """Failure rows 18 and 20: it waits for the person's row, and then reads which version governs what."""
    active_amendment(work)
    first, second_ = at_once(
        people.everything,
        carried_out,
        lambda w: events.record(
            w, participant_id=anna.id, kind="randomisation", on=date(2026, 1, 11), reason="typed wrongly"
        ),
    )
    assert (first, isinstance(second_, ProError)) == (1, False)
    dates = {code: str(assessment(work, anna, code).target_on) for code in ("month_3", "month_18", "month_24")}
    assert dates == {"month_3": "2026-05-11", "month_18": "2027-07-11", "month_24": "2028-01-11"}


@pytest.mark.parametrize("enrolled_first", [True, False])
def test_nobody_enrols_under_a_version_that_is_being_left(
    work: Begin, scopes: Study, at_once: Both, enrolled_first: bool
) -> None:
    """Failure row 18: who enrols as an amendment is activated is brought along, or is under it at once."""
    with work() as w:
        studies.load(w, document=second(), file="scopes-2.yaml")

    def enrol(w: Work) -> object:
        return participants.enrol(w, **facts(scopes))

    def activate(w: Work) -> object:
        return studies.activate(w, code="scopes")

    for outcome in at_once(people.everything, *((enrol, activate) if enrolled_first else (activate, enrol))):
        assert not isinstance(outcome, ProError)
    with work() as w:
        assert carried_out(w) == (1 if enrolled_first else 0)
        assert {one.follows.get("month_18") for one in participants.listing(w, study="scopes")} == {None}


def test_an_amendment_that_meets_an_answer_leaves_the_form_where_it_is(
    work: Begin, anna: Participant, at_once: Both
) -> None:
    """Failure row 10: baseline is begun a moment before the amendment would have moved it."""
    document = second().replace("target: 7d\n    opens: -7d", "target: 9d\n    opens: -8d")
    document = document.replace(
        "    month_3: move_unopened\n", "    month_3: move_unopened\n    baseline: move_unopened\n"
    )
    with work() as w:
        studies.load(w, document=document, file="scopes-2.yaml")
        studies.activate(w, code="scopes")
    one = assessment(work, anna)
    first, second_ = at_once(
        people.everything,
        lambda w: responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q1": 1}, revision=0, mode="paper"),
        carried_out,
    )
    assert (isinstance(first, Saved), second_) == (True, 1)
    assert assessment(work, anna).opens_at == one.opens_at


def test_two_who_carry_one_amendment_out_at_once_do_it_once(work: Begin, anna: Participant, at_once: Both) -> None:
    """Failure row 2, of amendments: the second waits, and finds nobody left under the old version."""
    active_amendment(work)
    assert at_once(people.everything, carried_out, carried_out) == (1, 0)
    with work() as w:
        assert schedule.replan(w, participant=participants.by_id(w, participant_id=anna.id)) == ()


def test_two_coordinators_recording_one_event_leave_one_history(
    work: Begin, anna: Participant, at_once: Both, engine: Engine
) -> None:
    def record(day: int) -> Callable[[Work], object]:
        return lambda w: (
            events.record(w, participant_id=anna.id, kind="surgery", on=date(2026, 2, day), actual=False).event.on
        )

    assert at_once(people.coordinator_nki, record(20), record(21)) == (date(2026, 2, 20), date(2026, 2, 21))
    chain = select(func.count()).where(trial_event.c.kind == "surgery", trial_event.c.supersedes_id.is_(None))
    assert rows(engine, chain) == 1


def test_two_enrolments_under_one_code_leave_one_person(at_once: Both, scopes: Study) -> None:
    first, second = at_once(
        people.everything,
        lambda w: participants.enrol(w, **facts(scopes)),
        lambda w: participants.enrol(w, **facts(scopes, arm="conventional")),
    )
    assert isinstance(first, Participant)
    assert isinstance(second, AlreadyEnrolled)


def test_two_corrections_keep_both_reasons(work: Begin, anna: Participant, at_once: Both, engine: Engine) -> None:
    with work(people.patient(anna.id)) as w:
        responses.submit(w, assessment_id=assessment(work, anna).id, drafts={QLQ: Draft(THIRTY)})
    with engine.connect() as connection:
        response_id = connection.execute(select(response.c.id)).scalar_one()

    def correct(item: str) -> Callable[[Work], int]:
        return lambda w: corrections.correct(w, response_id=response_id, answers={item: 4}, reason=f"misread {item}")

    assert at_once(people.coordinator_nki, correct("q1"), correct("q2")) == (2, 3)
    assert answers(work, assessment(work, anna).id) == {**THIRTY, "q1": 4, "q2": 4}


@pytest.mark.parametrize("closing", [False, True])
def test_twenty_retries_at_once_are_one_submission(
    work: Begin, anna: Participant, engine: Engine, closing: bool
) -> None:
    """Failure 14, without any order imposed: every thread is told the same instant, and one of them was first."""
    one = assessment(work, anna)

    def submit(_number: int) -> Submitted | Conflict:
        try:
            with work(people.patient(anna.id)) as w:
                return responses.submit(w, assessment_id=one.id, drafts={QLQ: Draft(THIRTY)}, closing=closing)
        except Conflict as refusal:
            return refusal

    with ThreadPoolExecutor(8) as threads:
        told = list(threads.map(submit, range(20)))
    assert all(isinstance(outcome, Submitted) for outcome in told)
    assert sum(outcome.first for outcome in told if isinstance(outcome, Submitted)) == 1
    assert rows(engine, select(func.count()).select_from(response)) == 1

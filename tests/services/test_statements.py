"""How many SQL statements the busy verbs take: a budget, so that no query in a loop can creep in.

Counted as round trips are made: a statement that stores many rows counts once. BEGIN and COMMIT are not counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, event

from pro_service.domain.participants import Participant
from pro_service.domain.responses import Draft
from pro_service.services import assessments, events, participants, responses
from tests.services.forms import QLQ, THIRTY, Begin, Enrol, assessment
from tests.support import people
from tests.support.clock import Clock


@pytest.fixture
def anna(enrolled: Enrol) -> Participant:
    return enrolled()


@contextmanager
def counted(engine: Engine, verbs: str) -> Iterator[None]:
    """Asserts the first words of the statements that were run, such as 'SELECT INSERT INSERT'."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        seen.append(statement.split(maxsplit=1)[0])

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert " ".join(seen) == verbs


def test_submitting_thirty_answers_takes_four(work: Begin, anna: Participant, engine: Engine) -> None:
    """Read and lock; mark as submitted; store; audit."""
    one = assessment(work, anna)
    with work(people.patient(anna.id)) as w, counted(engine, "SELECT UPDATE INSERT INSERT"):
        responses.submit(w, assessment_id=one.id, drafts={QLQ: Draft(THIRTY)})
    with work(people.patient(anna.id)) as w, counted(engine, "SELECT"):
        responses.submit(w, assessment_id=one.id, drafts={QLQ: Draft(THIRTY)})


def test_submitting_every_questionnaire_takes_no_more(work: Begin, anna: Participant, engine: Engine) -> None:
    one = assessment(work, anna)
    drafts = {QLQ: Draft(THIRTY), "eq-5d-5l": Draft({"MO": 1, "VAS": 80}), "tess-le": Draft({"q1": 5, "q2": "na"})}
    with work(people.patient(anna.id)) as w, counted(engine, "SELECT UPDATE INSERT INSERT"):
        responses.submit(w, assessment_id=one.id, drafts=drafts)


def test_submitting_what_was_saved_before_takes_four(work: Begin, anna: Participant, engine: Engine) -> None:
    one = assessment(work, anna)
    with work(people.patient(anna.id)) as w:
        responses.save(w, assessment_id=one.id, instrument=QLQ, answers=THIRTY, revision=0)
    with work(people.patient(anna.id)) as w, counted(engine, "SELECT UPDATE UPDATE INSERT"):
        responses.submit(w, assessment_id=one.id)


def test_saving_takes_three_and_the_first_time_four(work: Begin, anna: Participant, engine: Engine) -> None:
    one = assessment(work, anna)
    with work(people.patient(anna.id)) as w, counted(engine, "SELECT INSERT UPDATE INSERT"):
        responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q1": 1}, revision=0)
    with work(people.patient(anna.id)) as w, counted(engine, "SELECT INSERT INSERT"):
        responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q2": 1, "q3": 1}, revision=1)
    with work(people.patient(anna.id)) as w, counted(engine, "SELECT"):
        responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q2": 1}, revision=0)


def test_showing_a_form_or_a_list_takes_a_handful(work: Begin, anna: Participant, engine: Engine) -> None:
    one = assessment(work, anna)
    with work(people.patient(anna.id), writes=False) as w, counted(engine, "SELECT SELECT"):
        assessments.form(w, assessment_id=one.id)
    with work(people.patient(anna.id), writes=False) as w, counted(engine, "SELECT SELECT SELECT SELECT"):
        assessments.listing(w, participant_id=anna.id)


def test_moving_an_event_takes_the_same_however_much_moves(work: Begin, anna: Participant, engine: Engine) -> None:
    steps = "SELECT SELECT SELECT SELECT INSERT INSERT UPDATE INSERT"
    with work(people.coordinator_nki) as w, counted(engine, steps):
        events.record(w, participant_id=anna.id, kind="surgery", on=date(2026, 2, 20), actual=False)
    with work(people.coordinator_nki) as w, counted(engine, steps):
        events.record(w, participant_id=anna.id, kind="death", on=date(2026, 1, 12))


@pytest.mark.parametrize("count", [1, 9])
def test_a_page_of_people_takes_two(work: Begin, enrolled: Enrol, engine: Engine, count: int) -> None:
    for _ in range(count):
        enrolled()
    with work(people.everything, writes=False) as w, counted(engine, "SELECT SELECT"):
        assert len(participants.listing(w, study="scopes")) == count


def test_closing_what_is_overdue_takes_one(work: Begin, enrolled: Enrol, engine: Engine, clock: Clock) -> None:
    for _ in range(3):
        person = enrolled()
        with work(people.patient(person.id)) as w:
            one = assessments.listing(w, participant_id=person.id)[0].assessment
            responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q1": 1}, revision=0)
    clock.advance(days=60)
    with work(people.system) as w, counted(engine, "UPDATE"):
        assert assessments.close_overdue(w, limit=100) == 3

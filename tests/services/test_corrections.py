"""Corrections: what a patient handed in changes with a reason, and what it said before is kept. AT-10, AT-12, EP-8."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, select

from pro_service.domain.audit import Actor
from pro_service.domain.errors import (
    Conflict,
    Forbidden,
    Invalid,
    InvalidAnswer,
    NotFound,
    ProError,
    StaleRevision,
    UnknownItem,
)
from pro_service.domain.participants import Participant
from pro_service.domain.responses import Draft
from pro_service.services import corrections, responses
from pro_service.storage.audit import audit_event
from pro_service.storage.responses import correction, response
from tests.services.forms import QLQ, THIRTY, Begin, Enrol, answers, assessment
from tests.support import people
from tests.support.clock import Clock


@pytest.fixture
def anna(enrolled: Enrol) -> Participant:
    return enrolled()


@pytest.fixture
def handed_in(work: Begin, anna: Participant, engine: Engine) -> UUID:
    """The id of Anna's submitted qlq-c30."""
    with work(people.patient(anna.id)) as w:
        responses.submit(w, assessment_id=assessment(work, anna).id, drafts={QLQ: Draft(THIRTY)})
    with engine.connect() as connection:
        return UUID(str(connection.execute(select(response.c.id)).scalar_one()))


def test_a_correction_keeps_what_was_said_and_waits_to_be_scored(
    work: Begin, anna: Participant, handed_in: UUID, engine: Engine
) -> None:
    with work(people.coordinator_nki) as w:
        revision = corrections.correct(
            w, response_id=handed_in, answers={"q1": 4, "q2": None}, reason="typed from the wrong line"
        )
    assert revision == 2
    after = {**THIRTY, "q1": 4}
    del after["q2"]
    assert answers(work, assessment(work, anna).id) == after
    with engine.connect() as connection:
        kept = connection.execute(select(correction)).one()
        held = connection.execute(select(response)).one()
        line = connection.execute(select(audit_event).where(audit_event.c.action == "response.correct")).one()
    assert (kept.before, kept.after, kept.reason) == (THIRTY, after, "typed from the wrong line")
    assert (kept.revision, kept.corrected_by) == (2, "coordinator-nki")
    assert held.to_score
    assert held.scored_revision < held.revision
    assert (line.changes, line.reason) == ({"q1": [2, 4], "q2": [2, None]}, "typed from the wrong line")


def test_the_same_correction_again_changes_nothing(work: Begin, handed_in: UUID, engine: Engine) -> None:
    for _ in range(2):
        with work(people.coordinator_nki) as w:
            assert corrections.correct(w, response_id=handed_in, answers={"q1": 4}, reason="misread") == 2
    with engine.connect() as connection:
        assert len(connection.execute(select(correction)).all()) == 1


@pytest.mark.parametrize(
    ("given", "reason", "error"),
    [
        ({"q1": 4}, "", Invalid),
        ({"q1": 4}, "   ", Invalid),
        ({"q1": 5}, "misread", InvalidAnswer),
        ({"q31": 1}, "misread", UnknownItem),
    ],
)
def test_what_is_no_correction(
    *, work: Begin, anna: Participant, handed_in: UUID, given: dict[str, int], reason: str, error: type[ProError]
) -> None:
    with pytest.raises(error), work(people.coordinator_nki) as w:
        corrections.correct(w, response_id=handed_in, answers=given, reason=reason)
    assert answers(work, assessment(work, anna).id) == THIRTY


def test_two_people_correcting_do_not_overwrite_each_other(work: Begin, handed_in: UUID) -> None:
    """Failure 15 again: whoever names the revision they saw is told when it is no longer the last."""
    with work(people.coordinator_nki) as w:
        corrections.correct(w, response_id=handed_in, answers={"q1": 4}, reason="misread", revision=1)
    with pytest.raises(StaleRevision) as refusal, work(people.everything) as w:
        corrections.correct(w, response_id=handed_in, answers={"q1": 3}, reason="misread", revision=1)
    assert refusal.value.details["answers"] == {"q1": 4}


@pytest.mark.parametrize(
    ("actor", "error"),
    [
        (people.nobody, Forbidden),
        (people.investigator, Forbidden),
        (Actor(kind="staff", id="c", role="coordinator", study="scopes", site="lumc"), NotFound),
    ],
)
def test_who_may_not_correct(work: Begin, handed_in: UUID, actor: Actor, error: type[ProError]) -> None:
    with pytest.raises(error), work(actor) as w:
        corrections.correct(w, response_id=handed_in, answers={"q1": 4}, reason="misread")


def test_not_even_the_patient_changes_what_was_handed_in(work: Begin, anna: Participant, handed_in: UUID) -> None:
    with pytest.raises(Forbidden), work(people.patient(anna.id)) as w:
        corrections.correct(w, response_id=handed_in, answers={"q1": 4}, reason="second thoughts")


def test_what_can_still_be_saved_is_not_corrected_but_what_was_left_unfinished_is(
    work: Begin, anna: Participant, engine: Engine, clock: Clock
) -> None:
    one = assessment(work, anna)
    with work(people.patient(anna.id)) as w:
        responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q1": 1}, revision=0)
    with engine.connect() as connection:
        response_id = connection.execute(select(response.c.id)).scalar_one()
    with pytest.raises(Conflict), work(people.coordinator_nki) as w:
        corrections.correct(w, response_id=response_id, answers={"q1": 2}, reason="misread")
    clock.advance(days=60)
    with work(people.coordinator_nki) as w:
        assert corrections.correct(w, response_id=response_id, answers={"q1": 2}, reason="misread") == 2


def test_a_response_that_is_not_there(work: Begin, scopes: object) -> None:
    with pytest.raises(NotFound), work(people.everything) as w:
        corrections.correct(w, response_id=uuid4(), answers={"q1": 2}, reason="misread")

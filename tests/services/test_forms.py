"""Showing a form: nothing is written, and it goes on where the person stopped. Guards failures 8 and 36."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, select

from pro_service.domain.participants import Participant
from pro_service.services import assessments, responses
from pro_service.services.assessments import Form
from pro_service.storage.responses import response
from tests.services.forms import QLQ, THIRTY, Begin, Enrol, assessment, statuses
from tests.support import people


@pytest.fixture
def anna(enrolled: Enrol) -> Participant:
    return enrolled()


def test_looking_at_a_form_writes_nothing(work: Begin, anna: Participant, engine: Engine) -> None:
    """Failure 8: a GET never begins, sends or changes anything; not even a transaction that could is needed."""
    one = assessment(work, anna)
    with work(people.patient(anna.id), writes=False) as w:
        form = assessments.form(w, assessment_id=one.id)
    assert [part.instrument.code for part in form.instruments] == list(one.instruments)
    assert statuses(work, anna)["baseline"] == "open"
    with engine.connect() as connection:
        assert connection.execute(select(response.c.id)).all() == []


def resumes_at(form: Form) -> tuple[str, str] | None:
    """Instrument and item to go on with: the first shown without an answer."""
    return next(((part.instrument.code, part.missing[0]) for part in form.instruments if part.missing), None)


def test_reopening_goes_on_at_the_first_unanswered_item(work: Begin, anna: Participant) -> None:
    """Failure 36: answered, declined and not applicable are behind us; across questionnaires too."""
    one = assessment(work, anna)
    with work(people.patient(anna.id)) as w:
        assert resumes_at(assessments.form(w, assessment_id=one.id)) == (QLQ, "q1")
        responses.save(
            w, assessment_id=one.id, instrument=QLQ, answers={"q1": 1, "q2": "declined", "q5": 2}, revision=0
        )
        assert resumes_at(assessments.form(w, assessment_id=one.id)) == (QLQ, "q3")
        responses.save(
            w, assessment_id=one.id, instrument=QLQ, answers=THIRTY | {"q1": 1, "q2": "declined"}, revision=1
        )
        assert resumes_at(assessments.form(w, assessment_id=one.id)) == ("eq-5d-5l", "MO")


def test_a_list_counts_what_is_answered(work: Begin, anna: Participant) -> None:
    one = assessment(work, anna)
    with work(people.patient(anna.id)) as w:
        before = assessments.listing(w, participant_id=anna.id)[0]
        responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q1": 1, "q2": "declined"}, revision=0)
        after = assessments.listing(w, participant_id=anna.id)[0]
    assert (before.answered, after.answered, after.total) == (0, 2, before.total)
    assert set(after.label) == {"en", "nl"}

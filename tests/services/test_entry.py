"""Staff enter what came on paper, by telephone or through somebody close. EP-12, EP-15, AT-16."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from pro_service.domain.assessments import Mode
from pro_service.domain.audit import Actor
from pro_service.domain.errors import Forbidden, Invalid, NotFound, ProError, WindowClosed
from pro_service.domain.participants import Participant
from pro_service.services import responses
from tests.services.forms import QLQ, THIRTY, Begin, Enrol, assessment
from tests.support import people
from tests.support.clock import Clock


@pytest.fixture
def anna(enrolled: Enrol) -> Participant:
    return enrolled()


@pytest.mark.parametrize("mode", ["paper", "interview", "proxy"])
def test_staff_enter_what_came_on_paper_or_by_telephone(work: Begin, anna: Participant, mode: Mode) -> None:
    """EP-12: how the answers came is stored; staff never answer as the patient."""
    one = assessment(work, anna)
    with work(people.coordinator_nki) as w:
        responses.save(w, assessment_id=one.id, instrument=QLQ, answers=THIRTY, revision=0, mode=mode)
        assert responses.submit(w, assessment_id=one.id).first
    assert assessment(work, anna).mode == mode


def test_staff_cannot_answer_as_the_patient(work: Begin, anna: Participant) -> None:
    one = assessment(work, anna)
    for mode in (None, "self"):
        with pytest.raises(Forbidden), work(people.everything) as w:
            responses.save(w, assessment_id=one.id, instrument=QLQ, answers=THIRTY, revision=0, mode=mode)
    with pytest.raises(Forbidden), work(people.everything) as w:
        responses.submit(w, assessment_id=one.id)
    with pytest.raises(Forbidden), work(people.patient(anna.id)) as w:
        responses.save(w, assessment_id=one.id, instrument=QLQ, answers=THIRTY, revision=0, mode="paper")


@pytest.mark.parametrize(
    ("actor", "error"),
    [
        (people.investigator, Forbidden),
        (people.nobody, Forbidden),
        (Actor(kind="staff", id="c", role="coordinator", study="scopes", site="lumc"), NotFound),
        (Actor(kind="staff", id="c", role="coordinator", study="other"), NotFound),
    ],
)
def test_only_the_site_s_own_staff_enter_answers(
    work: Begin, anna: Participant, actor: Actor, error: type[ProError]
) -> None:
    with pytest.raises(error), work(actor) as w:
        responses.save(
            w, assessment_id=assessment(work, anna).id, instrument=QLQ, answers=THIRTY, revision=0, mode="paper"
        )


def test_paper_filled_in_on_time_may_be_typed_in_late(work: Begin, anna: Participant, clock: Clock) -> None:
    """EP-15: the original day counts for the window and is kept; the trail says when it was typed, by whom."""
    one = assessment(work, anna)
    clock.advance(days=60)
    day, tomorrow = date(2026, 1, 20), clock.now.date() + timedelta(days=1)
    for answered_on, error in ((None, WindowClosed), (tomorrow, Invalid)):
        with pytest.raises(error), work(people.coordinator_nki) as w:
            responses.save(
                w, assessment_id=one.id, instrument=QLQ, answers=THIRTY, revision=0, mode="paper",
                answered_on=answered_on,
            )  # fmt: skip
    with work(people.coordinator_nki) as w:
        saved = responses.save(
            w, assessment_id=one.id, instrument=QLQ, answers=THIRTY, revision=0, mode="paper", answered_on=day
        )
        done = responses.submit(w, assessment_id=one.id, mode="paper", answered_on=day)
    assert done.submitted_at == datetime.fromisoformat("2026-01-20T12:00:00+01:00")
    assert saved.stamps["q1"] == {"seen": "2026-01-20T11:00:00Z", "answered": "2026-03-13T09:00:00Z", "revision": 1}

"""Forms nobody finished: closing what was begun, and writing down why. Guards failures 22 and 35; PR-5."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, select

from pro_service.domain.assessments import GRACE, MissingReason
from pro_service.domain.audit import Actor
from pro_service.domain.errors import Conflict, Forbidden, Invalid, NotFound, ProError
from pro_service.domain.participants import Participant
from pro_service.domain.responses import Draft
from pro_service.services import assessments, responses
from pro_service.storage.audit import audit_event
from pro_service.storage.responses import response
from tests.services.forms import QLQ, THIRTY, Begin, Enrol, assessment, statuses
from tests.support import people
from tests.support.clock import Clock


@pytest.fixture
def anna(enrolled: Enrol) -> Participant:
    return enrolled()


def answer_one(work: Begin, person: Participant) -> None:
    """The first answer of the baseline."""
    one = assessment(work, person)
    with work(people.patient(person.id)) as w:
        responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q1": 1}, revision=0)


def close(work: Begin, limit: int = 100) -> int:
    with work(people.system) as w:
        return assessments.close_overdue(w, limit=limit)


def waiting_to_be_scored(engine: Engine) -> int:
    with engine.connect() as connection:
        return len(connection.execute(select(response.c.id).where(response.c.to_score)).all())


def test_what_was_begun_is_scored_once_its_grace_is_over(
    work: Begin, anna: Participant, engine: Engine, clock: Clock
) -> None:
    """Failure 35: what was saved is kept and scored as far as the rules allow; not a minute too early."""
    answer_one(work, anna)
    closes_at = assessment(work, anna).closes_at
    assert closes_at is not None
    counts = []
    for instant in (closes_at, closes_at + GRACE - clock.now.resolution, closes_at + GRACE, closes_at + GRACE * 2):
        clock.set(instant)
        counts.append((close(work), waiting_to_be_scored(engine)))
    assert counts == [(0, 0), (0, 0), (1, 1), (0, 1)]
    assert statuses(work, anna)["baseline"] == "partial"


@pytest.mark.parametrize("count", [0, 1, 9])
def test_closing_goes_in_batches_until_nothing_is_left(
    work: Begin, enrolled: Enrol, engine: Engine, clock: Clock, count: int
) -> None:
    """Failure 22: none, one and nine."""
    for _ in range(count):
        answer_one(work, enrolled())
    clock.advance(days=60)
    closed = [close(work, limit=4) for _ in range(4)]
    assert closed == {0: [0, 0, 0, 0], 1: [1, 0, 0, 0], 9: [4, 4, 1, 0]}[count]
    assert waiting_to_be_scored(engine) == count


def test_untouched_and_submitted_forms_need_no_closing(work: Begin, enrolled: Enrol, clock: Clock) -> None:
    enrolled()
    done = enrolled()
    with work(people.patient(done.id)) as w:
        one = assessments.listing(w, participant_id=done.id)[0].assessment
        responses.submit(w, assessment_id=one.id, drafts={QLQ: Draft(THIRTY)})
    clock.advance(days=60)
    assert close(work) == 0


@pytest.mark.parametrize("reason", list(MissingReason))
def test_why_a_form_is_missing_is_written_down(
    work: Begin, anna: Participant, clock: Clock, engine: Engine, reason: MissingReason
) -> None:
    clock.advance(days=60)
    one = assessment(work, anna)
    for _ in range(2):
        with work(people.coordinator_nki) as w:
            assert assessments.record_missing(w, assessment_id=one.id, reason=reason).missing_reason == reason
    with engine.connect() as connection:
        lines = connection.execute(select(audit_event.c.changes).where(audit_event.c.action == "assessment.missing"))
        assert lines.scalars().all() == [{"missing_reason": [None, str(reason)]}]


@pytest.mark.parametrize(
    ("timepoint", "reason", "actor", "error"),
    [
        ("baseline", "overslept", people.coordinator_nki, Invalid),
        ("month_3", "other", people.coordinator_nki, Conflict),
        ("postop_30d", "other", people.coordinator_nki, Conflict),
        ("baseline", "other", people.nobody, Forbidden),
        ("baseline", "other", Actor(kind="staff", id="m", role="monitor"), Forbidden),
        ("baseline", "other", Actor(kind="staff", id="c", role="coordinator", site="lumc"), NotFound),
    ],
)
def test_what_is_not_a_missing_form(
    *, work: Begin, anna: Participant, timepoint: str, reason: str, actor: Actor, error: type[ProError]
) -> None:
    with pytest.raises(error), work(actor) as w:
        assessments.record_missing(w, assessment_id=assessment(work, anna, timepoint).id, reason=reason)


def test_a_form_that_was_handed_in_is_not_missing(work: Begin, anna: Participant) -> None:
    one = assessment(work, anna)
    with work(people.patient(anna.id)) as w:
        responses.submit(w, assessment_id=one.id, drafts={QLQ: Draft(THIRTY)})
    with pytest.raises(Conflict), work(people.coordinator_nki) as w:
        assessments.record_missing(w, assessment_id=one.id, reason="other")

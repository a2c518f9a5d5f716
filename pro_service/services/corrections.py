"""Corrections: change an answer after the patient has handed it in. What it said before stays, with who and why."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from pro_service.domain import reasons
from pro_service.domain import responses as documents
from pro_service.domain.assessments import Status, status
from pro_service.domain.errors import Conflict, InvalidAnswer, StaleRevision, UnknownItem
from pro_service.domain.instruments import Answer, Instrument, check_answers, unknown_items
from pro_service.domain.participants import audited
from pro_service.domain.responses import Correction, Draft
from pro_service.services.assessments import instrument_of
from pro_service.services.permissions import require_staff
from pro_service.services.work import Work
from pro_service.storage import assessments, participants, responses


def correct(
    work: Work,
    *,
    response_id: UUID,
    answers: Mapping[str, Answer | None],
    reason: str,
    revision: int | None = None,
) -> int:
    """Correct answers of a form that is submitted or closed; answers the new revision, which waits to be scored.

    A reason is compulsory. With `revision`, StaleRevision where the response has moved on. The same answers again
    change nothing. Raises Conflict while the patient can still answer, InvalidAnswer, UnknownItem, Forbidden.
    """
    whose = responses.by_id(work.session, response_id).assessment_id
    one = assessments.by_id(work.session, whose, lock=True)
    before = responses.by_id(work.session, response_id)
    person = participants.by_id(work.session, one.participant_id)
    require_staff(work, person, "responses.correct")
    why = reasons.given(reason, what="the answer changes")
    if status(one, work.now) not in {Status.SUBMITTED, Status.PARTIAL, Status.CANCELLED}:
        raise Conflict("this form is not submitted yet: its answers are saved, not corrected")
    _check(instrument_of(work, before.instrument), answers)
    if revision is not None and revision != before.revision:
        current = {item: before.answers.get(item) for item in answers}
        details = {"instrument": before.instrument, "revision": before.revision, "answers": current}
        raise StaleRevision("somebody else changed this response since", details=details)
    after = documents.merged(before, Draft(answers, before.revision), work.now)
    if after is not before:
        responses.correct(work.session, before, after, Correction(work.actor.id, work.now, why))
        changes = documents.changes(before, after)
        work.record(audited(person, "response.correct", response_id, changes, reason=why))
    return after.revision


def _check(instrument: Instrument, answers: Mapping[str, Answer | None]) -> None:
    problems = check_answers(instrument, answers)
    if problems:
        unknown = unknown_items(instrument, answers)
        raise (UnknownItem if unknown else InvalidAnswer)("these answers cannot be taken", problems=problems)

"""Assessments: list them, show one as a form, close what nobody finished, write down why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from pro_service.domain.assessments import GRACE, Assessment, MissingReason, Status, status
from pro_service.domain.errors import Conflict, Invalid, Problem, UnknownInstrument
from pro_service.domain.instruments import Answer, Instrument, missing_items, visible
from pro_service.domain.participants import Participant, audited
from pro_service.domain.protocol import Study, Text
from pro_service.domain.responses import Response
from pro_service.services import wording
from pro_service.services.permissions import on_record, require, require_staff
from pro_service.services.work import Work
from pro_service.storage import assessments, participants, responses, sheets


@dataclass(frozen=True, slots=True)
class AssessmentView:
    """An assessment as a list shows it: its name, how it stands, and how many of the items shown are answered."""

    assessment: Assessment
    label: Text
    status: Status
    answered: int
    total: int


@dataclass(frozen=True, slots=True)
class FormPart:
    """One questionnaire to show, the answers so far, and the items shown that have none (there it goes on)."""

    instrument: Instrument
    answers: Mapping[str, Answer]
    revision: int
    missing: tuple[str, ...]
    response_id: UUID | None = None  # what a correction names; None before the first answer


@dataclass(frozen=True, slots=True)
class Form:
    """The questionnaires of one assessment, in the protocol's order."""

    assessment: Assessment
    participant: Participant
    study: Study
    status: Status
    instruments: tuple[FormPart, ...]

    @property
    def language(self) -> str:
        """The language the person reads."""
        return self.participant.language

    @property
    def label(self) -> Text:
        """What the protocol calls the timepoint."""
        return _label(self.study, self.assessment)


def listing(work: Work, *, participant_id: UUID) -> tuple[AssessmentView, ...]:
    """One person's assessments in the protocol's order, each with its status and progress."""
    person = participants.by_id(work.session, participant_id)
    study = require(work, person, "assessments.read")
    on_record(work, person, "assessments")
    answered = responses.of_participant(work.session, participant_id)
    order = {timepoint.code: place for place, timepoint in enumerate(study.timepoints)}
    found = sorted(
        assessments.of_participant(work.session, participant_id),
        key=lambda one: (order.get(one.timepoint, len(order)), one.occurrence),
    )
    return tuple(_view(work, study, one, answered.get(one.id, ())) for one in found)


def form(work: Work, *, assessment_id: UUID) -> Form:
    """The questionnaires of one assessment with the answers so far. Writes nothing: looking is not beginning."""
    sheet = sheets.by_assessment(work.session, assessment_id)
    study = require(work, sheet.participant, "assessments.read")
    on_record(work, sheet.participant, "responses")
    one = sheet.assessment
    asked = (wording.shown(work, instrument_of(work, code)) for code in one.instruments)
    parts = tuple(_part(instrument, sheet.responses.get(instrument.code)) for instrument in asked)
    return Form(one, sheet.participant, study, status(one, work.now), parts)


def record_missing(work: Work, *, assessment_id: UUID, reason: str) -> Assessment:
    """Write down why a form was not completed, by one of the codes of `MissingReason`; again replaces the code."""
    before = assessments.by_id(work.session, assessment_id, lock=True)
    person = participants.by_id(work.session, before.participant_id)
    require_staff(work, person, "events.record")
    if reason not in list(MissingReason):
        raise Invalid("no such reason", problems=[Problem(f"expected one of {', '.join(MissingReason)}", "reason")])
    if status(before, work.now) not in {Status.OPEN, Status.IN_PROGRESS, Status.PARTIAL, Status.MISSED}:
        raise Conflict("this assessment is not one that somebody left unanswered")
    if before.missing_reason != reason:
        assessments.change(work.session, [{"id": assessment_id, "missing_reason": reason}])
        changes = {"missing_reason": (before.missing_reason, reason)}
        work.record(audited(person, "assessment.missing", assessment_id, changes))
    return assessments.by_id(work.session, assessment_id)


def close_overdue(work: Work, *, limit: int = 1000) -> int:
    """Mark answers to be scored whose assessment was begun and never submitted; answers how many forms that was.

    The hour of grace is over by then, or the assessment was cancelled. Nothing about the person changes, so there is
    no audit line: the status follows from the clock, and that a score is due from the answers.
    """
    return responses.settle_overdue(work.session, closed_by=work.now - GRACE, limit=limit)


def instrument_of(work: Work, code: str) -> Instrument:
    """The instrument of that code; UnknownInstrument where the catalogue has none."""
    found = work.catalogue.get(code)
    if found is None:
        raise UnknownInstrument(f"no instrument '{code}' in the catalogue")
    return found


def _view(work: Work, study: Study, one: Assessment, given: Sequence[Response]) -> AssessmentView:
    answers = {response.instrument: response.answers for response in given}
    answered = total = 0
    for code in one.instruments:
        instrument, known = instrument_of(work, code), answers.get(code, {})
        shown = len(visible(instrument, known))
        total += shown
        answered += shown - len(missing_items(instrument, known))
    return AssessmentView(one, _label(study, one), status(one, work.now), answered, total)


def _part(instrument: Instrument, response: Response | None) -> FormPart:
    answers = {} if response is None else response.answers
    revision = 0 if response is None else response.revision
    response_id = None if response is None else response.id
    return FormPart(instrument, answers, revision, missing_items(instrument, answers), response_id)


def _label(study: Study, one: Assessment) -> Text:
    """What the protocol calls the timepoint; its code where the protocol asks it no more."""
    return next((point.label for point in study.timepoints if point.code == one.timepoint), {"en": one.timepoint})

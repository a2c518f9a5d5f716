"""Whole questionnaires filled in, for tests that are about something else."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from uuid import UUID

from pro_service.domain.assessments import Assessment
from pro_service.domain.instruments import Answer
from pro_service.domain.participants import Participant
from pro_service.services import assessments
from pro_service.services.work import Work
from tests.support import people

Begin = Callable[..., AbstractContextManager[Work]]
Enrol = Callable[..., Participant]

QLQ = "qlq-c30"
THIRTY: dict[str, Answer] = {f"q{number}": 2 for number in range(1, 31)}
"""All thirty answers of the qlq-c30."""


def assessment(work: Begin, participant: Participant, timepoint: str = "baseline") -> Assessment:
    """One of somebody's assessments, by its timepoint."""
    with work(people.system, writes=False) as w:
        views = assessments.listing(w, participant_id=participant.id)
    return next(view.assessment for view in views if view.assessment.timepoint == timepoint)


def statuses(work: Begin, participant: Participant) -> dict[str, str]:
    """Timepoint -> status, as the person sees them now."""
    with work(people.patient(participant.id), writes=False) as w:
        views = assessments.listing(w, participant_id=participant.id)
    return {view.assessment.timepoint: str(view.status) for view in views}


def answers(work: Begin, assessment_id: UUID, instrument: str = QLQ) -> dict[str, Answer]:
    """The answers of one questionnaire as they stand."""
    with work(people.system, writes=False) as w:
        form = assessments.form(w, assessment_id=assessment_id)
    return dict(next(part.answers for part in form.instruments if part.instrument.code == instrument))

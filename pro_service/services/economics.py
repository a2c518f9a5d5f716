"""Economics: the utilities of a study as they were known at one instant, arm by arm."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from pro_service.domain.audit import AuditEvent
from pro_service.domain.economics import Course, course, utility_scale
from pro_service.domain.exports import cut_off
from pro_service.domain.roles import require
from pro_service.services import datasets, studies
from pro_service.services.work import Work


@dataclass(frozen=True, slots=True)
class StudyUtilities:
    """Everybody who was enrolled, by code; and what the utilities are made of."""

    study: str
    cut_off: datetime
    instrument: str
    scale: str
    value_sets: tuple[str, ...]
    courses: tuple[Course, ...]


def utilities(
    work: Work, *, study: str, as_of: date | datetime | None = None, instrument: str | None = None
) -> StudyUtilities:
    """The utilities of a study, at the end of a day or at an instant. A reading transaction will do; see `record`.

    Raises UnknownStudy, StudyNotActive, Forbidden, and Invalid where no one questionnaire gives a utility.
    """
    _require(work, study)
    at = cut_off(as_of, timezone=studies.active(work, code=study).timezone, now=work.now)
    shape, everybody = datasets.everybody(work, study=study, as_of=at)
    code, scale = utility_scale(shape, instrument)
    courses: list[Course] = []
    value_sets: set[str] = set()
    for known in everybody:
        one = course(shape, known, instrument=code, scale=scale)
        if one is not None:
            courses.append(one)
            responses = (response for form in known.forms for response in form.responses)
            scores = (each for response in responses if response.definition.code == code for each in response.scores)
            value_sets.update(each.value_set for each in scores)
    return StudyUtilities(study, at, code, scale, tuple(sorted(value_sets)), tuple(courses))


def record(work: Work, *, study: str, as_of: date | datetime | None, instrument: str | None) -> None:
    """Leave a line in the trail that utilities and arms are about to leave. Raises UnknownStudy, Forbidden."""
    _require(work, study)
    study_id = studies.active_version(work, code=study).study_id
    changes: dict[str, tuple[object, object]] = {"as_of": (None, as_of), "instrument": (None, instrument)}
    work.record(AuditEvent("economics.report", "study", study_id, changes, study_id=study_id))


def _require(work: Work, study: str) -> None:
    require(work.actor, "exports.write", study=study)
    require(work.actor, "arms.read", study=study)

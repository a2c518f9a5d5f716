"""The study team's desk: how every site stands, and whose questionnaire is late. Reads only; shows no arm, no name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from pro_service.domain import roles
from pro_service.domain.assessments import Assessment, Status, status
from pro_service.domain.protocol import Study, Text
from pro_service.services import studies
from pro_service.services.work import Work
from pro_service.storage import desk
from pro_service.storage.desk import Line

ANSWERABLE = (Status.OPEN, Status.IN_PROGRESS)
GONE_BY = (Status.MISSED, Status.PARTIAL)


@dataclass(frozen=True, slots=True)
class SiteRow:
    """One site: people, how many wait in screening, and assessments by status."""

    site: str
    label: str
    participants: int
    in_screening: int
    by_status: Mapping[Status, int]


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One participant's assessments by status."""

    id: UUID
    code: str
    site: str
    by_status: Mapping[Status, int]


@dataclass(frozen=True, slots=True)
class Late:
    """One assessment somebody should look at. `days` counts from the day it was due."""

    code: str
    site: str
    timepoint: Text
    assessment: Assessment
    status: Status
    days: int


@dataclass(frozen=True, slots=True)
class Desk:
    """What one member of the team sees of one study. `overdue` can still be answered, `missing` no more."""

    study: Study
    sites: tuple[SiteRow, ...]
    people: tuple[PersonRow, ...]
    overdue: tuple[Late, ...]
    missing: tuple[Late, ...]


def overview(work: Work, *, study: str) -> Desk:
    """How the study stands at the sites the actor may see.

    Overdue is what was due as many days ago as the protocol says and is not submitted; missing is what closed
    without being submitted and has no reason written down.
    """
    roles.require(work.actor, "assessments.read", study=study, site=work.actor.site)
    version = studies.active_version(work, code=study)
    found = desk.lines(work.session, study_id=version.study_id, site=work.actor.site)
    people = desk.people(work.session, study_id=version.study_id, site=work.actor.site)
    judged = [(line, status(line[2], work.now)) for line in found]
    labels = studies.labels(work, code=study)
    late = timedelta(days=version.study.reminders.overdue_after)
    overdue = [each for each in judged if each[1] in ANSWERABLE and _age(work, each[0][2]) >= late]
    missing = [each for each in judged if each[1] in GONE_BY and each[0][2].missing_reason is None]
    return Desk(
        study=version.study,
        sites=_sites(version.study, people, judged),
        people=_people(judged),
        overdue=_late(work, labels, overdue),
        missing=_late(work, labels, missing),
    )


def _age(work: Work, assessment: Assessment) -> timedelta:
    return work.now - assessment.due_at if assessment.due_at else timedelta(0)


def _sites(
    study: Study, people: Mapping[str, tuple[int, int]], judged: Iterable[tuple[Line, Status]]
) -> tuple[SiteRow, ...]:
    counts: dict[str, Counter[Status]] = {site: Counter() for site in people}
    for (_, site, _), state in judged:
        counts[site][state] += 1
    labels = {site.code: site.label for site in study.sites}
    return tuple(
        SiteRow(site, labels.get(site, site), total, waiting, counts[site]) for site, (total, waiting) in people.items()
    )


def _people(judged: Iterable[tuple[Line, Status]]) -> tuple[PersonRow, ...]:
    counts: dict[tuple[UUID, str, str], Counter[Status]] = {}
    for (code, site, assessment), state in judged:
        counts.setdefault((assessment.participant_id, code, site), Counter())[state] += 1
    return tuple(PersonRow(*who, by_status) for who, by_status in counts.items())


def _late(work: Work, labels: Mapping[str, Text], judged: Iterable[tuple[Line, Status]]) -> tuple[Late, ...]:
    """The longest overdue first."""
    rows = [
        Late(
            code=code,
            site=site,
            timepoint=labels.get(assessment.timepoint, {"en": assessment.timepoint}),
            assessment=assessment,
            status=state,
            days=_age(work, assessment).days,
        )
        for (code, site, assessment), state in judged
    ]
    return tuple(sorted(rows, key=lambda row: (-row.days, row.code)))

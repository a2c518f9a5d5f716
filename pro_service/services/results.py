"""One participant's results: events, schedule, and scores beside what helps to read them. Reading is on record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from pro_service.domain import roles
from pro_service.domain.assessments import Assessment, Status, status
from pro_service.domain.datacut import Cut, KnownForm
from pro_service.domain.events import EventRecord
from pro_service.domain.participants import Participant
from pro_service.domain.protocol import Study, Text
from pro_service.domain.results import InstrumentResults, baseline_of, results
from pro_service.services import knowledge, studies
from pro_service.services.permissions import on_record, require_staff
from pro_service.services.work import Work
from pro_service.storage import participants


@dataclass(frozen=True, slots=True)
class Results:
    """What a member of the team sees of one participant. `labels` names every timepoint; an arm only who may know it.

    `events` is the newest record of each event, retractions too; `forms` are in the protocol's order with their status.
    """

    participant: Participant
    study: Study
    labels: Mapping[str, Text]
    events: tuple[EventRecord, ...]
    forms: tuple[tuple[Assessment, Status], ...]
    instruments: tuple[InstrumentResults, ...]
    baseline: str


def of_participant(work: Work, *, participant_id: UUID) -> Results:
    """Everything about one participant that a score is read with; writes down who read it.

    For staff who may read scores at the person's site. A handful of queries, however many forms there are. What a
    person is still filling in is not shown. Raises NotFound, Forbidden.
    """
    person = participants.by_id(work.session, participant_id)
    study = require_staff(work, person, "scores.read")
    for permission in ("participants.read", "events.read", "assessments.read"):
        roles.require(work.actor, permission, study=study.code, site=person.site)
    protocols = [studies.of_version(work, study_version_id=one.id) for one in studies.activated(work, code=study.code)]
    codes = dict.fromkeys(code for protocol in protocols for code in protocol.instruments)
    asked = {code: work.catalogue[code] for code in codes if code in work.catalogue}
    shape = Cut(study=study, timepoints=study.timepoints, instruments=tuple(asked.values()), at=work.now)
    (known,) = knowledge.known(work, shape, [person])
    baseline = baseline_of(study.timepoints)
    known = replace(known, forms=tuple(_finished(work, form) for form in known.forms))
    on_record(work, person, "scores")
    return Results(
        participant=person if roles.allows(work.actor, "arms.read") else replace(person, arm=None),
        study=study,
        labels={point.code: point.label for protocol in protocols for point in protocol.timepoints},
        events=known.events,
        forms=tuple((form.assessment, status(form.assessment, work.now)) for form in known.forms),
        instruments=results(known, catalogue=asked, baseline=baseline, now=work.now),
        baseline=baseline,
    )


def _finished(work: Work, form: KnownForm) -> KnownForm:
    """The form without what its person may still change."""
    unfinished = status(form.assessment, work.now) in (Status.OPEN, Status.IN_PROGRESS)
    return replace(form, responses=()) if unfinished else form

"""The schedule of one person: what the protocol and their events say, and the assessments made to say the same.

Re-planning computes a diff and applies it, in the transaction of whatever changed the facts. An id never changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from pro_service.domain import events as history_of
from pro_service.domain.assessments import Assessment
from pro_service.domain.datacut import Cut
from pro_service.domain.participants import Participant, audited
from pro_service.domain.protocol import Study
from pro_service.domain.schedule import Change, Facts, TrialEvent
from pro_service.domain.sweeps import first_look
from pro_service.services import knowledge, studies
from pro_service.services.permissions import on_record, require_staff
from pro_service.services.work import Work
from pro_service.storage import assessments, events, participants
from pro_service.storage.metadata import new_id


@dataclass(frozen=True, slots=True)
class Known:
    """A person's assessments as they stood at an instant, in protocol order; days are reckoned in their zone."""

    at: datetime
    timezone: str
    assessments: tuple[Assessment, ...]


def replan(work: Work, *, participant: Participant) -> tuple[Change, ...]:
    """Make the person's assessments what the protocol and their events now say; answers what changed."""
    study = studies.of_participant(work, participant)
    known = history_of.current(events.of_participant(work.session, participant.id))
    changes = proposed(work, participant=participant, study=study, events=known, lock=True)
    apply(work, participant=participant, study=study, changes=changes)
    return changes


def proposed(
    work: Work, *, participant: Participant, study: Study, events: Sequence[TrialEvent], lock: bool
) -> tuple[Change, ...]:
    """What these events would change; nothing for somebody in screening. `lock` holds the assessments as they are."""
    if facts_of(participant) is None:
        return ()
    existing = assessments.of_participant(work.session, participant.id, lock=lock)
    return difference(participant, study=study, events=events, existing=existing)


def difference(
    participant: Participant, *, study: Study, events: Sequence[TrialEvent], existing: Sequence[Assessment]
) -> tuple[Change, ...]:
    """What must change for the assessments to say what the protocol and these events say."""
    facts = facts_of(participant)
    if facts is None:
        return ()
    return history_of.replanned(study, facts, events, existing)


def facts_of(participant: Participant) -> Facts | None:
    """What planning needs to know of somebody; None for somebody in screening, who is asked nothing yet."""
    if participant.enrolled_at is None or participant.arm is None or participant.stratum is None:
        return None
    return Facts(participant.arm, participant.stratum, participant.timezone)


def as_known(
    work: Work, *, participant_id: UUID, known_at: datetime | None = None, known_on: date | None = None
) -> Known:
    """One person's assessments as they stood at an instant, or at the end of a day there; else as they stand now.

    Dates that moved since are moved back, with the help of the audit trail.
    """
    person = participants.by_id(work.session, participant_id)
    study = require_staff(work, person, "events.read")
    on_record(work, person, "assessments")
    at = history_of.asked_for(known_at, known_on, timezone=person.timezone, now=work.now)
    shape = Cut(study=study, timepoints=study.timepoints, instruments=(), at=at)
    (known,) = knowledge.known(work, shape, [person])
    return Known(at, person.timezone, tuple(form.assessment for form in known.forms))


def apply(work: Work, *, participant: Participant, study: Study, changes: Sequence[Change]) -> None:
    """Write what was proposed for one person."""
    apply_all(work, [(participant, study, changes)])


def apply_all(work: Work, proposals: Iterable[tuple[Participant, Study, Sequence[Change]]]) -> None:
    """Write what was proposed: one statement for new assessments, one for changed ones, one for the audit trail."""
    new, changed, lines = [], [], []
    writing = ((person, study, one) for person, study, changes in proposals for one in changes if one.writes)
    for person, study, change in writing:
        held = change.existing
        assessment_id = new_id() if held is None else held.id
        fields = {"id": assessment_id, **change.fields(work.now)}
        fields["next_reminder_at"] = first_look(study.reminders, change.planned, person.timezone, work.now)
        differences = change.differences(work.now)
        if held is None:
            identity = {"participant_id": person.id, "occurrence": change.planned.occurrence}
            new.append({**identity, "timepoint": change.planned.timepoint, **fields})
            differences["timepoint"] = (None, change.planned.timepoint)
        else:
            changed.append(fields)
        lines.append(audited(person, f"assessment.{change.kind}", assessment_id, differences))
    assessments.add(work.session, new)
    assessments.change(work.session, changed)
    work.record(*lines)

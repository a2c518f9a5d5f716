"""Participants: enrol, park in screening, find. Nothing here knows a name; the contact goes behind its own door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from pro_service.domain import calendar, enrolment, roles
from pro_service.domain.enrolment import Enrolment
from pro_service.domain.errors import AlreadyEnrolled, Conflict, Invalid
from pro_service.domain.participants import Contact, Participant, audited
from pro_service.domain.protocol import Study
from pro_service.domain.schedule import TrialEvent
from pro_service.services import addresses, contacts, studies
from pro_service.services import events as trial_events
from pro_service.services.permissions import on_record, require, require_staff
from pro_service.services.studies import ActiveVersion
from pro_service.services.work import Work
from pro_service.storage import participants
from pro_service.storage.metadata import new_id

FACTS = ("site", "arm", "stratum", "language", "timezone", "consented_on", "enrolled_at")


def enrol(
    work: Work,
    *,
    study: str,
    code: str,
    site: str,
    arm: str | None,
    stratum: str | None,
    language: str,
    timezone: str | None = None,
    contact: Contact | None = None,
    eligibility: Mapping[str, str],
    consented_on: date | None,
    events: Sequence[TrialEvent],
) -> Participant:
    """Enrol somebody in the active version of a study, and plan every assessment.

    A criterion answered `not_sure` parks the person in screening instead: known, but asked nothing until
    `complete_screening`. Raises Invalid with every problem named by its field, AlreadyEnrolled, Forbidden.
    """
    candidate = Enrolment(
        code, site, arm, stratum, language, timezone or "", dict(eligibility), consented_on, tuple(events)
    )
    return admit(work, study=study, candidate=candidate, contact=contact)


def admit(work: Work, *, study: str, candidate: Enrolment, contact: Contact | None = None) -> Participant:
    """What `enrol` does, for facts gathered before; an empty zone means that of the site."""
    roles.require(work.actor, "participants.enrol", study=study, site=candidate.site)
    version = studies.active_version(work, code=study, hold=True)
    candidate = replace(candidate, timezone=candidate.timezone or _zone_of(version.study, candidate.site))
    _require_eligible(work, version.study, candidate, contact or contacts.NOBODY)
    if participants.exists(work.session, study_id=version.study_id, code=candidate.code):
        raise AlreadyEnrolled(f"{candidate.code} is enrolled in this study already")
    person = _person(work, version, candidate)
    participants.add(work.session, person, at=work.now)
    record(work, "participant.park" if candidate.parked else "participant.enrol", None, person)
    if contact is not None:
        contacts.save(work, participant_id=person.id, contact=contact)
    trial_events.record_first(work, participant=person, first=candidate.events)
    return person


def complete_screening(
    work: Work,
    *,
    participant_id: UUID,
    eligibility: Mapping[str, str],
    arm: str | None = None,
    stratum: str | None = None,
    consented_on: date | None = None,
    events: Sequence[TrialEvent] = (),
) -> Participant:
    """Answer the open questions of somebody parked in screening; with none left, they are enrolled and planned.

    What is not given stays as it was recorded. Raises Invalid as `enrol` does, and Conflict for somebody enrolled.
    """
    before = participants.by_id(work.session, participant_id, lock=True)
    study = require_staff(work, before, "participants.enrol")
    if before.enrolled_at is not None:
        raise Conflict("this participant is enrolled already")
    recorded = {event.kind: event for event in trial_events.known(work, participant_id=participant_id)}
    news = [event for event in events if recorded.get(event.kind) != event]
    after = replace(
        before,
        arm=arm or before.arm,
        stratum=stratum or before.stratum,
        eligibility={**before.eligibility, **eligibility},
        consented_on=consented_on or before.consented_on,
    )
    known = {**recorded, **{event.kind: event for event in news}}
    candidate = _candidate(after, tuple(known.values()))
    _require_eligible(work, study, candidate)
    after = replace(after, enrolled_at=None if candidate.parked else work.now)
    participants.change(work.session, after)
    record(work, "participant.screen" if candidate.parked else "participant.enrol", before, after)
    trial_events.record_first(work, participant=after, first=news)
    return after


def by_id(work: Work, *, participant_id: UUID) -> Participant:
    """One participant: for themself, or for staff of their study and site."""
    found = participants.by_id(work.session, participant_id)
    require(work, found, "participants.read")
    on_record(work, found, "participants")
    return _seen(work, found)


def listing(work: Work, *, study: str, site: str = "", after: str = "", limit: int = 100) -> tuple[Participant, ...]:
    """Participants by code, from the first code later than `after`; one site's staff see that site's alone."""
    site = site or work.actor.site
    roles.require(work.actor, "participants.read", study=study, site=site)
    version = studies.active_version(work, code=study)
    found = participants.listing(work.session, study_id=version.study_id, site=site, after=after, limit=limit)
    return tuple(_seen(work, one) for one in found)


def _seen(work: Work, person: Participant) -> Participant:
    """The person as this actor may see them: a blinded role sees no arm."""
    return person if roles.allows(work.actor, "arms.read") else replace(person, arm=None)


def _zone_of(study: Study, site: str) -> str:
    return next((one.timezone for one in study.sites if one.code == site), "") or study.timezone


def _require_eligible(work: Work, study: Study, candidate: Enrolment, contact: Contact = contacts.NOBODY) -> None:
    try:
        today = calendar.local_date(work.now, calendar.zone(candidate.timezone))
    except Invalid:
        today = work.now.date()  # the zone is named among the problems
    problems = [
        *enrolment.problems(study, candidate, today),
        *addresses.problems(contact, timezone=candidate.timezone),
    ]
    if problems:
        raise Invalid("this enrolment cannot be made", problems=problems)


def _person(work: Work, version: ActiveVersion, candidate: Enrolment) -> Participant:
    ids = {"study_id": version.study_id, "study_version_id": version.version_id}
    return Participant.of(candidate, id=new_id(), at=work.now, **ids)


def _candidate(person: Participant, events: tuple[TrialEvent, ...]) -> Enrolment:
    return Enrolment(
        code=person.code,
        site=person.site,
        arm=person.arm,
        stratum=person.stratum,
        language=person.language,
        timezone=person.timezone,
        eligibility=person.eligibility,
        consented_on=person.consented_on,
        events=events,
    )


def record(work: Work, action: str, before: Participant | None, after: Participant, *, reason: str = "") -> None:
    """One audit line with every field that differs, each criterion and each preference a field of its own."""
    old, new = _facts(before), _facts(after)
    changes = {
        name: (old.get(name), new.get(name))
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    }
    work.record(audited(after, action, after.id, changes, reason=reason))


def _facts(person: Participant | None) -> dict[str, object]:
    if person is None:
        return {}
    return {
        "code": person.code,
        **{name: getattr(person, name) for name in FACTS},
        **{f"eligibility.{code}": verdict for code, verdict in person.eligibility.items()},
        **{f"preferences.{name}": value for name, value in person.preferences.items()},
    }

"""Trial events: record, correct, take back. Every change re-plans the person's assessments in the same transaction.

History is append-only: a new date supersedes the one before, and what was believed on any past day can be told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from pro_service.domain import calendar
from pro_service.domain import events as history_of
from pro_service.domain.audit import AuditEvent
from pro_service.domain.consequences import Consequence, consequences
from pro_service.domain.events import EventRecord
from pro_service.domain.participants import Participant, audited
from pro_service.domain.protocol import Study
from pro_service.domain.schedule import Change, TrialEvent
from pro_service.services import schedule
from pro_service.services.permissions import on_record, require_staff
from pro_service.services.work import Work
from pro_service.storage import events, participants
from pro_service.storage.metadata import new_id

_Said = tuple[str, date | None, bool | None]
"""Kind, date and whether it has happened; None: it has, unless its date lies ahead."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What recording an event comes to. `event` is `before` itself where it says nothing new."""

    event: EventRecord
    before: EventRecord | None
    consequences: tuple[Consequence, ...]
    timezone: str
    """The person's, in which the dates are days."""

    @property
    def changes(self) -> tuple[Change, ...]:
        """What it does to the schedule."""
        return tuple(one.change for one in self.consequences)


@dataclass(frozen=True, slots=True)
class _Case:
    """What recording an event comes to; `after` is `before` where it says nothing new."""

    participant: Participant
    study: Study
    before: EventRecord | None
    after: EventRecord
    changes: tuple[Change, ...]

    def recorded(self, now: datetime) -> Recorded:
        """The same for whoever asked, with what it means for the person's messages."""
        rule = self.study.reminders
        meant = consequences(self.changes, rule=rule, participant=self.participant, now=now)
        return Recorded(self.after, self.before, meant, self.participant.timezone)


def record(
    work: Work,
    *,
    participant_id: UUID,
    kind: str,
    on: date | None,
    actual: bool | None = None,
    reason: str = "",
    supersedes: UUID | None = None,
) -> Recorded:
    """Record that an event has happened or is planned, correct its date, or take it back (`on` is None).

    Without `actual`, what lies ahead is planned and the rest has happened. The same again changes nothing.
    `supersedes` is the record that the caller saw and corrects: Conflict where somebody else has corrected it
    meanwhile. Raises UnknownEvent, EventTooEarly, Invalid and Conflict (see domain.events).
    """
    case = _case(work, participant_id, (kind, on, actual), reason, supersedes=supersedes, lock=True)
    if case.after is not case.before:
        events.add(work.session, [case.after])
        work.record(_line(case.participant, case.before, case.after))
        schedule.apply(work, participant=case.participant, study=case.study, changes=case.changes)
    return case.recorded(work.now)


def preview(
    work: Work,
    *,
    participant_id: UUID,
    kind: str,
    on: date | None,
    actual: bool | None = None,
    reason: str = "",
    supersedes: UUID | None = None,
) -> Recorded:
    """What `record` would come to. Refuses what `record` refuses, and writes nothing."""
    case = _case(work, participant_id, (kind, on, actual), reason, supersedes=supersedes, lock=False)
    return case.recorded(work.now)


def record_first(work: Work, *, participant: Participant, first: Sequence[TrialEvent]) -> tuple[Change, ...]:
    """Record what is known of somebody at enrolment, checked by then, and plan once for all of it."""
    held = {one.kind: one for one in history_of.known(_records(work, participant.id))}
    asked = [_asked(work, participant.id, event, "at enrolment") for event in first]
    added = [history_of.next_record(held.get(one.kind), one) for one in asked]
    events.add(work.session, added)
    work.record(*(_line(participant, held.get(one.kind), one) for one in added))
    return schedule.replan(work, participant=participant)


def history(
    work: Work, *, participant_id: UUID, known_at: datetime | None = None, known_on: date | None = None
) -> tuple[EventRecord, ...]:
    """Everything recorded of one person by an instant, or by the end of a day there, oldest first; else by now."""
    person = participants.by_id(work.session, participant_id)
    require_staff(work, person, "events.read")
    on_record(work, person, "events")
    at = history_of.asked_for(known_at, known_on, timezone=person.timezone, now=work.now)
    return tuple(one for one in _records(work, participant_id) if one.recorded_at <= at)


def known(work: Work, *, participant_id: UUID) -> tuple[TrialEvent, ...]:
    """The events as known now, for another use case that has asked for its own permission."""
    return history_of.current(_records(work, participant_id))


def _asked(work: Work, participant_id: UUID, event: TrialEvent, reason: str, *, retracts: bool = False) -> EventRecord:
    on = None if retracts else event.on
    return EventRecord(new_id(), participant_id, event.kind, on, event.actual, work.now, work.actor.id, reason)


def _case(work: Work, participant_id: UUID, said: _Said, reason: str, *, supersedes: UUID | None, lock: bool) -> _Case:
    """The one path that `record` and `preview` share; `lock` makes others wait who change this person's schedule."""
    person = participants.by_id(work.session, participant_id, lock=lock)
    study = require_staff(work, person, "events.record")
    today = calendar.local_date(work.now, calendar.zone(person.timezone))
    kind, on, actual = said
    day = on or study.born_on
    event = TrialEvent(kind, day, day <= today if actual is None else actual)
    history_of.check(study, event, today)
    records = _records(work, person.id)
    before = next((one for one in history_of.known(records) if one.kind == kind), None)
    history_of.require_newest(before, supersedes)
    after = history_of.next_record(before, _asked(work, person.id, event, reason, retracts=on is None))
    if after is before:
        return _Case(person, study, before, after, ())
    known = history_of.current([*records, after])
    changes = schedule.proposed(work, participant=person, study=study, events=known, lock=lock)
    return _Case(person, study, before, after, changes)


def _records(work: Work, participant_id: UUID) -> tuple[EventRecord, ...]:
    return events.of_participant(work.session, participant_id)


def _line(person: Participant, before: EventRecord | None, after: EventRecord) -> AuditEvent:
    old = (None, None) if before is None else (before.on, before.actual)
    changes = {
        field: pair
        for field, pair in ((f"{after.kind}.on", (old[0], after.on)), (f"{after.kind}.actual", (old[1], after.actual)))
        if pair[0] != pair[1]
    }
    action = "event.record" if before is None else "event.retract" if after.on is None else "event.correct"
    return audited(person, action, after.id, changes, reason=after.reason)

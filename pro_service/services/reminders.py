"""Reminders: turn what is due into decisions, one message per person and day, each with its reason on record.

A sweep is one transaction. The rows it works on are locked while it lasts and moved to their next time before it ends,
so a second sweep, a second scheduler or a restart half-way decides nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import groupby
from uuid import UUID

from pro_service.domain import roles
from pro_service.domain.audit import AuditEvent
from pro_service.domain.deliveries import Delivery
from pro_service.domain.events import ends_of
from pro_service.domain.participants import Participant
from pro_service.domain.protocol import Study
from pro_service.domain.reminders import Decision, Kind, Person, Ruling, ask_again, bundle, local_day, rulings
from pro_service.domain.schedule import TrialEvent
from pro_service.services import studies
from pro_service.services.work import Work
from pro_service.storage import deliveries
from pro_service.storage.deliveries import Due
from pro_service.storage.metadata import new_id

LIMIT = 500
TODAY = frozenset({Kind.SEND, Kind.BUNDLED, Kind.QUIET_HOURS, Kind.DAILY_LIMIT})
"""What is said of the day of the decision; every other kind is said of the day the message would have gone."""


@dataclass(slots=True)
class _Outcome:
    """What one sweep is about to write."""

    new: list[Delivery] = field(default_factory=list)
    again: dict[UUID, datetime | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Case:
    """One person with everything a decision about them needs."""

    participant: Participant
    study: Study
    due: Sequence[Due]
    past: Sequence[Delivery]
    ended: str | None

    def person(self, now: datetime) -> Person:
        """The facts the decision is made from."""
        return person(self.participant, self.past, now, ended=self.ended)


def sweep(open_work: Callable[[], AbstractContextManager[Work]], *, limit: int = LIMIT) -> int:
    """Decide about every assessment that is due, up to `limit`; how many there were. Fewer than `limit`: all done."""
    with open_work() as work:
        roles.require(work.actor, "deliveries.send")
        due = deliveries.take_due(work.session, now=work.now, limit=limit)
        if due:
            _decide(work, due)
    return len(due)


def person(
    participant: Participant, past: Sequence[Delivery], now: datetime, *, ended: str | None, reachable: bool = True
) -> Person:
    """What deciding needs to know of a participant, `past` being the other messages of these days."""
    today = local_day(now, participant.timezone)
    heard = [now if one.due_at else one.told_at for one in past if one.told_at is not None and not one.waiting(now)]
    return Person(
        timezone=participant.timezone,
        preferences=participant.preferences,
        ended=ended,
        reachable=reachable,
        messages_today=sum(at is not None and local_day(at, participant.timezone) == today for at in heard),
    )


def ended(events: Sequence[TrialEvent], today: date) -> str | None:
    """The event that has ended this person's part, if one has."""
    return next((event.kind for event in events if event.on <= today), None)


def _decide(work: Work, due: Sequence[Due]) -> None:
    outcome = _Outcome()
    for case in _cases(work, due):
        _decide_one(work, case, outcome)
    deliveries.add(work.session, outcome.new)
    deliveries.look_again(work.session, outcome.again)
    work.record(*(_line(one) for one in outcome.new))


def _cases(work: Work, due: Sequence[Due]) -> Iterator[_Case]:
    """Everything to be known, in a fixed number of questions however many people there are."""
    people = {one.participant.id: one.participant for one in due}
    versions = {one.study_version_id for one in people.values()}
    protocols = {version: studies.of_version(work, study_version_id=version) for version in versions}
    kinds = {kind for study in protocols.values() for kind in ends_of(study)}
    ends = deliveries.ends(work.session, participant_ids=people, kinds=kinds)
    since = min(_first_day(one, work.now) for one in due)
    past = deliveries.of_participants(work.session, people, since=since)
    by_person = sorted(due, key=lambda one: one.participant.id)
    for participant_id, group in groupby(by_person, key=lambda one: one.participant.id):
        participant = people[participant_id]
        yield _Case(
            participant,
            protocols[participant.study_version_id],
            tuple(group),
            past.get(participant_id, []),
            ended(ends.get(participant_id, []), local_day(work.now, participant.timezone)),
        )


def _first_day(due: Due, now: datetime) -> date:
    opens_at = due.assessment.opens_at
    return local_day(min(now, opens_at) if opens_at else now, due.participant.timezone)


def _decide_one(work: Work, case: _Case, outcome: _Outcome) -> None:
    rule, who, now = case.study.reminders, case.person(work.now), work.now
    ruled = {
        one.assessment.id: rulings(
            now, rule=rule, assessment=one.assessment, person=who, told_on=_told_on(case, one.assessment.id)
        )
        for one in case.due
    }
    settled = _into_waiting(work, case, bundle([ruling for each in ruled.values() for ruling in each]))
    known = {one.key for one in case.past}
    outcome.new += [new for new in _rows(case, settled, now) if new.key not in known]
    for one in case.due:
        mine = [ruling for ruling in settled if ruling.assessment.id == one.assessment.id]
        outcome.again[one.assessment.id] = ask_again(now, rule=rule, assessment=one.assessment, person=who, ruled=mine)


def _told_on(case: _Case, assessment_id: UUID) -> date | None:
    """The last local day on which a message spoke, or will speak, of this assessment."""
    zone = case.participant.timezone
    told = [one.told_at for one in case.past if assessment_id in one.assessment_ids]
    return max((local_day(at, zone) for at in told if at is not None), default=None)


def _into_waiting(work: Work, case: _Case, settled: Sequence[Ruling]) -> Sequence[Ruling]:
    """Where a message to this person still waits to be sent, what is due now goes into it instead of a second one."""
    waiting = next((one for one in case.past if one.waiting(work.now)), None)
    said = [ruling.assessment.id for ruling in settled if ruling.decision.kind in {Kind.SEND, Kind.BUNDLED}]
    if waiting is None or not said:
        return settled
    both = tuple(dict.fromkeys((*waiting.assessment_ids, *said)))
    deliveries.say_also(work.session, waiting.id, assessment_ids=both, now=work.now)
    work.record(_change(waiting, assessment_ids=(waiting.assessment_ids, both)))
    bundled = Decision(Kind.BUNDLED, "said in the message that was waiting")
    return [replace(ruling, decision=bundled) if ruling.decision.kind is Kind.SEND else ruling for ruling in settled]


def _rows(case: _Case, settled: Sequence[Ruling], now: datetime) -> Iterator[Delivery]:
    today = local_day(now, case.participant.timezone)
    said = tuple(one.assessment.id for one in settled if one.decision.kind in {Kind.SEND, Kind.BUNDLED})
    for ruling in settled:
        decision, sends = ruling.decision, ruling.decision.kind is Kind.SEND
        own_day = local_day(ruling.due_at, case.participant.timezone)
        yield Delivery(
            id=new_id(),
            participant_id=case.participant.id,
            key=_message_key(case, today)
            if sends
            else f"{ruling.assessment.id}:{ruling.due_at:%Y%m%dT%H%M}:{decision.kind}",
            occasion=ruling.occasion,
            assessment_ids=said if sends else (ruling.assessment.id,),
            local_day=today if decision.kind in TODAY else own_day,
            channel="",
            decision=decision.kind,
            reason=decision.reason,
            decided_at=now,
            due_at=now if sends else None,
        )


def _message_key(case: _Case, today: date) -> str:
    """Participant, local day, and the how-manieth message of that day: the database refuses a second of the same."""
    prefix = f"{case.participant.id}:{today}:"
    return f"{prefix}{1 + sum(one.key.startswith(prefix) for one in case.past)}"


def _line(one: Delivery) -> AuditEvent:
    return _change(
        one, decision=(None, one.decision), reason=(None, one.reason), assessment_ids=(None, one.assessment_ids)
    )


def _change(one: Delivery, **changes: tuple[object, object]) -> AuditEvent:
    return AuditEvent("delivery.decide", "delivery", one.id, changes, participant_id=one.participant_id)

"""One sweep over one person: what is due becomes decisions, one message, and the instants to look again.

Pure, so that the service and a simulation decide alike: the service hands in what is stored and stores what comes of
it. `last_word` is asked once more, right before a message goes out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from pro_service.domain.assessments import Assessment
from pro_service.domain.deliveries import Delivery
from pro_service.domain.participants import Participant
from pro_service.domain.protocol import ReminderRule
from pro_service.domain.reminders import (
    Decision,
    Kind,
    Person,
    Ruling,
    ask_again,
    bundle,
    decide,
    first_due,
    local_day,
    rulings,
)
from pro_service.domain.schedule import Planned, TrialEvent

TODAY = frozenset({Kind.SEND, Kind.BUNDLED, Kind.QUIET_HOURS, Kind.DAILY_LIMIT})
"""What is said of the day of the decision; every other kind is said of the day the message would have gone."""

SAID = frozenset({Kind.SEND, Kind.BUNDLED})


@dataclass(frozen=True, slots=True)
class Case:
    """One person with everything a decision needs: the assessments that are due, the messages of these days."""

    participant: Participant
    rule: ReminderRule
    due: Sequence[Assessment]
    past: Sequence[Delivery]
    ended: str | None


@dataclass(frozen=True, slots=True)
class Swept:
    """What came of it: new decisions, when to look at each assessment again (None: never), by id.

    `joined` is a message that was still waiting to be sent, with all it now speaks of; None where there is none.
    """

    new: tuple[Delivery, ...]
    again: Mapping[UUID, datetime | None]
    joined: tuple[Delivery, tuple[UUID, ...]] | None = None


def sweep(case: Case, now: datetime, *, new_id: Callable[[], UUID]) -> Swept:
    """Decide about everything that is due for one person. The same again decides nothing twice."""
    who = person(case.participant, case.past, now, ended=case.ended)
    ruled = [
        ruling
        for one in case.due
        for ruling in rulings(now, rule=case.rule, assessment=one, person=who, told_on=_told_on(case, one.id))
    ]
    settled, joined = _into_waiting(case, bundle(ruled), now)
    known = {one.key for one in case.past}
    new = tuple(one for one in _rows(case, settled, now, new_id) if one.key not in known)
    again = {
        one.id: ask_again(
            now,
            rule=case.rule,
            assessment=one,
            person=who,
            ruled=[ruling for ruling in settled if ruling.assessment.id == one.id],
        )
        for one in case.due
    }
    return Swept(new, again, joined)


def last_word(
    now: datetime,
    *,
    rule: ReminderRule,
    assessments: Sequence[Assessment],
    meant: Sequence[UUID],
    person: Person,
    occasion: str,
) -> tuple[tuple[Assessment, ...], Decision]:
    """Decide again as a message is about to be sent: about what it was `meant` for, and what else is open to mention.

    `assessments` are all there are of the person. Answers those it speaks of, none where it is not to go now.
    """
    decisions = {
        one.id: decide(now, rule=rule, assessment=one, person=person, occasion=occasion) for one in assessments
    }
    if any(decisions[one.id].kind is Kind.SEND for one in assessments if one.id in meant):
        return tuple(one for one in assessments if decisions[one.id].kind is Kind.SEND), Decision(Kind.SEND, "due")
    against = [decisions[one.id] for one in assessments if one.id in meant]
    waits = [decision for decision in against if decision.until is not None]
    return (), (waits or against)[0]


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
    """The event that has ended this person's part, if one has; `events` are those that end it."""
    return next((event.kind for event in events if event.on <= today), None)


def first_day(assessment: Assessment, timezone: str, now: datetime) -> date:
    """The local day since when messages may have spoken of this assessment."""
    opens_at = assessment.opens_at
    return local_day(min(now, opens_at) if opens_at else now, timezone)


def first_look(rule: ReminderRule, planned: Planned, timezone: str, now: datetime) -> datetime | None:
    """When the first message about a planned window is due; None where nobody will be asked, or not any more."""
    if planned.state != "planned" or planned.closes_at is None or planned.closes_at <= now:
        return None
    return first_due(rule, planned.opens_at, planned.closes_at, timezone)


def _told_on(case: Case, assessment_id: UUID) -> date | None:
    """The last local day on which a message spoke, or will speak, of this assessment."""
    zone = case.participant.timezone
    told = [one.told_at for one in case.past if assessment_id in one.assessment_ids]
    return max((local_day(at, zone) for at in told if at is not None), default=None)


def _into_waiting(
    case: Case, settled: Sequence[Ruling], now: datetime
) -> tuple[Sequence[Ruling], tuple[Delivery, tuple[UUID, ...]] | None]:
    """Where a message to this person still waits to be sent, what is due now goes into it instead of a second one."""
    waiting = next((one for one in case.past if one.waiting(now)), None)
    said = [ruling.assessment.id for ruling in settled if ruling.decision.kind in SAID]
    if waiting is None or not said:
        return settled, None
    bundled = Decision(Kind.BUNDLED, "said in the message that was waiting")
    into = [replace(ruling, decision=bundled) if ruling.decision.kind is Kind.SEND else ruling for ruling in settled]
    return into, (waiting, tuple(dict.fromkeys((*waiting.assessment_ids, *said))))


def _rows(case: Case, settled: Sequence[Ruling], now: datetime, new_id: Callable[[], UUID]) -> Iterator[Delivery]:
    today = local_day(now, case.participant.timezone)
    said = tuple(one.assessment.id for one in settled if one.decision.kind in SAID)
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


def _message_key(case: Case, today: date) -> str:
    """Participant, local day, and the how-manieth message of that day: the database refuses a second of the same."""
    prefix = f"{case.participant.id}:{today}:"
    return f"{prefix}{1 + sum(one.key.startswith(prefix) for one in case.past)}"

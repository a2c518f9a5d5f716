"""Deliveries: send what is due, once; and tell why a message was, or was not, sent.

Each message takes three short transactions, and none is open while its channel is called:

    claim it for a while                                              commit
    decide again, compose, put the attempt on record                  commit
    call the channel with the delivery's id
    put the outcome on record                                         commit

Killed before the second commit, nothing has happened and the claim runs out. Killed after it, the attempt stands
without an outcome: when the claim has run out it is tried again where the channel recognises the id, and becomes
`unknown`, for a person to look into, where it does not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from pro_service.domain import roles, sweeps
from pro_service.domain.assessments import Assessment
from pro_service.domain.audit import AuditEvent
from pro_service.domain.deliveries import Attempt, Delivery, Explanation, Outcome, verdict
from pro_service.domain.errors import ChannelError
from pro_service.domain.events import ends_of
from pro_service.domain.messages import Channel, Message
from pro_service.domain.participants import Participant
from pro_service.domain.protocol import Study
from pro_service.domain.reminders import Decision, Kind, Person, local_day
from pro_service.domain.sweeps import last_word
from pro_service.observability import failure, logger
from pro_service.services import contacts, messages, studies
from pro_service.services.permissions import require_staff
from pro_service.services.work import Work
from pro_service.storage import assessments, deliveries, participants

LEASE = timedelta(minutes=5)
"""Longer than any channel may take to answer."""

log = logger("deliveries")
OpenWork = Callable[[], AbstractContextManager[Work]]


@dataclass(frozen=True, slots=True)
class _Letter:
    """A message whose attempt is on record: to be handed to its channel now, with no transaction open."""

    delivery: Delivery
    attempt: Attempt
    message: Message
    channel: Channel


@dataclass(frozen=True, slots=True)
class _Case:
    """One claimed delivery with everything a decision about it needs. `address` is None where there is none."""

    delivery: Delivery
    participant: Participant
    study: Study
    assessments: Sequence[Assessment]
    channel: Channel
    address: str | None
    person: Person


def send_due(open_work: OpenWork, *, channels: Mapping[str, Channel], base_url: str, limit: int = 100) -> int:
    """Send every message that is due, up to `limit`; how many were due. Fewer than `limit`: all done."""
    for done in range(limit):
        with open_work() as work:
            roles.require(work.actor, "deliveries.send")
            claimed = deliveries.claim_next(work.session, now=work.now, until=work.now + LEASE)
        if claimed is None:
            return done
        try:
            _send_one(open_work, claimed, channels, base_url)
        except Exception as error:  # one message that cannot be handled must not keep all others back
            log.error("could not be handled", delivery=str(claimed.id), **failure(error))
    return limit


def _send_one(open_work: OpenWork, claimed: Delivery, channels: Mapping[str, Channel], base_url: str) -> None:
    with open_work() as work:
        letter = _prepare(work, claimed, channels, base_url)
    if letter is not None:
        _send(open_work, letter)


def explain(work: Work, *, participant_id: UUID, day: date) -> tuple[Explanation, ...]:
    """Everything decided about this person's messages of one local day, with each attempt: why sent, why not."""
    return tuple(
        one for one in history(work, participant_id=participant_id, since=day) if one.delivery.local_day == day
    )


def history(work: Work, *, participant_id: UUID, since: date = date.min) -> tuple[Explanation, ...]:
    """Everything decided about this person's messages since a local day, oldest first."""
    participant = participants.by_id(work.session, participant_id)
    require_staff(work, participant, "deliveries.read")
    found = deliveries.of_participants(work.session, [participant_id], since=since).get(participant_id, [])
    tried = deliveries.attempts(work.session, [one.id for one in found])
    return tuple(Explanation(one, tuple(tried.get(one.id, ()))) for one in found)


def _prepare(work: Work, claimed: Delivery, channels: Mapping[str, Channel], base_url: str) -> _Letter | None:
    """The claimed message ready to go, its attempt on record; None where it is not to be sent now."""
    participant = participants.by_id(work.session, claimed.participant_id, lock=True)
    delivery = deliveries.by_id(work.session, claimed.id)
    if delivery.claimed_until != claimed.claimed_until:
        return None  # we were held up for longer than our claim, and somebody else took over
    tried = deliveries.attempts(work.session, [delivery.id]).get(delivery.id, [])
    if any(one.outcome is None for one in tried):
        deliveries.finish_attempts(work.session, delivery.id, outcome="unknown", detail="ended without an answer")
        if not _deduplicates(channels, delivery.channel):
            _close(work, delivery, "unknown", due_at=None)
            return None
    case = _case(work, delivery, participant, channels)
    spoken_of, decision = last_word(
        work.now,
        rule=case.study.reminders,
        assessments=case.assessments,
        meant=delivery.assessment_ids,
        person=case.person,
    )
    if decision.kind is not Kind.SEND or case.address is None:
        _settle(work, delivery, decision)
        return None
    return _letter(work, case, spoken_of, number=len(tried) + 1, base_url=base_url)


def _letter(work: Work, case: _Case, spoken_of: Sequence[Assessment], *, number: int, base_url: str) -> _Letter:
    """Compose the message and put on record that its channel is about to be called."""
    attempt = deliveries.begin_attempt(work.session, case.delivery.id, number=number, at=work.now)
    message = messages.compose(
        work,
        delivery=case.delivery,
        to=case.address or "",
        participant=case.participant,
        study=case.study,
        assessments=spoken_of,
        base_url=base_url,
    )
    ids, channel = tuple(one.id for one in spoken_of), case.channel.name
    deliveries.change(work.session, case.delivery.id, channel=channel, assessment_ids=ids, decision=Kind.SEND)
    _record(work, "delivery.attempt", case.delivery, number=(None, number), channel=(None, channel))
    return _Letter(case.delivery, attempt, message, case.channel)


def _case(work: Work, delivery: Delivery, participant: Participant, channels: Mapping[str, Channel]) -> _Case:
    study = studies.of_version(work, study_version_id=participant.study_version_id)
    today = local_day(work.now, participant.timezone)
    ends = deliveries.ends(work.session, participant_ids=[participant.id], kinds=ends_of(study))
    since = min(today, delivery.local_day) - timedelta(days=1)
    found = deliveries.of_participants(work.session, [participant.id], since=since).get(participant.id, [])
    channel = channels.get(participant.preferences.get("channel", "")) or channels["email"]
    address = getattr(contacts.read(work, participant_id=participant.id), channel.address)
    return _Case(
        delivery=delivery,
        participant=participant,
        study=study,
        assessments=assessments.of_participant(work.session, participant.id),
        channel=channel,
        address=address,
        person=sweeps.person(
            participant,
            [one for one in found if one.id != delivery.id],
            work.now,
            ended=sweeps.ended(ends.get(participant.id, []), today),
            reachable=bool(address),
        ),
    )


def _settle(work: Work, delivery: Delivery, decision: Decision) -> None:
    """Not now: put the reason on record, with when to ask again if that is ever."""
    news: dict[str, object] = {"decision": decision.kind, "reason": decision.reason, "due_at": decision.until}
    deliveries.change(work.session, delivery.id, **news, decided_at=work.now, claimed_until=None)
    _record(work, "delivery.decide", delivery, **{name: (getattr(delivery, name), new) for name, new in news.items()})


def _send(open_work: OpenWork, letter: _Letter) -> None:
    """Call the channel, then put on record what it said."""
    outcome: Outcome | None = "sent"
    again, permanent = None, None
    try:
        detail = letter.channel.send(letter.message).detail
    except ChannelError as error:
        detail, permanent = error.message, error.permanent
        outcome, again = verdict(error, number=letter.attempt.number, now=letter.message.at)
    with open_work() as work:
        news = {"finished_at": work.now, "outcome": outcome or "failed", "permanent": permanent, "detail": detail}
        deliveries.finish_attempt(work.session, letter.attempt.id, **news)
        _close(work, letter.delivery, outcome, due_at=again)


def _close(work: Work, delivery: Delivery, outcome: Outcome | None, *, due_at: datetime | None) -> None:
    sent_at = work.now if outcome == "sent" else None
    deliveries.change(work.session, delivery.id, outcome=outcome, sent_at=sent_at, due_at=due_at, claimed_until=None)
    _record(work, f"delivery.{outcome or 'retry'}", delivery, outcome=(delivery.outcome, outcome))
    log.info(outcome or "will try again", delivery=str(delivery.id))


def _deduplicates(channels: Mapping[str, Channel], name: str) -> bool:
    return any(channel.deduplicates for channel in channels.values() if channel.name == name)


def _record(work: Work, action: str, delivery: Delivery, **changes: tuple[object, object]) -> None:
    work.record(AuditEvent(action, "delivery", delivery.id, changes, participant_id=delivery.participant_id))

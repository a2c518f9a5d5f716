"""Deliveries: send what is due, once; and tell why a message was, or was not, sent.

Each message takes three short transactions, and none is open while its channel is called:

    claim it for a while                                              commit
    decide again, compose, put the attempt on record                  commit
    call the channel with the delivery's id
    put the outcome on record                                         commit

Killed before the second commit, nothing has happened and the claim runs out. Killed after it, the attempt stands
without an outcome: when the claim has run out it is tried again where the channel recognises the id, and becomes
`unknown`, for a person to look into, where it does not.

To whom a delivery goes makes no difference here. `CARRIERS` says, for each kind of recipient, how to decide again and
compose (see carriers.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from pro_service.domain import roles
from pro_service.domain.deliveries import Attempt, Delivery, Explanation, Outcome, Recipient, verdict
from pro_service.domain.errors import ChannelError
from pro_service.domain.messages import Channel
from pro_service.domain.reminders import Decision, Kind
from pro_service.observability import failure, logger
from pro_service.services import participant_messages
from pro_service.services.carriers import Carrier, Letter, Outside, event
from pro_service.services.permissions import require_staff
from pro_service.services.work import Work
from pro_service.storage import deliveries, participants

CARRIERS: dict[Recipient, Carrier] = {"participant": participant_messages.prepare}
"""How to decide again and compose, by kind of recipient. The loop below needs nothing else to know of them."""

LEASE = timedelta(minutes=5)
"""Longer than any channel may take to answer."""

log = logger("deliveries")
OpenWork = Callable[[], AbstractContextManager[Work]]


@dataclass(frozen=True, slots=True)
class _Ready:
    """A message whose attempt is on record: to be handed over now, with no transaction open."""

    delivery: Delivery
    attempt: Attempt
    letter: Letter


def send_due(open_work: OpenWork, *, channels: Mapping[str, Channel], base_url: str, limit: int = 100) -> int:
    """Send every message that is due, up to `limit`; how many were due. Fewer than `limit`: all done."""
    outside = Outside(channels, base_url)
    for done in range(limit):
        with open_work() as work:
            roles.require(work.actor, "deliveries.send")
            claimed = deliveries.claim_next(work.session, now=work.now, until=work.now + LEASE)
        if claimed is None:
            return done
        try:
            _send_one(open_work, claimed, outside)
        except Exception as error:  # one message that cannot be handled must not keep all others back
            log.error("could not be handled", delivery=str(claimed.id), **failure(error))
    return limit


def _send_one(open_work: OpenWork, claimed: Delivery, outside: Outside) -> None:
    with open_work() as work:
        ready = _prepare(work, claimed, outside)
    if ready is not None:
        _send(open_work, ready)


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


def _prepare(work: Work, claimed: Delivery, outside: Outside) -> _Ready | None:
    """The claimed message ready to go, its attempt on record; None where it is not to be sent now."""
    delivery = deliveries.by_id(work.session, claimed.id)
    if delivery.claimed_until != claimed.claimed_until:
        return None  # we were held up for longer than our claim, and somebody else took over
    tried = deliveries.attempts(work.session, [delivery.id]).get(delivery.id, [])
    dead = [one for one in tried if one.outcome is None]
    if dead:
        deliveries.finish_attempts(work.session, delivery.id, outcome="unknown", detail="ended without an answer")
        if not all(one.repeatable for one in dead):
            _close(work, delivery, "unknown", due_at=None)
            return None
    found = CARRIERS[delivery.recipient](work, [delivery], outside)[delivery.id]
    if isinstance(found, Decision):
        _settle(work, delivery, found)
        return None
    return _begin(work, delivery, found, number=len(tried) + 1)


def _begin(work: Work, delivery: Delivery, letter: Letter, *, number: int) -> _Ready:
    """Put on record that the channel is about to be called."""
    attempt = deliveries.begin_attempt(
        work.session, delivery.id, number=number, at=work.now, repeatable=letter.repeatable
    )
    told = {"channel": letter.channel, "assessment_ids": letter.assessment_ids, "decision": Kind.SEND}
    deliveries.change_claimed(work.session, delivery, **told)
    _record(work, "delivery.attempt", delivery, number=(None, number), channel=(None, letter.channel))
    return _Ready(delivery, attempt, letter)


def _settle(work: Work, delivery: Delivery, decision: Decision) -> None:
    """Not now: put the reason on record, with when to ask again if that is ever."""
    news: dict[str, object] = {"decision": decision.kind, "reason": decision.reason, "due_at": decision.until}
    deliveries.change_claimed(work.session, delivery, **news, decided_at=work.now, claimed_until=None)
    _record(work, "delivery.decide", delivery, **{name: (getattr(delivery, name), new) for name, new in news.items()})


def _send(open_work: OpenWork, ready: _Ready) -> None:
    """Call the channel, then put on record what it said."""
    outcome: Outcome | None = "sent"
    again, permanent = None, None
    try:
        detail = ready.letter.call().detail
    except ChannelError as error:
        detail, permanent = error.message, error.permanent
        outcome, again = verdict(error, number=ready.attempt.number, now=ready.attempt.started_at)
    with open_work() as work:
        news = {"finished_at": work.now, "outcome": outcome or "failed", "permanent": permanent, "detail": detail}
        deliveries.finish_attempt(work.session, ready.attempt.id, **news)
        _close(work, ready.delivery, outcome, due_at=again)


def _close(work: Work, delivery: Delivery, outcome: Outcome | None, *, due_at: datetime | None) -> None:
    sent_at = work.now if outcome == "sent" else None
    deliveries.change(work.session, delivery.id, outcome=outcome, sent_at=sent_at, due_at=due_at, claimed_until=None)
    _record(work, f"delivery.{outcome or 'retry'}", delivery, outcome=(delivery.outcome, outcome))
    log.info(outcome or "will try again", delivery=str(delivery.id))


def _record(work: Work, action: str, delivery: Delivery, **changes: tuple[object, object]) -> None:
    work.record(event(action, delivery, changes))

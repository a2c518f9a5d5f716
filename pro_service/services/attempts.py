"""Attempts: what is put on record before a channel is called, before it hands over, after it has answered, and where it
never will."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from pro_service.domain.deliveries import Attempt, Delivery, Outcome, status_words, verdict
from pro_service.domain.errors import ChannelError
from pro_service.domain.messages import Receipt
from pro_service.domain.reminders import Decision, Kind
from pro_service.observability import logger
from pro_service.services.carriers import Letter, event
from pro_service.services.work import Work
from pro_service.storage import attempts as stored
from pro_service.storage import deliveries
from pro_service.storage.metadata import new_id

LEASE = timedelta(minutes=5)
"""How long a message is ours once its channel is called: longer than any channel may take to answer."""

log = logger("deliveries")


@dataclass(frozen=True, slots=True)
class Ready:
    """A message decided on and composed, to be the delivery's attempt of that number."""

    delivery: Delivery
    letter: Letter
    number: int

    @property
    def lane(self) -> str:
        """What is left alone when it keeps failing: a channel, or one endpoint."""
        return str(self.delivery.webhook_id or self.letter.channel)


@dataclass(frozen=True, slots=True)
class Call:
    """A call under way, its attempt on record; and, once it is over, what came of it."""

    ready: Ready
    attempt: Attempt
    said: str | ChannelError = ""


def begin(work: Work, ready: Sequence[Ready]) -> list[Call]:
    """Put on record that these channels are about to be called, each under a fresh claim; those still ours."""
    until = work.now + LEASE
    news = {
        one.delivery.id: {
            "claimed_until": until,
            "channel": one.letter.channel,
            "assessment_ids": one.letter.assessment_ids,
            "decision": Kind.SEND,
        }
        for one in ready
    }
    ours = deliveries.change_held(work.session, [one.delivery for one in ready], news)
    begun = [
        Call(
            replace(one, delivery=replace(one.delivery, claimed_until=until)),
            _attempt(one, work.now),
        )
        for one in ready
        if one.delivery.id in ours
    ]
    stored.begin(work.session, [call.attempt for call in begun])
    work.record(
        *(
            event(
                "delivery.attempt",
                call.ready.delivery,
                {"number": (None, call.ready.number), "channel": (None, call.ready.letter.channel)},
            )
            for call in begun
        )
    )
    return begun


def _attempt(ready: Ready, now: datetime) -> Attempt:
    """A new one. Where it may be repeated nothing depends on how far it got: it counts as handed over at once."""
    repeatable = ready.letter.repeatable
    handed_at = now if repeatable else None
    return Attempt(new_id(), ready.delivery.id, ready.number, now, repeatable=repeatable, handed_at=handed_at)


def hand_over(work: Work, attempt_ids: Sequence[UUID]) -> frozenset[UUID]:
    """Put on record that these may arrive from now on; the ids of those that are still for us to send."""
    return stored.hand_over(work.session, attempt_ids, at=work.now)


def give_up(work: Work, dead: Sequence[Delivery]) -> frozenset[UUID]:
    """Put on record that nobody is at these any more; the ids of those that were never handed over."""
    unsent = stored.give_up(work.session, [one.id for one in dead])
    ends = {one.id: "failed" if one.id in unsent else "unknown" for one in dead}
    work.record(*(event("delivery.silence", one, {"attempt": (None, ends[one.id])}) for one in dead))
    return unsent


def end(work: Work, over: Sequence[Call]) -> None:
    """How calls ended. What was taken is on record as sent, whoever holds the claim by now."""
    judged = [(call, *_verdict(call, work.now)) for call in over]
    attempts = [
        {
            "id": call.attempt.id,
            "finished_at": work.now,
            "outcome": outcome or "failed",
            "permanent": call.said.permanent if isinstance(call.said, ChannelError) else None,
            "detail": status_words(call.said.message if isinstance(call.said, ChannelError) else call.said),
        }
        for call, outcome, _ in judged
    ]
    news: dict[UUID, dict[str, object]] = {
        call.attempt.delivery_id: {
            "outcome": outcome,
            "sent_at": work.now if outcome == "sent" else None,
            "due_at": again,
            "claimed_until": None,
        }
        for call, outcome, again in judged
    }
    sent = {one: facts for one, facts in news.items() if facts["outcome"] == "sent"}
    others = {one: facts for one, facts in news.items() if one not in sent}
    theirs = [call.ready.delivery for call in over]
    stored.end(work.session, attempts)
    deliveries.change_all(work.session, sent)
    ours = deliveries.change_held(work.session, theirs, others)
    _record_outcomes(work, theirs, {one: facts for one, facts in news.items() if one in sent or one in ours})
    for call in over:
        if isinstance(call.said, ChannelError) and call.said.gone and call.ready.letter.lost is not None:
            call.ready.letter.lost(work, status_words(call.said.message))
    late = [one for one in theirs if one.id in others and one.id not in ours]
    work.record(*(event("delivery.late", one, {"claim": (one.claimed_until, "somebody else's")}) for one in late))


def _verdict(call: Call, now: datetime) -> tuple[Outcome | None, datetime | None]:
    if isinstance(call.said, ChannelError):
        return verdict(
            call.said,
            number=call.attempt.number,
            now=now,
            repeatable=call.attempt.repeatable,
            pauses=call.ready.letter.pauses,
        )
    return "sent", None


def conclude(work: Work, these: Sequence[Delivery], outcome: Outcome) -> None:
    """These are over without an answer: they are not sent again unless somebody says so."""
    news: dict[UUID, dict[str, object]] = {
        one.id: {"outcome": outcome, "due_at": None, "claimed_until": None} for one in these
    }
    ours = deliveries.change_held(work.session, these, news)
    _record_outcomes(work, these, {one: news[one] for one in ours})


def count_as_broken(work: Work, claimed: Delivery, error: Exception) -> None:
    """A message that cannot be composed counts as an attempt that failed, to be made again later."""
    tried = stored.of_deliveries(work.session, [claimed.id]).get(claimed.id, ())
    letter = Letter(claimed.channel, repeatable=False, call=lambda _: Receipt())
    (call,) = begin(work, [Ready(claimed, letter, len(tried) + 1)]) or (None,)
    if call is not None:
        end(work, [replace(call, said=ChannelError(f"could not be composed: {type(error).__name__}"))])


def settle(work: Work, settled: Sequence[tuple[Delivery, Decision]]) -> None:
    """Not now: put the reason on record, with when to ask again if that is ever."""
    news = {
        one.id: {"decision": decision.kind, "reason": decision.reason, "due_at": decision.until}
        for one, decision in settled
    }
    held = [one for one, _ in settled]
    over = {"decided_at": work.now, "claimed_until": None}
    ours = deliveries.change_held(work.session, held, {one: {**each, **over} for one, each in news.items()})
    work.record(
        *(
            event("delivery.decide", one, {name: (getattr(one, name), new) for name, new in news[one.id].items()})
            for one in held
            if one.id in ours
        )
    )


def _record_outcomes(work: Work, these: Iterable[Delivery], news: Mapping[UUID, Mapping[str, object]]) -> None:
    told = [(one, news[one.id]["outcome"]) for one in these if one.id in news]
    work.record(
        *(event(f"delivery.{outcome or 'retry'}", one, {"outcome": (one.outcome, outcome)}) for one, outcome in told)
    )
    for one, outcome in told:
        log.info(outcome or "will try again", delivery=str(one.id))

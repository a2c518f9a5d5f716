"""Deliveries: send what is due, once; and tell why a message was, or was not, sent.

Messages are taken in batches, and no transaction is open while a channel is called:

    claim a batch for a while                                              commit
    decide again about each, compose                                       commit
    put the next attempts on record, with what happened to others by now   commit   (again and again)
    call the channels with the deliveries' ids, a few at once: each connects, says for whom it has a message,
    and waits until it is on record that the text is about to be handed over

Killed before an attempt is on record, nothing has happened and the claim runs out. Killed after it, the attempt stands
without an outcome. When the claim has run out, one that was never about to hand over is simply made again: certainly
nothing has left us. One that was is made again where the channel recognises the id, and becomes `unknown`, for a
person to look into, where it does not. So only a text on its way can be in doubt, not all that was under way.

Whoever stood still for longer than its claim, and goes on, may hand over no more: the attempt was given up by then, and
the mark is refused.

A slow call holds up nobody but itself, until all `at_once` are slow. Each call has a long claim of its own from the
moment it begins; what waits behind slow ones, or was claimed by somebody who died, is free for others when the batch's
short claim has run out, and what was decided more than `FRESH` ago is decided again. A channel that fails `PATIENCE`
times in a row is left alone for a minute.

To whom a delivery goes makes no difference here. `CARRIERS` says, for each kind of recipient, how to decide again and
compose (see carriers.py).
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from time import sleep
from uuid import UUID

from pro_service.domain import roles
from pro_service.domain.deliveries import (
    PAUSES,
    Delivery,
    Recipient,
    retry_at,
)
from pro_service.domain.errors import ChannelError, Unavailable
from pro_service.domain.messages import Channel
from pro_service.domain.reminders import Decision
from pro_service.observability import failure, logger
from pro_service.posting import ABROAD, Post
from pro_service.services import attempts, participant_messages, staff_messages, webhook_calls
from pro_service.services.attempts import Call, Ready
from pro_service.services.calls import Calls
from pro_service.services.carriers import Carrier, Letter, Outside
from pro_service.services.work import Work
from pro_service.storage import attempts as stored
from pro_service.storage import deliveries
from pro_service.storage.session import savepoint

CARRIERS: dict[Recipient, Carrier] = {
    "participant": participant_messages.prepare,
    "webhook": webhook_calls.prepare,
    "staff": staff_messages.prepare,
}
"""How to decide again and compose, by kind of recipient. The loop below needs nothing else to know of them."""

CLAIM = timedelta(seconds=30)
"""How long a batch is ours while its messages wait for their turn."""

FRESH = timedelta(seconds=10)
"""How long a decision to send holds."""

INSIST = (0.5, 1, 2, 4, 8, 15, 30)
"""Seconds to wait before each try to put on record what was told while the database was away."""

BATCH, LIMIT, PATIENCE = 100, 1000, 8

log = logger("deliveries")
OpenWork = Callable[[], AbstractContextManager[Work]]


def send_due(
    open_work: OpenWork,
    *,
    channels: Mapping[str, Channel],
    base_url: str,
    post: Post = ABROAD,
    limit: int = LIMIT,
    at_once: int = 1,
) -> int:
    """Send every message that is due, up to `limit`, making so many calls at once; how many were due.

    Fewer than `limit`: all done.
    """
    done = 0
    with _opened(channels) as kept, ThreadPoolExecutor(at_once, thread_name_prefix="send") as pool:
        sender = _Sender(open_work, Outside(kept, base_url, post), pool, at_once)
        while done < limit:
            claimed = _claim(open_work, limit=min(BATCH, limit - done))
            if not claimed:
                break
            sender.send(claimed)
            done += len(claimed)
    return done


@contextmanager
def _opened(channels: Mapping[str, Channel]) -> Iterator[Mapping[str, Channel]]:
    """The same channels, whose lines stay open from one message to the next where they can."""
    with ExitStack() as stack:
        yield {
            name: one if one.opened is None else replace(one, send=stack.enter_context(one.opened()))
            for name, one in channels.items()
        }


def _claim(open_work: OpenWork, *, limit: int) -> tuple[Delivery, ...]:
    """The messages due longest, ours for a while, the oldest first; of one person only one, the others stay free."""
    with open_work() as work:
        roles.require(work.actor, "deliveries.send")
        found = deliveries.claim_due(work.session, now=work.now, until=work.now + CLAIM, limit=limit)
        first = {one.participant_id or one.id: one for one in reversed(found)}
        ours = tuple(one for one in found if first[one.participant_id or one.id] is one)
        deliveries.let_go(work.session, [one.id for one in found if one not in ours])
    return ours


class _Sender:
    """Sends batch after batch, and remembers which lanes keep failing."""

    def __init__(self, open_work: OpenWork, outside: Outside, pool: ThreadPoolExecutor, at_once: int) -> None:
        self._open_work, self._outside, self._pool, self._at_once = open_work, outside, pool, at_once
        self._failures: Counter[str] = Counter()  # in a row, by lane

    def send(self, claimed: Sequence[Delivery]) -> None:
        """Send these; back when the last of them is done with."""
        with self._open_work() as work:
            ready, decided_at = deque(self._decide(work, claimed)), work.now
        calls, over = Calls(self._pool), list[Call]()
        try:
            while ready or calls.under_way or over:
                with self._open_work() as work:
                    self._put_on_record(work, over)
                    granted = attempts.hand_over(work, calls.asking)
                    self._leave_alone(work, ready)
                    next_ones = [ready.popleft() for _ in range(min(self._at_once - calls.under_way, len(ready)))]
                    if next_ones and work.now - decided_at > FRESH:
                        next_ones = self._decide(work, [one.delivery for one in next_ones])
                    begun = attempts.begin(work, next_ones)
                calls.let_go(granted)
                calls.make(begun)
                over = calls.wait()
        except Unavailable:
            self._insist([*over, *calls.finish()])
            raise
        finally:
            calls.finish()

    def _insist(self, over: Sequence[Call]) -> None:
        """The database went away, and nobody else knows how these calls ended: put it on record once it is back.

        Where it was on record already, and only the answer to that was lost, saying it again does no harm.
        """
        for pause in INSIST if over else ():
            sleep(pause)
            with suppress(Unavailable):
                with self._open_work() as work:
                    attempts.end(work, over)
                return
        if over:
            log.error("never put on record", messages=len(over))

    def _decide(self, work: Work, claimed: Sequence[Delivery]) -> list[Ready]:
        """Those that are to go now, composed. One that breaks what handles it has failed, and keeps no other back."""
        try:
            with savepoint(work.session):
                return _prepare(work, claimed, self._outside)
        except Unavailable:
            raise
        except Exception as error:  # whatever it is, it must not keep the others back
            if len(claimed) > 1:
                return [ready for one in claimed for ready in self._decide(work, [one])]
            log.error("could not be composed", delivery=str(claimed[0].id), **failure(error))
            attempts.count_as_broken(work, claimed[0], error)
            return []

    def _put_on_record(self, work: Work, over: Sequence[Call]) -> None:
        """How these calls ended, and what becomes of their deliveries."""
        for call in over:
            passing = isinstance(call.said, ChannelError) and not call.said.permanent
            self._failures[call.ready.lane] = self._failures[call.ready.lane] + 1 if passing else 0
        attempts.end(work, over)

    def _leave_alone(self, work: Work, ready: deque[Ready]) -> None:
        """Free for later what would go where the last calls all failed: it need not fail, nor wait, one by one."""
        silent = [one for one in ready if self._failures[one.lane] >= PATIENCE]
        if silent:
            deliveries.let_go(work.session, [one.delivery.id for one in silent], due_at=work.now + PAUSES[0])
            log.warning("left alone for a while", messages=len(silent), channels=len({one.lane for one in silent}))
            for one in silent:
                ready.remove(one)


def _prepare(work: Work, claimed: Sequence[Delivery], outside: Outside) -> list[Ready]:
    """Those of the claimed messages that are to go now; of the others it is put on record why not."""
    held = deliveries.still_held(work.session, claimed)
    tried = stored.of_deliveries(work.session, [one.id for one in held])
    dead = {one.id: [each for each in tried.get(one.id, ()) if each.outcome is None] for one in held}
    unsent = attempts.give_up(work, [one for one in held if dead[one.id]])
    doubtful = {one.id for one in held if dead[one.id] and one.id not in unsent}
    in_doubt = [one for one in held if one.id in doubtful and not all(each.repeatable for each in dead[one.id])]
    found: dict[UUID, Letter | Decision] = {}
    for recipient, carrier in CARRIERS.items():
        theirs = [one for one in held if one.recipient == recipient and one not in in_doubt]
        if theirs:
            found |= carrier(work, theirs, outside)
    ready, settled, hopeless = [], [], []
    for one in held:
        letter = found.get(one.id)
        if isinstance(letter, Decision):
            settled.append((one, letter))
        elif letter is not None and one.id in doubtful and letter.channel != one.channel:
            in_doubt.append(one)  # it may have arrived by the other channel
        elif letter is not None and dead[one.id] and retry_at(len(tried[one.id]), work.now, letter.pauses) is None:
            hopeless.append(one)  # whoever took it up died of it, time and again
        elif letter is not None:
            ready.append(Ready(one, letter, len(tried.get(one.id, ())) + 1))
    attempts.settle(work, settled)
    attempts.conclude(work, in_doubt, "unknown")
    attempts.conclude(work, hopeless, "failed")
    return ready

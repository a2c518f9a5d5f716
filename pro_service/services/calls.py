"""Calls under way: each in a thread of its own, each asking before it hands over, each telling how it ended.

The sender is one thread with one transaction at a time. It sleeps in `wait`, is told everything that has happened, and
puts it all on record at once: that these are about to hand over, how those ended.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from queue import SimpleQueue
from uuid import UUID

from pro_service.domain.deliveries import status_words
from pro_service.domain.errors import ChannelError
from pro_service.observability import failure, logger
from pro_service.services.attempts import Call

TAKEN_OVER = "not handed over: somebody else had taken the message over"
NOT_ON_RECORD = "not handed over: it could not be put on record"

log = logger("deliveries")


@dataclass(frozen=True, slots=True)
class _Asking:
    """A call that is about to hand over, and waits to be told that this is on record."""

    attempt_id: UUID
    told: Future[None] = field(default_factory=Future)


@dataclass(slots=True)
class Calls:
    """What is under way in the threads of this pool."""

    pool: Executor
    _news: SimpleQueue[_Asking | Future[Call]] = field(default_factory=SimpleQueue)
    _asking: list[_Asking] = field(default_factory=list)
    under_way: int = 0

    @property
    def asking(self) -> list[UUID]:
        """The attempts that wait to hand over."""
        return [one.attempt_id for one in self._asking]

    def make(self, begun: Iterable[Call]) -> None:
        """Make these calls."""
        for call in begun:
            self.under_way += 1
            self.pool.submit(self._made, call).add_done_callback(self._news.put)

    def let_go(self, granted: Collection[UUID], *, otherwise: str = TAKEN_OVER) -> None:
        """Let those of the asking hand over whose attempts are granted; the others may not."""
        for one in self._asking:
            if one.attempt_id in granted:
                one.told.set_result(None)
            else:
                one.told.set_exception(ChannelError(otherwise))
        self._asking.clear()

    def wait(self) -> list[Call]:
        """Back when something has happened: the calls that are over, each with what was said."""
        over: list[Call] = []
        while (self.under_way and not (over or self._asking)) or not self._news.empty():
            one = self._news.get()
            if isinstance(one, _Asking):
                self._asking.append(one)
            else:
                self.under_way -= 1
                over.append(one.result())
        return over

    def finish(self) -> list[Call]:
        """Let nothing more be handed over; how those under way ended, when the last of them has."""
        over: list[Call] = []
        while self.under_way:
            self.let_go((), otherwise=NOT_ON_RECORD)
            over += self.wait()
        return over

    def _made(self, call: Call) -> Call:
        """Make the call, in a thread of the pool: with the provider's status, or why it is not sure to have it."""
        handed = call.attempt.handed_at is not None

        def handing() -> None:
            nonlocal handed
            if not handed:
                asking = _Asking(call.attempt.id)
                self._news.put(asking)
                asking.told.result()
                handed = True

        try:
            return replace(call, said=status_words(getattr(call.ready.letter.call(handing), "detail", "")))
        except ChannelError as error:
            return replace(call, said=error)
        except Exception as error:  # a fault of the channel: whatever it said stays unsaid, it may name an address
            log.error("the channel broke", channel=call.ready.letter.channel, **failure(error))
            return replace(call, said=ChannelError(f"the channel broke: {type(error).__name__}", uncertain=handed))

"""A real mail server that misbehaves as it is told, message by message, and keeps a record of what it took."""

from __future__ import annotations

import asyncio
import email
import email.policy
import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.support.ports import free_port


class Trouble(Enum):
    """What the server does with one message instead of taking it."""

    REFUSE_FOR_NOW = "refuses the recipient for now"
    REFUSE_TEXT_FOR_NOW = "refuses the text for now"
    REFUSE_FOR_GOOD = "refuses the recipient for good"
    STALL_BEFORE = "falls silent before the text"
    STALL_AFTER = "takes the text and falls silent"
    DROP_BEFORE = "hangs up before the text"
    DROP_UNTAKEN = "hangs up after the text without taking it"
    DROP_AFTER = "takes the text and hangs up"
    STRIKE_BEFORE = "strikes its client before the text"
    STRIKE_AFTER = "takes the text and strikes its client"


BEFORE_THE_TEXT = frozenset(
    {
        Trouble.REFUSE_FOR_NOW,
        Trouble.REFUSE_FOR_GOOD,
        Trouble.STALL_BEFORE,
        Trouble.DROP_BEFORE,
        Trouble.STRIKE_BEFORE,
    }
)
REFUSALS = {
    Trouble.REFUSE_FOR_NOW: "451 later",
    Trouble.REFUSE_TEXT_FOR_NOW: "451 later",
    Trouble.REFUSE_FOR_GOOD: "550 no such person",
    Trouble.STALL_BEFORE: "451 later",
    Trouble.DROP_BEFORE: "451 later",
}
UNTAKEN = frozenset({Trouble.REFUSE_TEXT_FOR_NOW, Trouble.DROP_UNTAKEN})
UNANSWERED = frozenset({Trouble.STALL_AFTER, Trouble.DROP_UNTAKEN, Trouble.DROP_AFTER, Trouble.STRIKE_AFTER})
"""The sender is told nothing, and cannot know whether the text was taken."""


READS_ON = 0.5
"""For how many seconds the server works on what has arrived after its client is gone."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One message that the server accepted: from here on it is the server's."""

    message_id: str
    address: str
    at: datetime


class _Steady(SMTP):
    """Reads on after its client has hung up or died, as a mail server does: a text that had arrived whole is taken.

    aiosmtpd drops what it is at as soon as it sees the end of the line, although the text before it was read as well.
    """

    def eof_received(self) -> bool | None:
        self.loop.call_later(READS_ON, super().eof_received)
        return True

    def connection_lost(self, error: Exception | None) -> None:
        self.loop.call_later(READS_ON, super().connection_lost, error)


class _Listener(Controller):
    """Listens, and has each client served by one that is steady."""

    def factory(self) -> SMTP:
        return _Steady(self.handler, **self.SMTP_kwargs)


@dataclass
class MailServer:
    """Takes what comes, but for the troubles in `script`; what it took and what it did are on record."""

    clock: Callable[[], datetime]
    port: int = field(default_factory=free_port)
    script: deque[Trouble | None] = field(default_factory=deque)
    """What to do with the next messages, one after the other; None is nothing."""
    coming: dict[str, Trouble] = field(default_factory=dict)
    """What happens to the message of an address once its text is there."""
    taken: list[Taken] = field(default_factory=list)
    arrived: set[str] = field(default_factory=set)
    """Message ids whose text arrived whole, taken or not."""
    unanswered: set[str] = field(default_factory=set)
    """Message ids whose text arrived whole, and whose sender was told nothing, or is yet to be told."""
    refused: Counter[str] = field(default_factory=Counter)
    """How often each address was refused for good."""
    strike: Callable[[int], None] = lambda port: None
    """What to do to the client that speaks from this port."""
    seconds: float = 0.0
    """How long it thinks about its answer once it has taken a text, as one that writes to disk does."""
    release: threading.Event = field(default_factory=threading.Event)
    controller: Controller | None = None

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen; harmless when it does."""
        self.release.clear()
        if self.controller is None:
            self.controller = _Listener(self, hostname="127.0.0.1", port=self.port)
            self.controller.start()

    def stop(self) -> None:
        """Listen no more."""
        self.release.set()
        if self.controller is not None:
            self.controller.stop()
            self.controller = None

    @property
    def done(self) -> bool:
        """Whether everything in the script has happened."""
        return not self.script and not self.coming

    def behave(self) -> None:
        """Forget the rest of the script."""
        self.script.clear()
        self.coming.clear()

    async def handle_RCPT(  # noqa: N802  # aiosmtpd finds its hooks by these names
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        trouble = self.script[0] if self.script else None
        if trouble in BEFORE_THE_TEXT:
            _act(trouble, server, lambda: self.strike(_port(session)))
            self.refused[address] += trouble is Trouble.REFUSE_FOR_GOOD
        elif trouble is not None:
            self.coming[address] = trouble
        if self.script:
            self.script.popleft()
        if trouble is Trouble.STALL_BEFORE:
            await self._silence()
        if trouble in BEFORE_THE_TEXT and trouble in REFUSALS:
            return REFUSALS[trouble]
        envelope.rcpt_tos.append(address)
        return "250 go on"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # as above
        content = envelope.content or b""
        assert isinstance(content, bytes)
        message_id = str(email.message_from_bytes(content, policy=email.policy.default)["Message-ID"])
        message_id = message_id.strip("<>").partition("@")[0]
        (address,) = envelope.rcpt_tos
        trouble = self.coming.get(address)
        self.arrived.add(message_id)
        self.unanswered.add(message_id)
        if trouble not in UNTAKEN:
            self.taken.append(Taken(message_id, address, self.clock()))
        await asyncio.sleep(self.seconds)
        _act(trouble, server, lambda: self.strike(_port(session)))
        self.coming.pop(address, None)
        if trouble is Trouble.STALL_AFTER:
            await self._silence()
        if trouble not in UNANSWERED:
            self.unanswered.discard(message_id)
        return REFUSALS.get(trouble, "250 taken") if trouble else "250 taken"

    async def _silence(self) -> None:
        """Say nothing for longer than anybody waits."""
        while not self.release.is_set():
            await asyncio.sleep(0.05)


def _act(trouble: Trouble | None, server: SMTP, strike: Callable[[], None]) -> None:
    """Hang up, or strike the client, where that is the trouble."""
    if trouble in {Trouble.STRIKE_BEFORE, Trouble.STRIKE_AFTER}:
        strike()
    if trouble in {Trouble.DROP_BEFORE, Trouble.DROP_AFTER, Trouble.DROP_UNTAKEN}:
        _hang_up(server)


def _hang_up(server: SMTP) -> None:
    assert isinstance(server.transport, asyncio.Transport)
    server.transport.abort()


def _port(session: Session) -> int:
    """From which port of its machine the client speaks."""
    peer: Any = session.peer
    return int(peer[1])

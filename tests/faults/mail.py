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
REFUSALS: dict[Trouble | None, str] = {
    Trouble.REFUSE_FOR_NOW: "451 later",
    Trouble.REFUSE_TEXT_FOR_NOW: "451 later",
    Trouble.REFUSE_FOR_GOOD: "550 no such person",
    Trouble.STALL_BEFORE: "451 later",
    Trouble.DROP_BEFORE: "451 later",
}
UNTAKEN = frozenset({Trouble.REFUSE_TEXT_FOR_NOW, Trouble.DROP_UNTAKEN})
UNANSWERED = frozenset({Trouble.STALL_AFTER, Trouble.DROP_UNTAKEN, Trouble.DROP_AFTER, Trouble.STRIKE_AFTER})
"""The sender cannot know whether the text was taken."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One message that the server accepted: from here on it is the server's."""

    message_id: str
    address: str
    at: datetime


@dataclass
class MailServer:
    """Takes what comes, but for the troubles in `script`; what it took and what it did are on record."""

    clock: Callable[[], datetime]
    port: int = field(default_factory=free_port)
    script: deque[Trouble | None] = field(default_factory=deque)
    taken: list[Taken] = field(default_factory=list)
    unanswered: set[str] = field(default_factory=set)
    """Message ids whose text arrived, and whose sender was told nothing."""
    refused: Counter[str] = field(default_factory=Counter)
    """How often each address was refused for good."""
    strike: Callable[[int], None] = lambda port: None
    """What to do to the client that speaks from this port."""
    seconds: float = 0.0
    """How long it thinks about each text."""
    release: threading.Event = field(default_factory=threading.Event)
    controller: Controller | None = None

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen; harmless when it does."""
        self.release.clear()
        if self.controller is None:
            self.controller = Controller(self, hostname="127.0.0.1", port=self.port)
            self.controller.start()

    def stop(self) -> None:
        """Listen no more."""
        self.release.set()
        if self.controller is not None:
            self.controller.stop()
            self.controller = None

    async def handle_RCPT(  # noqa: N802  # aiosmtpd finds its hooks by these names
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        trouble = self._next(before_the_text=True)
        if trouble is Trouble.REFUSE_FOR_GOOD:
            self.refused[address] += 1
        await self._act(trouble, server, session)
        if trouble not in REFUSALS:
            envelope.rcpt_tos.append(address)
        return REFUSALS.get(trouble, "250 go on")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # as above
        content = envelope.content or b""
        assert isinstance(content, bytes)
        message_id = str(email.message_from_bytes(content, policy=email.policy.default)["Message-ID"])
        message_id = message_id.strip("<>").partition("@")[0]
        await asyncio.sleep(self.seconds)
        trouble = self._next(before_the_text=False)
        if trouble not in UNTAKEN:
            self.taken += [Taken(message_id, address, self.clock()) for address in envelope.rcpt_tos]
        if trouble in UNANSWERED:
            self.unanswered.add(message_id)
        await self._act(trouble, server, session)
        return REFUSALS.get(trouble, "250 taken")

    def _next(self, *, before_the_text: bool) -> Trouble | None:
        """What the script says, if it is about this moment of a conversation."""
        if not self.script or (self.script[0] in BEFORE_THE_TEXT) is not before_the_text:
            return None
        return self.script[0] or self.script.popleft()

    async def _act(self, trouble: Trouble | None, server: SMTP, session: Session) -> None:
        """Do it, strike it off the script, and where it is silence, keep it."""
        if trouble in {Trouble.STRIKE_BEFORE, Trouble.STRIKE_AFTER}:
            self.strike(_port(session))
        if trouble in {Trouble.DROP_BEFORE, Trouble.DROP_AFTER, Trouble.DROP_UNTAKEN}:
            _hang_up(server)
        if trouble is not None:
            self.script.popleft()
        while trouble in {Trouble.STALL_BEFORE, Trouble.STALL_AFTER} and not self.release.is_set():
            await asyncio.sleep(0.05)  # for longer than anybody waits


def _hang_up(server: SMTP) -> None:
    assert isinstance(server.transport, asyncio.Transport)
    server.transport.abort()


def _port(session: Session) -> int:
    """From which port of its machine the client speaks."""
    peer: Any = session.peer
    return int(peer[1])

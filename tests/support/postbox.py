"""A real mail server on loopback that keeps what it accepted."""

from __future__ import annotations

import email
import email.policy
from asyncio import Transport
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.support.ports import free_port


class Postbox:
    """Every message accepted, in order, as its recipient would parse it; it answers as it was told to."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.rcpt_reply = "250 OK"
        self.data_reply: str | None = "250 taken"
        """None: the line goes dead after the text."""
        self.url = ""

    async def handle_RCPT(  # noqa: N802  # aiosmtpd finds its hooks by these names
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.rcpt_reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt_reply

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # as above
        content = envelope.content or b""
        assert isinstance(content, bytes)
        self.recipients += envelope.rcpt_tos
        self.received.append(email.message_from_bytes(content, policy=email.policy.default))
        if self.data_reply is None:
            assert isinstance(server.transport, Transport)
            server.transport.abort()
            return "421 never seen"
        return self.data_reply

    def to(self, address: str) -> list[EmailMessage]:
        """What arrived for one address."""
        return [message for message in self.received if message["To"] == address]


@contextmanager
def running() -> Iterator[Postbox]:
    """A mail server; its URL is `postbox.url`."""
    postbox = Postbox()
    with listening(postbox) as url:
        postbox.url = url
        yield postbox


@contextmanager
def listening(handler: Any, **options: Any) -> Iterator[str]:
    """A mail server whose hooks are those of `handler`, with more options of aiosmtpd; its URL."""
    controller = Controller(handler, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        yield f"smtp://127.0.0.1:{controller.port}"
    finally:
        controller.stop()

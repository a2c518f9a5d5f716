"""Messages by e-mail, over SMTP: `smtp://user:password@host:587`, or `smtps://...` for TLS from the first byte.

`?starttls=yes` insists on encryption, `?starttls=no` goes without; unsaid, it is yes for every host but this machine.
A reply of 5xx is permanent, 4xx is not; one that says there is no such mailbox (5.1.x, 5.2.1) marks the address as
wrong. A line that goes dead after the text was handed over is uncertain: the server may have taken it, and SMTP cannot
be asked. Until the server has said that it waits for the text, nothing is handed over. The Message-ID stays the same
over all attempts. What comes back later is read by `domain/bounces.py`.

Many messages share a line: a connection serves up to `MOST` of them, one after the other, and there are never more than
are sent at the same time. One that the server has closed meanwhile, or closes with 421, is replaced by another before
anything was handed over.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.policy import SMTP as WIRE
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from pro_service.domain.errors import ChannelError
from pro_service.domain.messages import Handing, Message, Receipt, Send, as_email, freely
from pro_service.settings import Settings

ADDRESS, NEEDS = "email", "smtp_url"
DEDUPLICATES = False
SECONDS = 20.0
"""How long to wait for each answer of the mail server."""
TEXT_SECONDS = 90.0
"""How long to wait for its answer to the text, which it may have looked at for viruses first."""
MOST = 100
"""How many messages one connection serves: some servers count."""

YES = frozenset({250, 251})
LEAST, GO_ON, CLOSING = 200, 354, 421

NO_MAILBOX = re.compile(rb"5\.(1\.\d+|2\.1)\b")
"""How a mail server says, by RFC 3463, that there is no such mailbox, or that it is closed."""

HERE = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(slots=True)
class _Line:
    """A connection to the mail server, and how many messages it has served."""

    smtp: smtplib.SMTP
    served: int = 0

    def close(self) -> None:
        """Hang up, politely if the other side still listens."""
        with suppress(OSError):  # SMTP's own errors are of this kind: what was said before counts, not how we part
            self.smtp.quit()
        self.smtp.close()


def send(message: Message, settings: Settings, handing: Handing = freely) -> Receipt:
    """Hand the message to the mail server; the receipt holds its reply code."""
    with opened(settings) as send_one:
        return send_one(message, handing)


@contextmanager
def opened(settings: Settings) -> Iterator[Send]:
    """What sends one message after the other, from any number of threads, and keeps lines open until the end."""
    idle: deque[_Line] = deque()

    def send_one(message: Message, handing: Handing) -> Receipt:
        content = as_email(message, sender=settings.mail_from).as_bytes(policy=WIRE)
        try:
            line = _addressed(message.to, idle, settings)
            with _kept(line, idle):
                return Receipt(str(_hand_over(line.smtp, content, handing)))
        except smtplib.SMTPResponseException as error:  # it is us whom it will not have: the message can wait
            raise ChannelError(f"connection refused: {error.smtp_code}") from None
        except OSError as error:
            raise ChannelError(f"the mail server cannot be used: {type(error).__name__}") from None

    try:
        yield send_one
    finally:
        while idle:
            idle.pop().close()


def _addressed(to: str, idle: deque[_Line], settings: Settings) -> _Line:
    """A line, taken from the idle ones or new, on which the server has agreed to a message to this address."""
    while True:
        used = _idle(idle)
        line = used or _Line(_connected(urlsplit(settings.smtp_url)))
        try:
            with _kept(line, idle, done=False):
                _accepted(line.smtp.mail(_bare(settings.mail_from)), "sender")
                reply = line.smtp.rcpt(to)
                _accepted(reply, "recipient", gone=NO_MAILBOX.match(reply[1]) is not None)
            return line
        except OSError:
            if used is None:
                raise  # a line that was idle may be dead by now, a new one may not


def _idle(lines: deque[_Line]) -> _Line | None:
    try:
        return lines.pop()
    except IndexError:
        return None


@contextmanager
def _kept(line: _Line, idle: deque[_Line], *, done: bool = True) -> Iterator[None]:
    """Puts the line back among the idle ones when a message is done with, or was refused; never a dead one."""
    try:
        yield
    except ChannelError as error:
        if error.uncertain or not _begins_anew(line):
            line.close()
        else:
            _put_back(line, idle)
        raise
    except BaseException:
        line.smtp.close()
        raise
    if done:
        _put_back(line, idle)


def _begins_anew(line: _Line) -> bool:
    """Has the server forgotten what was said of the message that it refused?"""
    try:
        return line.smtp.rset()[0] in YES
    except OSError:
        return False


def _put_back(line: _Line, idle: deque[_Line]) -> None:
    line.served += 1
    if line.served < MOST:
        idle.append(line)
    else:
        line.close()


def _connected(server: SplitResult) -> smtplib.SMTP:
    """A connection, encrypted and signed in as the address asks."""
    host, context = server.hostname or "localhost", ssl.create_default_context()
    if server.scheme == "smtps":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(host, server.port or 465, timeout=SECONDS, context=context)
    else:
        smtp = smtplib.SMTP(host, server.port or 587, timeout=SECONDS)
    try:
        smtp.ehlo_or_helo_if_needed()
        if server.scheme != "smtps" and _wants_tls(server):
            smtp.starttls(context=context)
            smtp.ehlo_or_helo_if_needed()
        if server.username:
            smtp.login(unquote(server.username), unquote(server.password or ""))
    except BaseException:
        smtp.close()
        raise
    return smtp


def _wants_tls(server: SplitResult) -> bool:
    said = parse_qs(server.query).get("starttls", [""])[0].lower()
    return said in {"yes", "1", "true"} if said else server.hostname not in HERE


def _hand_over(smtp: smtplib.SMTP, content: bytes, handing: Handing) -> int:
    """Send the text, once the server waits for it. From there on silence means: we do not know."""
    reply = smtp.docmd("data")
    if reply[0] != GO_ON:
        _accepted(reply, "text")
        raise _refused(reply[0], "text")
    try:
        handing()
    except ChannelError:
        smtp.close()  # in the middle of a text there is no other way back; half a text is none
        raise
    try:
        if smtp.sock is not None:
            smtp.sock.settimeout(TEXT_SECONDS)
        smtp.send(_dotted(content))
        reply = smtp.getreply()
        if smtp.sock is not None:
            smtp.sock.settimeout(SECONDS)
    except OSError as error:
        smtp.close()
        raise ChannelError(f"no answer to the text: {type(error).__name__}", uncertain=True) from None
    if reply[0] < LEAST:
        raise ChannelError("the answer to the text makes no sense", uncertain=True)
    _accepted(reply, "text")
    return reply[0]


def _dotted(content: bytes) -> bytes:
    """The text as it goes over the line: a line that begins with a dot gets another, and a lone dot ends it all."""
    ended = content if content.endswith(b"\r\n") else content + b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", ended) + b".\r\n"


def _accepted(reply: tuple[int, bytes], what: str, *, gone: bool = False) -> None:
    """Raise unless the server said yes. Its words are dropped: they often repeat the address."""
    if reply[0] == CLOSING:  # it wants no more of us on this line, and says nothing about the message
        raise smtplib.SMTPResponseException(reply[0], b"")
    if reply[0] not in YES:
        raise _refused(reply[0], what, gone=gone)


def _refused(code: int, what: str, *, gone: bool = False) -> ChannelError:
    return ChannelError(f"{what} refused: {code}", permanent=500 <= code < 600, gone=gone)


def _bare(address: str) -> str:
    return address.rpartition("<")[2].rstrip(">")

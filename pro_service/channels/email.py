"""Messages by e-mail, over SMTP: `smtp://user:password@host:587`, or `smtps://...` for TLS from the first byte.

`?starttls=yes` insists on encryption, `?starttls=no` goes without; unsaid, it is yes for every host but this machine.
A reply of 5xx is permanent, 4xx is not; one that says there is no such mailbox (5.1.x, 5.2.1) marks the address as
wrong. A line that goes dead after the text was handed over is uncertain: the server may have taken it, and SMTP cannot
be asked. The Message-ID stays the same over all attempts. What comes back later is read by `domain/bounces.py`.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from contextlib import suppress
from email.policy import SMTP as WIRE
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from pro_service.domain.errors import ChannelError
from pro_service.domain.messages import Message, Receipt, as_email
from pro_service.settings import Settings

ADDRESS, NEEDS = "email", "smtp_url"
DEDUPLICATES = False
SECONDS = 20.0
"""How long to wait for each answer of the mail server."""

NO_MAILBOX = re.compile(rb"5\.(1\.\d+|2\.1)\b")
"""How a mail server says, by RFC 3463, that there is no such mailbox, or that it is closed."""

HERE = frozenset({"localhost", "127.0.0.1", "::1"})


def send(message: Message, settings: Settings) -> Receipt:
    """Hand the message to the mail server; the receipt holds its reply code."""
    content = as_email(message, sender=settings.mail_from).as_bytes(policy=WIRE)
    try:
        smtp = _connected(urlsplit(settings.smtp_url))
        try:
            _accepted(smtp.mail(_bare(settings.mail_from)), "sender")
            reply = smtp.rcpt(message.to)
            _accepted(reply, "recipient", gone=NO_MAILBOX.match(reply[1]) is not None)
            return Receipt(str(_hand_over(smtp, content)))
        finally:
            with suppress(OSError, smtplib.SMTPException):  # what was said above counts, not how we part
                smtp.quit()
    except smtplib.SMTPResponseException as error:
        raise _refused(error.smtp_code, "connection") from None
    except (OSError, smtplib.SMTPException) as error:
        raise ChannelError(f"the mail server cannot be used: {type(error).__name__}") from None


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


def _hand_over(smtp: smtplib.SMTP, content: bytes) -> int:
    """Send the text. From here on silence means: we do not know."""
    try:
        reply = smtp.data(content)
    except (OSError, smtplib.SMTPServerDisconnected) as error:
        smtp.close()
        raise ChannelError(f"no answer to the text: {type(error).__name__}", uncertain=True) from None
    _accepted(reply, "text")
    return reply[0]


def _accepted(reply: tuple[int, bytes], what: str, *, gone: bool = False) -> None:
    """Raise unless the server said yes. Its words are dropped: they often repeat the address."""
    if reply[0] not in {250, 251}:
        raise _refused(reply[0], what, gone=gone)


def _refused(code: int, what: str, *, gone: bool = False) -> ChannelError:
    return ChannelError(f"{what} refused: {code}", permanent=500 <= code < 600, gone=gone)


def _bare(address: str) -> str:
    return address.rpartition("<")[2].rstrip(">")

"""What is said to a person, and what a channel answers. A message names no disease, trial or questionnaire.

A channel is one function on a shelf, `send(message, settings, handing) -> Receipt`, or `ChannelError`. Words come from
the study file; variables in braces are filled once, so that a value can never smuggle in another variable.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import Policy, default
from email.utils import format_datetime
from html import escape
from string import Formatter
from typing import Any

from pro_service.domain.errors import Invalid, Problem


@dataclass(frozen=True, slots=True)
class Message:
    """One message, ready to go. `id` is the delivery's id: the provider's idempotency key, the e-mail's Message-ID.

    `at` is when it was composed. `short` says it in a few words, without the link, for a phone's screen; `link` is
    where it leads, `unsubscribe` where its reader stops such messages. An address or a link never shows when a message
    is printed or logged.
    """

    id: str
    at: datetime
    to: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)
    language: str = "en"
    short: str = field(default="", repr=False)
    link: str = field(default="", repr=False)
    unsubscribe: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The channel took it. `detail` is the provider's status, never an address."""

    detail: str = ""


Handing = Callable[[], None]
"""What a channel calls right before the first byte by which the provider could take the message: from there on it may
have arrived. Back when that is on record; ChannelError where it is no longer for us to send."""

Send = Callable[[Message, Handing], Receipt]


def freely() -> None:
    """Hand over, and put nothing on record: nobody would send it again."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One way to reach a person, settings bound. `deduplicates`: the same id twice still arrives once.

    `address` is the field of `Contact` this channel writes to; `for_people` is false where nobody can choose it.
    `public_key` is what a browser needs to subscribe to it, where it is that kind of channel. `opened` is there where
    many messages can share a line: within it, what it gives sends like `send`, and keeps lines open in between.
    """

    name: str
    send: Send
    deduplicates: bool
    address: str = "email"
    for_people: bool = True
    public_key: str = ""
    opened: Callable[[], AbstractContextManager[Send]] | None = None


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with each {name} replaced by its value, in one pass; {{ and }} are braces.

    `Invalid` names a variable without a value. The study file was checked when it was loaded (studies/messages.py).
    """
    parts: list[str] = []
    for literal, name, *_ in Formatter().parse(template):
        parts.append(literal)
        if name is None:
            continue
        if name not in values:
            expected = ", ".join(sorted(values))
            raise Invalid("a message names no known variable", problems=[Problem(f"expected one of {expected}", name)])
        parts.append(values[name])
    return "".join(parts)


def one_line(text: str) -> str:
    """A subject line: line breaks and runs of space become one space."""
    return " ".join(text.split())


def as_html(text: str, *, links: Sequence[str], language: str) -> str:
    """The same words as a small page: a paragraph per blank line, these links clickable, everything else escaped."""
    parts = (
        "<br>".join(_clickable(line, links) for line in part.splitlines())
        for part in re.split(r"\n\s*\n", text.strip())
    )
    body = "\n".join(f"<p>{part}</p>" for part in parts)
    head = f'<!doctype html>\n<html lang="{escape(language)}"><head><meta charset="utf-8"></head>'
    return f"{head}<body>\n{body}\n</body></html>\n"


def _clickable(line: str, links: Sequence[str]) -> str:
    """One line, escaped, with every one of these links an anchor; found in one pass, so that none is put in another."""
    wanted = [re.escape(link) for link in links if link]
    if not wanted:
        return escape(line)
    pieces = re.split(f"({'|'.join(wanted)})", line)
    shown = (
        f'<a href="{escape(piece)}">{escape(piece)}</a>' if number % 2 else escape(piece)
        for number, piece in enumerate(pieces)
    )
    return "".join(shown)


class _Whole(UnstructuredHeader, BaseHeader):
    """A header that goes out in one line: folded into encoded words, a link is none to those who look for it."""

    def fold(self, *, policy: Policy[Any]) -> str:
        return f"{self.name}: {self}{policy.linesep}"


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("list-unsubscribe", _Whole)
_POLICY = default.clone(header_factory=_HEADERS)


def as_email(message: Message, *, sender: str) -> EmailMessage:
    """The message as an e-mail with a plain and an HTML part. The same message makes the same bytes."""
    email = EmailMessage(_POLICY)
    email["From"] = sender
    email["To"] = message.to
    email["Subject"] = one_line(message.subject)
    email["Date"] = format_datetime(message.at)
    email["Message-ID"] = f"<{message.id}@{sender.rpartition('@')[2].rstrip('>') or 'localhost'}>"
    email["Auto-Submitted"] = "auto-generated"  # RFC 3834: an out-of-office robot must not answer
    email["Content-Language"] = message.language
    for name, value in _unsubscribing(message.unsubscribe):
        email[name] = value
    email.set_content(message.text)
    email.add_alternative(message.html, subtype="html")
    email.set_boundary(f"=_{message.id}")
    return email


def _unsubscribing(link: str) -> Iterator[tuple[str, str]]:
    """The headers behind a mail program's own button (RFC 2369); with one click, where the link is https (RFC 8058)."""
    if link:
        yield "List-Unsubscribe", f"<{link}>"
    if link.startswith("https:"):
        yield "List-Unsubscribe-Post", "List-Unsubscribe=One-Click"

"""What is said to a person, and what a channel answers. A message names no disease, trial or questionnaire.

A channel is one function on a shelf: `send(message, settings) -> Receipt`, or `ChannelError` (domain/errors.py). Words
come from the study file; variables in braces are filled once, so that a value can never smuggle in another variable.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape

from pro_service.domain.errors import Invalid, Problem

VARIABLES = frozenset({"link", "study_contact", "closes_on", "count", "minutes"})
"""Everything a message template may name."""

_NAMED = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Message:
    """One message, ready to go. `id` is the delivery's id: the provider's idempotency key, the e-mail's Message-ID.

    Only the id shows when it is printed: an address or a sign-in link must never reach a log.
    """

    id: str
    to: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The channel took it. `detail` is the provider's status, never an address."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class Channel:
    """One way to reach a person, settings bound. `deduplicates`: the same id twice still arrives once.

    `address` is the field of `Contact` this channel writes to.
    """

    name: str
    send: Callable[[Message], Receipt]
    deduplicates: bool
    address: str = "email"


def variables(template: str) -> frozenset[str]:
    """The names in braces of a template, known or not."""
    return frozenset(_NAMED.findall(template))


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with each {name} replaced by its value, in one pass; `Invalid` for a name without a value."""
    unknown = sorted(variables(template) - set(values))
    if unknown:
        raise Invalid(
            "a message names a variable that does not exist",
            problems=[Problem(f"expected one of {', '.join(sorted(values))}", field=name) for name in unknown],
        )
    return _NAMED.sub(lambda named: values[named.group(1)], template)


def one_line(text: str) -> str:
    """A subject line: line breaks and runs of space become one space."""
    return " ".join(text.split())


def as_html(text: str, *, link: str, language: str) -> str:
    """The same words as a small page: a paragraph per blank line, the link clickable, everything else escaped."""
    anchor = f'<a href="{escape(link)}">{escape(link)}</a>'
    parts = (
        "<br>".join(escape(line).replace(escape(link), anchor) for line in part.splitlines())
        for part in re.split(r"\n\s*\n", text.strip())
    )
    body = "\n".join(f"<p>{part}</p>" for part in parts)
    head = f'<!doctype html>\n<html lang="{escape(language)}"><head><meta charset="utf-8"></head>'
    return f"{head}<body>\n{body}\n</body></html>\n"

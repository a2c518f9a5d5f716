"""Webhooks: what another system is told, how the telling is signed, and what its answer means.

An endpoint belongs to one study, and to one site of it where it was made so. It is told codes and ids, nothing else:
what happened to whom is there to be asked for, by who may know it. Signatures follow Standard Webhooks 1.0.0
(https://www.standardwebhooks.com): HMAC-SHA256 over id, timestamp and body.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from uuid import UUID

from pro_service.domain.errors import Invalid, Problem

EVENTS = (
    "assessment.opened",
    "assessment.submitted",
    "assessment.missed",
    "event.changed",
    "score.computed",
    "alert.raised",
    "participant.withdrawn",
)
"""All that a webhook can be told of."""

PREFIX = "whsec_"
SECRET_BYTES = 32
LEAST_SECRET_BYTES, MOST_SECRET_BYTES = 24, 64
OVERLAP = timedelta(hours=24)
"""How long both secrets sign after one was made anew, unless said otherwise."""

LONGEST_WAIT = timedelta(hours=24)
"""A Retry-After beyond this is not honoured longer than this."""

GONE = 410
AGAIN = frozenset({408, 425, 429})
"""Refusals that pass; every other 4xx is permanent."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a list in the order of time has been read: up to and including this instant and id."""

    at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class Webhook:
    """One endpoint. Its secrets are not part of this: they are opened only to sign.

    `audit_id`, `opened` and `closed` say how far the audit trail, the openings and the closings have been told.
    """

    id: UUID
    study_id: UUID
    study: str
    site: str
    url: str
    events: tuple[str, ...]
    label: str
    created_at: datetime
    enabled_at: datetime
    audit_id: int
    opened: Mark
    closed: Mark
    disabled_at: datetime | None = None
    disabled_because: str = ""
    previous_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Secrets:
    """What signs: the secret, and the one before it for as long as both do. Never printed."""

    current: str = field(repr=False)
    previous: str = field(default="", repr=False)

    def signing(self, *, previous_until: datetime | None, now: datetime) -> tuple[str, ...]:
        """The secrets that sign now, the newest first."""
        both = self.previous and previous_until is not None and now < previous_until
        return (self.current, self.previous) if both else (self.current,)


@dataclass(frozen=True, slots=True)
class News:
    """One thing to tell. `key` makes it the same thing: an endpoint is told it once. `data` holds codes and ids."""

    key: str
    type: str
    at: datetime
    data: Mapping[str, str]


def body(type_: str, at: datetime, data: Mapping[str, object]) -> bytes:
    """The JSON that is sent. The same news are the same bytes, at every attempt."""
    instant = at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    content = {"type": type_, "timestamp": instant, "data": dict(data)}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def signature(secret: str, *, message_id: str, timestamp: int, content: bytes) -> str:
    """`v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64."""
    signed = b".".join((message_id.encode(), str(timestamp).encode(), content))
    return "v1," + base64.b64encode(hmac.new(key(secret), signed, hashlib.sha256).digest()).decode()


def headers(secrets: Sequence[str], *, message_id: str, at: datetime, content: bytes) -> dict[str, str]:
    """The three headers; while two secrets are good, two signatures, and a receiver may know either."""
    timestamp = int(at.timestamp())
    signed = [signature(one, message_id=message_id, timestamp=timestamp, content=content) for one in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signed),
    }


def secret(random: bytes) -> str:
    """Random bytes as a secret people can hand on: `whsec_` and base64."""
    return PREFIX + base64.b64encode(random).decode()


def key(text: str) -> bytes:
    """The bytes of a secret; Invalid where it is none (the text itself is never repeated)."""
    try:
        found = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if not LEAST_SECRET_BYTES <= len(found) <= MOST_SECRET_BYTES:
        expected = f"expected {PREFIX} and {LEAST_SECRET_BYTES} to {MOST_SECRET_BYTES} bytes in base64"
        raise Invalid("this is no webhook secret", problems=[Problem(expected, "secret")])
    return found


@dataclass(frozen=True, slots=True)
class Answer:
    """What an endpoint said."""

    status: int
    retry_after: str = ""

    @property
    def taken(self) -> bool:
        """2xx, and nothing else: a redirect is not followed, so it has not arrived."""
        return 200 <= self.status < 300

    @property
    def permanent(self) -> bool:
        """Whether asking again cannot help: a redirect, or a refusal that does not pass."""
        return not self.taken and self.status < 500 and self.status not in AGAIN


def wait(retry_after: str, now: datetime) -> timedelta | None:
    """How long a Retry-After asks to wait, in seconds or as a date; None where it says nothing that can be used."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        asked = timedelta(seconds=int(text))
    else:
        try:
            until = parsedate_to_datetime(text)
        except (ValueError, TypeError):
            return None
        asked = (until if until.tzinfo else until.replace(tzinfo=UTC)) - now
    return min(asked, LONGEST_WAIT) if asked > timedelta(0) else None

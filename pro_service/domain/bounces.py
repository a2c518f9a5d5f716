"""Mail that came back: which of our messages a report is about, and whether the address is at fault.

A report is what a mail server sends to the sender (RFC 3464): a part with the status, and the message or its headers.
Our Message-ID begins with the delivery's id, so nothing else has to be kept to find it again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, message_from_string
from email.message import Message
from uuid import UUID

from pro_service.domain.errors import Invalid

_OURS = re.compile(r"<?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@[^>\s]*>?", re.IGNORECASE)
_STATUS = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})")
_NOT_THE_ADDRESS = re.compile(r"5\.(2\.[23]|3\.\d+|5\.\d+|6\.\d+|7\.\d+)")
"""Mailbox full, message too large, system, protocol, content and policy: another message may well arrive."""


@dataclass(frozen=True, slots=True)
class Bounce:
    """A report about one of our messages. `status` is that of RFC 3463 (`5.1.1`), "" where it gives none.

    `failed`: for good; else it is only late. `recipient` is whom the report names, for comparing, never for a log.
    """

    delivery_id: UUID
    failed: bool = True
    status: str = ""
    recipient: str | None = field(default=None, repr=False)

    @property
    def address_at_fault(self) -> bool:
        """Is it no use writing to that address again?"""
        return self.failed and not _NOT_THE_ADDRESS.fullmatch(self.status)


def of_message_id(message_id: str, status: str = "") -> Bounce:
    """A report that some program has read already. Invalid for what is no Message-ID of ours."""
    found = _OURS.fullmatch(message_id.strip())
    if found is None:
        raise Invalid("expected the Message-ID of a message we sent, <...@...>")
    if status and _STATUS.fullmatch(status) is None:
        raise Invalid("expected a status such as 5.1.1")
    return Bounce(UUID(found[1]), failed=not status.startswith(("2", "4")), status=status)


def read(report: bytes) -> Bounce:
    """The report as the mail server wrote it. Invalid for what is none, or is not about a message of ours."""
    try:
        parts = list(message_from_bytes(report).walk())
    except (RecursionError, ValueError, LookupError):
        raise Invalid("this is not a report that can be read") from None
    facts = [part for part in parts if part.get_content_type() == "message/delivery-status"]
    if not facts:
        raise Invalid("expected a delivery report (RFC 3464); there is no message/delivery-status part in it")
    delivery_id = next(_ids(parts), None)
    if delivery_id is None:
        raise Invalid("this report is not about a message of ours")
    fields = {name.lower(): str(value) for group in _groups(facts[0]) for name, value in group.items()}
    status = _STATUS.search(fields.get("status", ""))
    return Bounce(
        delivery_id,
        failed=fields.get("action", "").strip().lower() == "failed",
        status=status[0] if status else "",
        recipient=fields.get("original-recipient", fields.get("final-recipient", "")).rpartition(";")[2].strip()
        or None,
    )


def _groups(part: Message) -> list[Message]:
    """The groups of fields of a status part: about the message, then about its recipient."""
    found = part.get_payload()
    return [group for group in found if isinstance(group, Message)] if isinstance(found, list) else []


def _ids(parts: list[Message]) -> Iterator[UUID]:
    """Ids of ours that the report names, those of the message it brings back first."""
    for part in parts[1:]:
        returned = part
        if part.get_content_type() in ("text/rfc822-headers", "message/rfc822-headers"):
            payload = part.get_payload(decode=True)
            returned = message_from_string(payload.decode("ascii", "replace") if isinstance(payload, bytes) else "")
        yield from _found(str(returned.get("Message-ID", "")))
    for name in ("In-Reply-To", "References"):
        yield from _found(str(parts[0].get(name, "")))


def _found(text: str) -> Iterator[UUID]:
    yield from (UUID(found[1]) for found in _OURS.finditer(text))

"""Channels as a site sets them up: one harmless message to see whether they work."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pro_service.domain.audit import AuditEvent
from pro_service.domain.errors import NotFound
from pro_service.domain.messages import Channel, Message, as_html
from pro_service.domain.roles import require
from pro_service.services import addresses
from pro_service.services.work import Work
from pro_service.storage.metadata import new_id

SUBJECT = "Test message"
WORDS = "This is a test of how messages are sent. Nothing is asked of you."


def named(channels: Mapping[str, Channel], name: str) -> Channel:
    """The channel of that name; NotFound says which there are."""
    if name not in channels:
        raise NotFound(f"this installation has no channel '{name}'; it has {', '.join(sorted(channels))}")
    return channels[name]


def test_message(channel: Channel, *, to: str, timezone: str, now: datetime) -> Message:
    """A message that says nothing of anybody. Invalid where `to` cannot be an address of this channel."""
    address = to
    if channel.address == "email":
        address = addresses.email(to)
    elif channel.address == "phone":
        address = addresses.phone(to, timezone=timezone)
    html = as_html(WORDS, links=(), language="en")
    return Message(id=str(new_id()), at=now, to=address, subject=SUBJECT, text=WORDS, html=html, short=WORDS)


def record_test(work: Work, *, channel: Channel, said: str) -> None:
    """Put on record that somebody tried a channel and what it said; never to which address."""
    require(work.actor, "keys.manage")
    work.record(AuditEvent("channel.test", "channel", channel.name, {"said": (None, said)}))

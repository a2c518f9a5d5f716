"""How we reach people: one module per channel, each with one function.

    send(message: Message, settings: Settings, handing: Handing = freely) -> Receipt

calls `handing` right before the first byte by which the provider could take the message (see domain/messages.py), and
raises `ChannelError`: `permanent` when trying again cannot help, `uncertain` when the provider may have taken the
message before the line went dead, `gone` when the address itself has proved wrong. A module also says `DEDUPLICATES`
(the same message id given twice arrives once) and `ADDRESS` (the field of `Contact` it writes to). Where it has one,
`check(settings)` raises InvalidSetting at the start, `public_key(settings)` is what browsers subscribe with, and
`opened(settings)` is a context in which messages share lines: it gives what sends them.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from types import ModuleType

from pro_service import shelf
from pro_service.domain.messages import Channel, Handing, Message, Receipt
from pro_service.settings import Settings

DEFAULT = "email"
"""The channel of a person who chose none, or one that this installation does not have."""
NEEDS = {"email": "smtp_url", "sms": "sms_url", "webpush": "vapid_key"}
"""The setting without which an installation does not have a channel; its module, and its library, then stay away."""

FILES = "outbox_file"
"""What stands in for mail where there is no mail server; nobody chooses it."""


def reachable(settings: Settings) -> dict[str, Channel]:
    """This installation's channels by the name people choose them by; without a mail server, mail becomes files."""
    found = shelf.modules(__name__, lambda name: name not in NEEDS or bool(getattr(settings, NEEDS[name])))
    channels = {
        name: Channel(
            name=name,
            send=partial(_send, module, settings),
            deduplicates=module.DEDUPLICATES,
            address=module.ADDRESS,
            for_people=name != FILES,
            public_key=module.public_key(settings) if hasattr(module, "public_key") else "",
            opened=partial(module.opened, settings) if hasattr(module, "opened") else None,
        )
        for name, module in found.items()
    }
    for module in found.values():
        if hasattr(module, "check"):
            module.check(settings)
    channels.setdefault(DEFAULT, replace(channels[FILES], for_people=True))
    return channels


def _send(module: ModuleType, settings: Settings, message: Message, handing: Handing) -> Receipt:
    receipt: Receipt = module.send(message, settings, handing)
    return receipt

"""How we reach people: one module per channel, each with one function.

    send(message: Message, settings: Settings) -> Receipt

raises `ChannelError`: `permanent` when trying again cannot help, `uncertain` when the provider may have taken the
message before the line went dead. A module also says `DEDUPLICATES`: the same message id given twice arrives once.
"""

from __future__ import annotations

from functools import partial

from pro_service import shelf
from pro_service.domain.messages import Channel
from pro_service.settings import Settings

DEFAULT = "email"
"""The channel of a person who chose none, or one that this installation does not have."""


def reachable(settings: Settings) -> dict[str, Channel]:
    """This installation's channels by the name people choose them by; without a mail server, mail becomes files."""
    channels = {
        name: Channel(name=name, send=partial(module.send, settings=settings), deduplicates=module.DEDUPLICATES)
        for name, module in shelf.modules(__name__).items()
    }
    if not settings.smtp_url:
        channels[DEFAULT] = channels["outbox_file"]
    return channels

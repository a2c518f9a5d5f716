"""The broker of the embedded default: messages are files in a folder.

The library gives a message its name before it has its words; a worker that looks just then takes an empty file for a
message, and dies of it.
"""

from __future__ import annotations

import os
from time import monotonic
from typing import Any
from uuid import uuid4

from kombu.transport import filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    """The library's, but that a message has its name only when it is whole."""

    def _put(self, queue: str, payload: object, **_more: Any) -> None:  # type: ignore[override]  # two names above
        name = f"{round(monotonic() * 1000)}_{uuid4()}.{queue}.msg"  # as the library names and sorts them
        draft = os.path.join(self.data_folder_out, f".{name}.part")
        with open(draft, "w", encoding="utf-8") as file:
            file.write(dumps(payload))  # type: ignore[no-untyped-call]  # kombu declares nothing
        os.replace(draft, os.path.join(self.data_folder_out, name))


class Transport(filesystem.Transport):
    """The library's, with that channel."""

    Channel = Channel

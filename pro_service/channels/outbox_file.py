"""Messages as files: `<data folder>/outbox/<id>.eml`, for trying out, tests, and machines without a mail server.

The file is written beside its place and renamed into it, so a reader never sees half a message. Its name is the
message's id: giving the same message twice leaves the first one where it is.
"""

from __future__ import annotations

import os
from email.policy import SMTP
from pathlib import Path
from tempfile import NamedTemporaryFile

from pro_service.domain.errors import ChannelError
from pro_service.domain.messages import Handing, Message, Receipt, as_email, freely
from pro_service.settings import Settings

ADDRESS, NEEDS = "email", ""
DEDUPLICATES = True


def send(message: Message, settings: Settings, handing: Handing = freely) -> Receipt:
    """Write the message to the outbox, readable by its owner only."""
    folder = settings.data_dir / "outbox"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"{message.id}.eml"
        if path.exists():
            return Receipt("already in the outbox")
        handing()
        _place(path, as_email(message, sender=settings.mail_from).as_bytes(policy=SMTP))
    except OSError as error:
        raise ChannelError(f"the outbox cannot be written: {os.strerror(error.errno or 0)}") from error
    return Receipt("in the outbox")


def _place(path: Path, content: bytes) -> None:
    with NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as draft:
        draft.write(content)
        draft.flush()
        os.fsync(draft.fileno())
    os.replace(draft.name, path)

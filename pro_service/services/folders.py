"""Folders that appear whole or not at all, and what a manifest says of each file in them.

What is written is a draft beside its target until it is whole: a hidden name that begins with the target's.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pro_service.domain.errors import Conflict

MANIFEST = "manifest.json"


def refuse_used(directory: Path) -> None:
    """Raise Conflict where something is there already that is not an empty folder."""
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise Conflict(f"{directory} exists and is not an empty folder; name one that does not exist yet")


@contextmanager
def told_by_name(target: Path) -> Iterator[None]:
    """An OSError about the draft of a target names the target: nobody asked for the draft."""
    try:
        yield
    except OSError as error:
        if Path(str(error.filename)).name.startswith(f".{target.name}"):
            error.filename = str(target)
        raise


@contextmanager
def appearing(directory: Path) -> Iterator[Path]:
    """A folder that takes its name only when everything in it has been written."""
    parent = directory.absolute().parent
    parent.mkdir(parents=True, exist_ok=True)
    with told_by_name(directory):
        folder = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=parent))
    try:
        yield folder
        os.replace(folder, directory)  # an empty folder gives way; a full one does not
    except BaseException:  # an interrupted export too leaves nothing behind
        shutil.rmtree(folder, ignore_errors=True)
        raise


def fingerprint(path: Path) -> dict[str, object]:
    """How long a file is, and its SHA-256."""
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}

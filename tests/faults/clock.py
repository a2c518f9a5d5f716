"""A clock that a test moves while the processes that read it run: forwards, back, and for one process only.

It is a small file that says how many seconds to add to the real time. The processes are given it where the service
takes its clock, `runtime.build(clock=...)`, by the entry points in process.py. We do not preload a library that
changes the time of a whole process (libfaketime): it would have to be built for each machine that runs these tests,
and it also moves the locks and time-outs of Python and of the broker's client, which no real change of a clock does.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

FILE = "FAULTS_CLOCK"
NAME = "FAULTS_PROCESS"
"""The variables that tell a process where the file is, and which entry of it is its own."""


def reader(file: Path, name: str = "") -> Callable[[], datetime]:
    """What the time is for one process: the real time, plus what all are off, plus what it is off by itself."""

    def now() -> datetime:
        off = json.loads(file.read_text())
        return datetime.now(UTC) + timedelta(seconds=sum(off.get(whose, 0.0) for whose in {"", name}))

    return now


class MovedClock:
    """The file, seen from the test that moves it; called, it tells the time that all agree on."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "clock.json"
        self.off: dict[str, float] = {}
        self._write()
        self._now = reader(self.file)

    def __call__(self) -> datetime:
        return self._now()

    def variables(self, name: str) -> dict[str, str]:
        """What a process needs in its environment to read this clock."""
        return {FILE: str(self.file), NAME: name}

    def jump(self, by: timedelta, name: str = "") -> None:
        """Move everybody's clock, or that of one process."""
        self.off[name] = self.off.get(name, 0.0) + by.total_seconds()
        self._write()

    def jump_to(self, instant: datetime) -> None:
        """Move everybody's clock to an instant."""
        self.jump(instant - self())

    def agree(self) -> None:
        """Let every process have the same time again."""
        self.off = {"": self.off.get("", 0.0)}
        self._write()

    def _write(self) -> None:
        draft = self.file.with_suffix(".draft")
        draft.write_text(json.dumps(self.off))
        os.replace(draft, self.file)

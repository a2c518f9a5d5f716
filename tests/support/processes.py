"""Child processes that cannot outlive the tests: each in a session of its own, and ended by the kernel when we die."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)  # found now: between fork and exec it may be too late to look


def start(
    command: Sequence[str | Path],
    *,
    log: Path | None = None,
    environment: Mapping[str, str] | None = None,
    user: str | None = None,
    folder: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program whose output is added to a log, or thrown away. Call it from the main thread: Linux ends the
    child with the thread that started it."""
    with (log or Path(os.devnull)).open("ab") as output:
        return subprocess.Popen(
            command,
            env=None if environment is None else dict(environment),
            user=user,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509  # one call into the kernel
        )


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a child with everything it started, without asking."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def end(process: subprocess.Popen[bytes], *, seconds: float = 15) -> int:
    """Ask a child to end, and insist when it does not; its exit status."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    kill(process)
    return process.returncode


def _die_with_parent() -> None:
    """In the child, before it becomes the program: ask the kernel for SIGTERM when our parent dies."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

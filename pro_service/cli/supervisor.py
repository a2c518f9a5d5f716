"""Keeps a handful of programs running on one machine: starts them, restarts one that dies, stops them all together.

Every program is a child process with a process group of its own. Ctrl-C reaches only us, and we ask each child to end.
When a child dies, what it left behind in its group is killed before it is started again. When we are killed outright,
the kernel (on Linux) tells the children to end too, so that no port stays taken.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import click

LOOK_EVERY = 0.2
GRACE = 10.0
"""Seconds a child has to end by itself."""

STEADY = 30.0
"""A child that lived this many seconds has started well; its next death is not held against it."""

MOST_DEATHS = 6
"""So many deaths without one good start, and we give up: what is wrong will not mend itself."""

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Program:
    """What to run: a name for people, the command, and what its environment has beside ours."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Child:
    program: Program
    process: subprocess.Popen[bytes]
    started: float
    deaths: int = 0
    start_again: float | None = None


def supervise(
    programs: Sequence[Program],
    *,
    ready: Callable[[], bool] = lambda: True,
    on_ready: Callable[[], None] = lambda: None,
) -> int:
    """Run the programs until Ctrl-C or SIGTERM; the exit status, 1 where one of them could not be kept running.

    `ready` is asked again and again until it says yes, then `on_ready` is called, once.
    """
    stop = threading.Event()
    previous = {one: signal.signal(one, lambda *_: stop.set()) for one in (signal.SIGINT, signal.SIGTERM)}
    children = [_Child(program, _start(program), time.monotonic()) for program in programs]
    said = False
    try:
        while not stop.wait(LOOK_EVERY):
            failed = [child for child in children if not _look_after(child)]
            if failed:
                click.echo(f"{failed[0].program.name} cannot be kept running; stopping everything", err=True)
                return 1
            if not said and ready():
                said = True
                on_ready()
        return 0
    finally:
        for one in previous:
            signal.signal(one, lambda *_: _kill_all(children))  # asked twice: at once
        _end_all(children)
        for one, handler in previous.items():
            signal.signal(one, handler)


def _look_after(child: _Child) -> bool:
    """Start a child again that has died, after a pause that grows with each death; False to give up."""
    now = time.monotonic()
    if child.process.poll() is None:
        return True
    if child.start_again is None:
        _kill(child)
        child.deaths = 1 if now - child.started > STEADY else child.deaths + 1
        pause = min(0.25 * 2 ** (child.deaths - 1), 10.0)
        child.start_again = now + pause
        click.echo(f"{child.program.name} ended ({_manner(child.process.returncode)}); starting it again", err=True)
    if child.deaths >= MOST_DEATHS:
        return False
    if now >= child.start_again:
        child.process, child.started, child.start_again = _start(child.program), now, None
    return True


def _start(program: Program) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603  # programs are written down in our own code
        program.command,
        env={**os.environ, **program.environment},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509  # we start no threads
    )


def _die_with_parent() -> None:
    """In the child, before it becomes the program: ask the kernel for SIGTERM when our parent dies."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _end_all(children: Sequence[_Child]) -> None:
    """Ask every child to end, wait, then insist."""
    for child in children:
        if child.process.poll() is None:
            child.process.terminate()
    deadline = time.monotonic() + GRACE
    for child in children:
        try:
            child.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            click.echo(f"{child.program.name} does not end by itself; killing it", err=True)
    _kill_all(children)


def _kill_all(children: Sequence[_Child]) -> None:
    for child in children:
        _kill(child)
        child.process.wait()


def _kill(child: _Child) -> None:
    """Kill a child and whatever is left of its process group."""
    try:
        os.killpg(child.process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # macOS says "not permitted" of a group that is gone
        return


def _manner(status: int) -> str:
    return f"killed by {signal.Signals(-status).name}" if status < 0 else f"status {status}"

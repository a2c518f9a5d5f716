"""The supervisor with real processes: restarts what dies, gives up on what cannot live, leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from pro_service.cli import supervisor
from pro_service.cli.supervisor import Program, supervise
from tests.support.ports import wait_until

STEADY = "import os, sys, time; open(sys.argv[1], 'a').write(f'{os.getpid()}\\n'); time.sleep(60)"
WITH_CHILD = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[2], sys.argv[1]])"


def program(log: Path, source: str = STEADY) -> Program:
    return Program("one", [sys.executable, "-c", source, str(log), STEADY])


def pids(log: Path) -> list[int]:
    return [int(line) for line in log.read_text().split()] if log.exists() else []


def scripted(*steps: Callable[[], bool]) -> Callable[[], bool]:
    """Take one step after the other, each when the one before said yes; then ask the supervisor to stop."""
    left = list(steps)

    def ready() -> bool:
        if left and left[0]():
            left.pop(0)
        if not left:
            os.kill(os.getpid(), signal.SIGTERM)
        return False

    return ready


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "pids"
    yield path
    wait_until(lambda: all(gone(pid) for pid in pids(path)), what="the end of what was started")


def kill_newest(log: Path) -> bool:
    os.kill(pids(log)[-1], signal.SIGKILL)
    return True


def test_what_dies_is_started_again(log: Path) -> None:
    steps = (lambda: len(pids(log)) == 1, lambda: kill_newest(log), lambda: len(pids(log)) == 2)
    assert supervise([program(log)], ready=scripted(*steps)) == 0


def test_what_a_dead_child_left_behind_is_killed(log: Path) -> None:
    """A web server's worker that outlives its master would keep the port."""

    def kill_the_parent() -> bool:
        parent = psutil.Process(pids(log)[0]).parent()
        assert parent is not None
        parent.kill()
        return True

    steps = (lambda: len(pids(log)) == 1, kill_the_parent, lambda: gone(pids(log)[0]), lambda: len(pids(log)) == 2)
    assert supervise([program(log, WITH_CHILD)], ready=scripted(*steps)) == 0


def test_what_cannot_live_stops_everything(
    log: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(supervisor, "MOST_DEATHS", 2)
    hopeless = Program("hopeless", [sys.executable, "-c", "raise SystemExit(3)"])
    assert supervise([program(log), hopeless]) == 1
    said = capsys.readouterr().err
    assert "hopeless ended (status 3); starting it again" in said
    assert "hopeless cannot be kept running" in said


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
def test_children_end_when_the_supervisor_is_killed(log: Path) -> None:
    source = (
        "import sys; from pro_service.cli.supervisor import Program, supervise; "
        "supervise([Program('one', [sys.executable, '-c', sys.argv[1], sys.argv[2]])])"
    )
    master = subprocess.Popen([sys.executable, "-c", source, STEADY, str(log)])
    wait_until(lambda: len(pids(log)) == 1, what="a child")
    master.kill()
    master.wait()
    wait_until(lambda: gone(pids(log)[0]), what="its end")


def test_on_ready_is_called_once(log: Path) -> None:
    calls: list[int] = []
    answers = [False, True, True]

    def ready() -> bool:
        return answers.pop(0)

    def on_ready() -> None:
        calls.append(1)
        os.kill(os.getpid(), signal.SIGTERM)

    assert supervise([program(log)], ready=ready, on_ready=on_ready) == 0
    assert calls == [1]

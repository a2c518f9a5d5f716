"""A whole installation on this machine, as a hospital would run it, of which any part can be struck.

PostgreSQL, Redis, a mail server, the web server with its processes, two workers and two beats; all real, all started
one by one. Parts stay up until they are struck; `mend` starts again what does not run.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from kombu.exceptions import OperationalError

from pro_service.cli import processes as commands
from pro_service.runtime import Runtime, build
from pro_service.settings import from_environment
from pro_service.storage.migrations import upgrade
from tests.faults.clock import MovedClock
from tests.faults.mail import MailServer
from tests.support import postgres, processes, redis
from tests.support.ports import free_port, wait_until
from workers.app import create_celery

ROOT = Path(__file__).resolve().parents[2]
WORKERS = ("worker-1", "worker-2")
BEATS = ("beat-1", "beat-2")
PROGRAMS = ("web", *WORKERS, *BEATS)
NUDGES = ("reminders.sweep", "reminders.send", "scores.score")


@dataclass
class Installation:
    """Its parts, and the same runtime in this process to enrol people and to look at what became of them."""

    folder: Path
    clock: MovedClock
    mail: MailServer
    database: postgres.Server
    broker: redis.Server
    port: int = field(default_factory=free_port)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.environment = {
            "PRO_ENV": "test",
            "PRO_DATA_DIR": str(self.folder),
            "PRO_DATABASE_URL": f"{self.database.url}/postgres",
            "PRO_DATABASE_IDLE_SECONDS": "8",
            "PRO_DATABASE_LOCK_SECONDS": "12",
            "PRO_REDIS_URL": self.broker.url,
            "PRO_SMTP_URL": self.mail.url,
            "PRO_MAIL_FROM": "noreply@clinic.test",
            "PRO_BASE_URL": f"http://127.0.0.1:{self.port}",
            "PRO_LOG_LEVEL": "warning",
        }
        self.runtime: Runtime = build(from_environment(self.environment), clock=self.clock)
        self.celery = create_celery(self.runtime)

    def command(self, name: str) -> list[str]:
        """The command line of a program: the service's own, but for the entry that reads the moved clock."""
        if name == "web":
            words = commands.web_command(self.runtime.settings, host="127.0.0.1", port=self.port)
            return ["tests.faults.process:application" if word == commands.APPLICATION else word for word in words]
        if name in WORKERS:
            return [sys.executable, "-m", "tests.faults.process"]
        return commands.BEAT

    def mend(self) -> None:
        """Start what does not run, and wait until the web server can serve."""
        self.database.start()
        self.broker.start()
        self.mail.behave()
        self.mail.start()
        self.clock.agree()
        for name in PROGRAMS:
            child = self.running.get(name)
            if child is None or child.poll() is not None:
                self.start(name)
            else:
                child.send_signal(signal.SIGCONT)
        wait_until(self.serves, seconds=300, what="the web server's readiness")

    def start(self, name: str) -> None:
        """Start one program."""
        own = {key: value for key, value in os.environ.items() if not key.startswith("PRO_")}
        variables = {**own, **self.environment, **self.clock.variables(name)}
        log = self.folder / f"{name}.log"
        self.running[name] = processes.start(self.command(name), log=log, environment=variables, folder=ROOT)

    def kill(self, name: str) -> None:
        """Kill one program with everything it started."""
        processes.kill(self.running[name])

    def children(self, name: str) -> list[int]:
        """The processes a program started."""
        return [child.pid for child in psutil.Process(self.running[name].pid).children(recursive=True)]

    def speaker(self, port: int) -> str:
        """The worker that speaks from this port of the machine."""
        for name in WORKERS:
            with suppress(psutil.Error):
                connections = psutil.Process(self.running[name].pid).net_connections("tcp")
                if any(one.laddr and one.laddr.port == port for one in connections):
                    return name
        raise LookupError(f"no worker speaks from port {port}")

    def signal(self, name: str, what: signal.Signals) -> None:
        """Send a signal to one program; one that is killed is dead before this returns, or `mend` would let it lie."""
        self.running[name].send_signal(what)
        if what is signal.SIGKILL:
            self.running[name].wait(timeout=60)

    def serves(self) -> bool:
        """Does the web server say that it can serve?"""
        return commands.answers(self.port)

    def nudge(self) -> None:
        """Wake the workers, as the timetable does; a call too many does no harm, and one too few neither."""
        with suppress(OperationalError):
            for name in NUDGES:
                self.celery.send_task(name, expires=60, retry=False)

    def close(self) -> None:
        """End everything, and leave nothing behind."""
        closing: list[Callable[[], None]] = [lambda one=child: processes.kill(one) for child in self.running.values()]  # type: ignore[misc]  # a default binds each
        closing += [self.celery.close, self.runtime.engine.dispose, self.mail.stop]
        closing += [self.broker.close, self.database.close]
        for close in closing:
            with suppress(Exception):  # one that cannot be closed must not keep the others running
                close()

    def logs(self) -> str:
        """The end of what each program logged, for a failure."""
        texts = {path.name: path.read_text(errors="replace")[-1500:] for path in sorted(self.folder.glob("*.log"))}
        return "\n".join(f"--- {name}\n{text}" for name, text in texts.items())


@contextmanager
def installed(folder: Path) -> Iterator[Installation]:
    """An installation that serves, with an empty migrated database."""
    clock = MovedClock(folder)
    database, broker = postgres.Server(), redis.Server()
    built: Installation | None = None
    try:
        database.start()
        built = Installation(folder, clock, MailServer(clock), database, broker)
        upgrade(built.runtime.engine)
        built.mend()
        yield built
    finally:
        if built is not None:
            built.close()
        broker.close()
        database.close()

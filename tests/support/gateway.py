"""A real HTTP server on loopback that plays a provider: it keeps what it received, and answers as it was told to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HANGS_UP = 0
"""In place of a status: read the request, then close the line without a word."""


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Gateway:
    """Where it listens, and its next answers: a status, `HANGS_UP`, or a status with a body; 200 when none is left."""

    url: str = ""
    answers: list[int | tuple[int, bytes]] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    waits: threading.Event | None = None

    def answer(self) -> tuple[int, bytes]:
        found = self.answers.pop(0) if self.answers else 200
        return (found, b"") if isinstance(found, int) else found


@contextmanager
def running() -> Iterator[Gateway]:
    """A gateway that answers until the block ends."""
    gateway = Gateway()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the library finds it by this name
            length = int(self.headers.get("Content-Length", "0"))
            headers = {name.lower(): value for name, value in self.headers.items()}
            gateway.received.append(Received(self.path, headers, self.rfile.read(length)))
            if gateway.waits is not None:
                gateway.waits.wait(timeout=20)
            status, body = gateway.answer()
            if status == HANGS_UP:
                self.close_connection = True
                return
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", f"{gateway.url}/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    gateway.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield gateway
    finally:
        if gateway.waits is not None:
            gateway.waits.set()
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()

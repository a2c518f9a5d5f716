"""Another system's endpoint: a real HTTP server on loopback that answers from a script and keeps what it was told."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook as Verifier

Script = int | tuple[int, dict[str, str]] | str
"""A status, a status with headers, `drop` (the line dies unanswered), or `drip` (an answer that never ends)."""


@dataclass(frozen=True)
class Told:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def content(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    def signed_with(self, secret: str) -> bool:
        """Whether a signature holds, computed by the published library."""
        at = datetime.fromtimestamp(int(self.headers["webhook-timestamp"]), UTC)
        expected = Verifier(secret).sign(self.id, at, self.body.decode())
        return expected in self.headers["webhook-signature"].split(" ")


@dataclass
class Endpoint:
    """What it will answer, in order (204 when the script is over), and what it was told."""

    url: str
    script: list[Script] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def types(self) -> list[str]:
        return [one.content["type"] for one in self.told]


@contextmanager
def listening(context: ssl.SSLContext | None = None) -> Iterator[Endpoint]:
    """An endpoint for as long as the block lasts; over TLS with a context."""
    server = _Server(("127.0.0.1", 0), _Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.daemon_threads = True
    endpoint = Endpoint(f"http://127.0.0.1:{server.server_port}/hook?for=pro")
    server.endpoint = endpoint  # type: ignore[attr-defined]  # how the handler finds it
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        endpoint.released.set()
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_what: object) -> None:
        """A caller that hangs up is no news."""


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        endpoint: Endpoint = self.server.endpoint  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        endpoint.told.append(Told(self.path, headers, body))
        answer = endpoint.script.pop(0) if endpoint.script else 204
        if answer == "drop":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        elif answer == "drip":
            self._drip(endpoint)
        elif isinstance(answer, str):
            raise AssertionError(f"no script {answer!r}")
        else:
            status, more = answer if isinstance(answer, tuple) else (answer, {})
            self.send_response(status)
            for name, value in {"Content-Length": "0", **more}.items():
                self.send_header(name, value)
            self.end_headers()

    def _drip(self, endpoint: Endpoint) -> None:
        """A letter of a header now and then, for ever: every single wait is short, and the answer never comes."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not endpoint.released.wait(0.05):
            try:
                self.wfile.write(b"x")
            except OSError:
                break
        self.close_connection = True

    def log_message(self, *_said: object) -> None:
        """Nothing on stderr."""

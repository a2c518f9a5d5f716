"""The load generator: a process of its own that sends prepared requests over keep-alive connections.

`python -m tests.benchmarks.load PORT CONNECTIONS FILE` reads requests from FILE (a pickled list of bytes, each a whole
HTTP request), sends each once, as fast as they are answered, and prints one JSON object: seconds, how many of each
status, milliseconds by quantile. It parses no more of an answer than its status and length, so that it costs a small
part of what a server costs.
"""

from __future__ import annotations

import json
import pickle
import selectors
import socket
import sys
from collections import Counter, deque
from pathlib import Path
from time import perf_counter


class Line:
    """One connection with one request under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.sent_at = 0.0

    def send(self, request: bytes) -> None:
        """Send a whole request."""
        self.buffer = b""
        self.sent_at = perf_counter()
        self.socket.sendall(request)

    def receive(self) -> int:
        """Read what there is: the status when the answer is complete, else 0."""
        part = self.socket.recv(262_144)
        if not part:
            raise ConnectionError("the server hung up")
        self.buffer += part
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return 0
        lowered = head.lower()
        start = lowered.index(b"content-length:") + 15
        end = lowered.find(b"\r\n", start)
        length = int(lowered[start : end if end >= 0 else len(lowered)])
        return int(head[9:12]) if len(body) >= length else 0


def drive(port: int, connections: int, requests: list[bytes]) -> dict[str, object]:
    """Send every request once; never more under way than there are connections."""
    waiting, statuses, times = deque(requests), Counter[int](), []
    chooser = selectors.DefaultSelector()
    lines = [Line(port) for _ in range(min(connections, len(requests)))]
    started = perf_counter()
    for line in lines:
        chooser.register(line.socket, selectors.EVENT_READ, line)
        line.send(waiting.popleft())
    pending = len(lines)
    while pending:
        for key, _ in chooser.select():
            status = key.data.receive()
            if status:
                statuses[status] += 1
                times.append(perf_counter() - key.data.sent_at)
                if waiting:
                    key.data.send(waiting.popleft())
                else:
                    pending -= 1
    seconds = perf_counter() - started
    for line in lines:
        line.socket.close()
    times.sort()
    last = len(times) - 1
    quantiles = {f"p{part}": round(times[min(last, len(times) * part // 100)] * 1000, 2) for part in (50, 95, 99)}
    return {"seconds": seconds, "statuses": dict(statuses), "ms": quantiles}


if __name__ == "__main__":
    port_, connections_, file_ = sys.argv[1:]
    prepared = pickle.loads(Path(file_).read_bytes())
    sys.stdout.write(json.dumps(drive(int(port_), int(connections_), prepared)))

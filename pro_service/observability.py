"""What the service tells about itself: structured logs and Prometheus metrics. Never an answer, name, address or token.

A log line is one JSON object on standard error. A failure is logged by the kind of the error and the places it passed
through, without its message: messages of database drivers repeat the values they choked on.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Callable
from functools import cache
from typing import Any, TextIO, cast

import orjson
import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

REQUESTS = Counter("pro_http_requests_total", "Requests answered.", ["method", "route", "status"])
SECONDS = Histogram(
    "pro_http_request_seconds",
    "Seconds from request to answer.",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
)

COUNTED_IN = "PROMETHEUS_MULTIPROC_DIR"
"""The variable, read by Prometheus' library as it is imported, that names the folder where the processes of one web
server count together. Without it, each process counts for itself."""


@cache
def _counted(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    return REQUESTS.labels(method, route, status), SECONDS.labels(method, route)


def observe(method: str, route: str, status: int, seconds: float) -> None:
    """Count one answered request. `route` is the template of an address, so that there are not too many of them."""
    requests, times = _counted(method, route, status)
    requests.inc()
    times.observe(seconds)


def exposition() -> bytes:
    """All that was counted, as Prometheus reads it: by every process of this web server, whichever is asked."""
    if COUNTED_IN not in os.environ:
        return generate_latest()
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library declares nothing here
    return generate_latest(registry)


class _StandardError:
    """Standard error as it is when a line is written: loggers are kept, and what they wrote to may be gone by then."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure(level: str = "INFO", *, lasting: bool = True) -> None:
    """Make every log line one JSON object on standard error; libraries speak from WARNING on.

    Loggers are made once and kept, unless this is not `lasting`: a command may have a whole service in its own process.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    logging.basicConfig(
        level=max(number, logging.WARNING), stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s"
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(serializer=_as_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, _StandardError())),
        cache_logger_on_first_use=lasting,
    )


def _as_json(line: object, default: Callable[[Any], Any]) -> str:
    return orjson.dumps(line, default=default).decode()


def logger(name: str) -> Any:
    """A logger whose lines carry the name of the part that speaks."""
    return structlog.get_logger(part=name)


def places(error: BaseException) -> list[str]:
    """Where an error passed through, innermost last: file, line and function, never a value."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename.rpartition('site-packages/')[2]}:{frame.lineno} {frame.name}" for frame in frames]


def failure(error: BaseException) -> dict[str, object]:
    """What may be logged of an unexpected error: its kind and its places."""
    return {"error": type(error).__qualname__, "places": places(error)}

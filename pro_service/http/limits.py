"""How much one caller may ask: requests a minute, and bytes a request.

Every caller (a token, or an address where there is none) is counted in this process, which is what it protects.
Sign-in counts per address, in Redis when there is one so that all processes count together; it comes on top of the
lock-out that the access service keeps per person. A Redis that is away never stops a request.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from hashlib import blake2b
from math import ceil
from time import monotonic, time
from typing import Any, TypeVar

from flask import Flask, request
from limits import parse
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from pro_service.domain.errors import TooManyRequests
from pro_service.http.authentication import bearer_token, cookie_token
from pro_service.http.transaction import SAFE
from pro_service.observability import logger

PER_CALLER = 1200
"""Requests a minute."""
PER_ADDRESS_SIGNING_IN = 60
"""Attempts to sign in a minute."""
MINUTE = 60.0
LARGEST_REQUEST = 1024 * 1024
"""Bytes. A form of the longest questionnaire takes about 20 kB."""

View = TypeVar("View", bound=Callable[..., Any])
Hit = Callable[[str], float]
"""Counts one request of a key; answers how many seconds it has to wait, 0 when it may go on."""


def sign_in(view: View) -> View:
    """Mark a view that signs people in: it is limited per address as well."""
    view.signs_in = True  # type: ignore[attr-defined]  # a mark on the function itself, read by `install`
    return view


def install(app: Flask, *, redis_url: str = "") -> None:
    """Limit every request of this application."""
    app.config.update(MAX_CONTENT_LENGTH=LARGEST_REQUEST, MAX_FORM_MEMORY_SIZE=LARGEST_REQUEST, MAX_FORM_PARTS=1000)
    any_request = in_process(PER_CALLER)
    signing_in = in_redis(PER_ADDRESS_SIGNING_IN, redis_url) if redis_url else in_process(PER_ADDRESS_SIGNING_IN)

    @app.before_request
    def count() -> None:
        _require(any_request(caller()))
        if request.method in SAFE or request.endpoint is None:
            return
        if getattr(app.view_functions[request.endpoint], "signs_in", False):
            _require(signing_in(str(request.remote_addr)))


def caller() -> str:
    """Whose requests are counted together."""
    token = bearer_token() or cookie_token()
    return blake2b(token.encode(), digest_size=12).hexdigest() if token else str(request.remote_addr)


def in_process(most: int, clock: Callable[[], float] = monotonic) -> Hit:
    """So many a minute, counted here: a fresh tally each minute, so that it can't grow. No lock and no thread."""
    window, tally = 0, Counter[str]()

    def hit(key: str) -> float:
        nonlocal window, tally
        now = clock()
        if now // MINUTE != window:
            window, tally = int(now // MINUTE), Counter()
        tally[key] += 1
        return 0.0 if tally[key] <= most else MINUTE - now % MINUTE

    return hit


def in_redis(most: int, redis_url: str) -> Hit:
    """So many a minute, counted by all processes together."""
    limiter = FixedWindowRateLimiter(storage_from_string(redis_url, wrap_exceptions=True))
    limit = parse(f"{most} per minute")

    def hit(key: str) -> float:
        try:
            if limiter.hit(limit, "sign-in", key):
                return 0.0
            return limiter.get_window_stats(limit, "sign-in", key).reset_time - time()
        except StorageError:
            logger("http").warning("sign-in limit not counted: Redis is away")
            return 0.0

    return hit


def _require(wait: float) -> None:
    if wait > 0:
        raise TooManyRequests("Too many requests; try again later.", details={"retry_after": max(1, ceil(wait))})

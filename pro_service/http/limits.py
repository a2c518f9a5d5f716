"""How much one caller may ask: requests a minute, and bytes a request.

Every caller (a token, or an address where there is none) is counted in this process, which is what it protects.
Sign-in counts per address, in Redis when there is one so that all processes count together; it comes on top of the
lock-out that the access service keeps per person. A Redis that is away never stops a request.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from math import ceil
from time import time
from typing import Any, TypeVar

from flask import Flask, request
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from pro_service.domain.errors import TooManyRequests
from pro_service.http.authentication import bearer_token, cookie_token
from pro_service.http.transaction import SAFE
from pro_service.observability import logger

PER_CALLER = parse("1200 per minute")
PER_ADDRESS_SIGNING_IN = parse("60 per minute")
LARGEST_REQUEST = 1024 * 1024
"""Bytes. A form of the longest questionnaire takes about 20 kB."""

View = TypeVar("View", bound=Callable[..., Any])


def sign_in(view: View) -> View:
    """Mark a view that signs people in: it is limited per address as well."""
    view.signs_in = True  # type: ignore[attr-defined]  # a mark on the function itself, read by `install`
    return view


def install(app: Flask, *, redis_url: str = "") -> None:
    """Limit every request of this application."""
    app.config.update(MAX_CONTENT_LENGTH=LARGEST_REQUEST, MAX_FORM_MEMORY_SIZE=LARGEST_REQUEST, MAX_FORM_PARTS=1000)
    here = FixedWindowRateLimiter(MemoryStorage())
    everywhere = FixedWindowRateLimiter(storage_from_string(redis_url, wrap_exceptions=True)) if redis_url else here

    @app.before_request
    def count() -> None:
        _hit(here, PER_CALLER, caller())
        if request.method in SAFE or request.endpoint is None:
            return
        if getattr(app.view_functions[request.endpoint], "signs_in", False):
            try:
                _hit(everywhere, PER_ADDRESS_SIGNING_IN, f"sign-in:{request.remote_addr}")
            except StorageError:
                logger("http").warning("sign-in limit not counted: Redis is away")


def caller() -> str:
    """Whose requests are counted together."""
    token = bearer_token() or cookie_token()
    return blake2b(token.encode(), digest_size=12).hexdigest() if token else str(request.remote_addr)


def _hit(limiter: FixedWindowRateLimiter, limit: RateLimitItem, key: str) -> None:
    if not limiter.hit(limit, key):
        seconds = max(1, ceil(limiter.get_window_stats(limit, key).reset_time - time()))
        raise TooManyRequests("Too many requests; try again later.", details={"retry_after": seconds})

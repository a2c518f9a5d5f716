"""How much one caller may ask: requests a minute, and bytes a request.

Every caller (a token, or an address where there is none) is counted in this process, which is what it protects.
Sign-in counts per address, in Redis when there is one so that all processes count together; it comes on top of the
lock-out that the access service keeps per person. Short codes, which many machines could guess together, are counted
for everybody as well. A Redis that is away never stops a request.

Whose address it is, a proxy in front says in X-Forwarded-For, and anybody else could say too: PRO_TRUSTED_PROXIES.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from time import monotonic, time
from typing import Any, TypeVar

from flask import Flask, request
from limits import parse
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter
from werkzeug.middleware.proxy_fix import ProxyFix

from pro_service.domain.errors import TooManyRequests
from pro_service.http.authentication import bearer_token, cookie_token
from pro_service.http.transaction import SAFE
from pro_service.observability import logger

PER_CALLER = 1200
"""Requests a minute."""
PER_ADDRESS_SIGNING_IN = 60
"""Attempts to sign in a minute."""
TYPED_BY_ALL = 600
"""Short codes typed a minute, by everybody together: finding one of a hundred thousand would take months."""
ONE_LINE = 64
"""Bits of an IPv6 address that one customer is given: the rest they choose as they like."""
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


def short_code(view: View) -> View:
    """Mark a view that takes a short code: all who try are limited together as well."""
    view.takes_short_codes = True  # type: ignore[attr-defined]  # a mark on the function itself, read by `install`
    return view


def install(app: Flask, *, redis_url: str = "", trusted_proxies: int = 0) -> None:
    """Limit every request of this application."""
    if trusted_proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]  # as Werkzeug has it
            app.wsgi_app, x_for=trusted_proxies, x_proto=0, x_host=0
        )
    app.config.update(MAX_CONTENT_LENGTH=LARGEST_REQUEST, MAX_FORM_MEMORY_SIZE=LARGEST_REQUEST, MAX_FORM_PARTS=1000)
    any_request = in_process(PER_CALLER)
    signing_in, typing = (
        in_redis(most, redis_url) if redis_url else in_process(most) for most in (PER_ADDRESS_SIGNING_IN, TYPED_BY_ALL)
    )

    unheard = not trusted_proxies

    @app.before_request
    def count() -> None:
        nonlocal unheard
        if unheard and "HTTP_X_FORWARDED_FOR" in request.environ:
            unheard = False  # said once
            logger("http").warning("a proxy forwards, and its callers count as one: see PRO_TRUSTED_PROXIES")
        _require(any_request(caller()))
        if request.method in SAFE or request.endpoint is None:
            return
        view = app.view_functions[request.endpoint]
        if getattr(view, "signs_in", False):
            _require(signing_in(address()))
        if getattr(view, "takes_short_codes", False):
            _require(typing("everybody"))


def caller() -> str:
    """Whose requests are counted together."""
    token = bearer_token() or cookie_token()
    return blake2b(token.encode(), digest_size=12).hexdigest() if token else address()


def address() -> str:
    """Where a request comes from; for IPv6 the network, of which one caller has all the addresses."""
    given = str(request.remote_addr)
    try:
        ip = ip_address(given)
    except ValueError:
        return given
    if not isinstance(ip, IPv6Address):
        return given
    return str(ip.ipv4_mapped or ip_network((ip, ONE_LINE), strict=False))


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

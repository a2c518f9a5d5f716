"""The push subscription of a browser: where its push service listens, and the keys only that browser can open.

A person's browser hands it to us, and we will call the address it names. So the address must be https and belong to a
push service that the installation knows, or anybody could make us call anywhere.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from pro_service.domain.errors import Invalid, Problem

KEY_BYTES = 65
"""An uncompressed point of the curve P-256."""
AUTH_BYTES = 16
HERE = frozenset({"127.0.0.1", "::1", "localhost"})


def read(endpoint: str, p256dh: str, auth: str, *, hosts: Sequence[str], sender: str) -> str:
    """The subscription as it is kept, with the public key of the `sender` it was made for, which is ours now.

    Invalid names what cannot be one; never what was given.
    """
    problems = list(_problems(endpoint, p256dh, auth, hosts))
    if problems:
        raise Invalid("this push subscription cannot be kept", problems=problems)
    return json.dumps({"endpoint": endpoint, "keys": {"p256dh": p256dh, "auth": auth}, "sender": sender})


def is_for(subscription: Mapping[str, object], sender: str) -> bool:
    """Was it made for this sender? With any other key its push service refuses every message."""
    return subscription.get("sender", sender) == sender


def allowed(endpoint: str, hosts: Sequence[str]) -> bool:
    """May we call this address? https, at a host that matches one of these patterns (`*.example.org`)."""
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.username is not None or parts.password is not None:
        return False
    fine = parts.scheme == "https" and port in (None, 443)
    at_home = host in HERE and parts.scheme in ("http", "https")  # a push service on this machine, for rehearsals
    return (fine or at_home) and any(fnmatchcase(host, pattern) for pattern in hosts)


def keys(subscription: Mapping[str, Mapping[str, str]]) -> tuple[bytes, bytes]:
    """The browser's public key and its secret."""
    kept = subscription["keys"]
    return _decoded(kept["p256dh"]), _decoded(kept["auth"])


def _problems(endpoint: str, p256dh: str, auth: str, hosts: Sequence[str]) -> Iterator[Problem]:
    if not allowed(endpoint, hosts):
        yield Problem("expected the https address of a push service this installation knows", "endpoint")
    for name, text, length in (("keys.p256dh", p256dh, KEY_BYTES), ("keys.auth", auth, AUTH_BYTES)):
        try:
            sound = len(_decoded(text)) == length
        except ValueError:
            sound = False
        if not sound:
            yield Problem(f"expected {length} bytes as base64url", name)


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))

"""Which pages a phone may keep for when there is no network, and for whom; told to the service worker in a header.

The mark is a keyed hash of the person: it says nothing of them, and lets a phone see that somebody else has signed in.
"""

from __future__ import annotations

from flask import Response

from pro_service.http.authentication import actor
from pro_service.http.transaction import runtime
from pro_service.web import assets

HEADER = "X-Keep"
MARK_BYTES = 9


def person_mark() -> str:
    """The mark of whoever is signed in."""
    return runtime().keys.token_hash(f"device:{actor().id}")[:MARK_BYTES].hex()


def keep(response: Response) -> Response:
    """Let the phone keep this page for this person, with the version of the files it is made of."""
    response.headers[HEADER] = f"{assets.digest()}.{person_mark()}"
    return response

"""Which pages a phone may keep for when there is no network, and for whom; told to the service worker in a header.

The mark is a keyed hash of the person: it says nothing of them, and lets a phone see that somebody else has signed in.
"""

from __future__ import annotations

from flask import Response, jsonify

from pro_service.domain.audit import Actor
from pro_service.domain.errors import Unauthenticated
from pro_service.http import csrf
from pro_service.http.authentication import actor, cookie_token, public
from pro_service.http.transaction import runtime, work
from pro_service.services import access
from pro_service.web import assets

HEADER = "X-Keep"
MARK_BYTES = 9


def person_mark() -> str:
    """The mark of whoever is signed in."""
    return _mark(actor())


def keep(response: Response) -> Response:
    """Let the phone keep this page for this person, with the version of the files it is made of."""
    response.headers[HEADER] = f"{assets.digest()}.{person_mark()}"
    return response


@public
def session() -> Response:
    """Whose session this is ("" for no patient's), and its anti-forgery token: for the worker, and older pages."""
    try:
        who = access.who(work(), token=cookie_token() or "")
    except Unauthenticated:
        who = None
    if who is None or who.kind != "participant":
        return jsonify(person="", csrf_token="")
    return jsonify(person=_mark(who), csrf_token=csrf.token())


def _mark(person: Actor) -> str:
    return runtime().keys.token_hash(f"device:{person.id}")[:MARK_BYTES].hex()

"""A browser acts only for its own person: requests that another site caused are refused.

Two locks. What the browser says about where the request comes from (Sec-Fetch-Site, else Origin) guards every unsafe
request, sign-in forms too. A request that is authenticated by cookie must also bring the anti-forgery token of its
session, in the header X-CSRF-Token or the form field `csrf_token`: a keyed hash of the session cookie, so there is
nothing to store and nothing to expire. Bearer tokens need neither, because browsers never add them by themselves.
"""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from flask import request

from pro_service.domain.errors import CrossSite
from pro_service.http.authentication import cookie_token, is_public
from pro_service.http.transaction import SAFE, runtime

HEADER = "X-CSRF-Token"
FIELD = "csrf_token"


def token() -> str:
    """The anti-forgery token of this request's session; empty without a session cookie."""
    session = cookie_token()
    return _of(session) if session else ""


def _of(session: str) -> str:
    return runtime().keys.token_hash(f"csrf:{session}").hex()


def check() -> None:
    """Refuse what another site caused: CrossSite."""
    if request.method in SAFE or request.endpoint is None or "HTTP_AUTHORIZATION" in request.environ:
        return
    if not _same_site():
        raise CrossSite("This request was caused by another site.")
    session = cookie_token()
    if session is None or is_public(request.endpoint):
        return
    given = request.headers.get(HEADER) or request.form.get(FIELD, "")
    if not hmac.compare_digest(given.encode(), _of(session).encode()):
        raise CrossSite(f"A request with a session cookie needs its anti-forgery token ({HEADER} or {FIELD}).")


def _same_site() -> bool:
    fetch_site = request.headers.get("Sec-Fetch-Site")
    if fetch_site is not None:
        return fetch_site in {"same-origin", "none"}
    origin = request.headers.get("Origin", "null")  # "null" is what our own no-referrer policy makes of a form's origin
    return origin == "null" or urlsplit(origin).netloc in {request.host, urlsplit(runtime().settings.base_url).netloc}

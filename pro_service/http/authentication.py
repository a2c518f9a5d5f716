"""Who asks: a bearer token, or the session cookie of a browser. Every route wants to know unless it is `public`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Response, current_app, request

from pro_service.domain.audit import Actor
from pro_service.domain.errors import Unauthenticated
from pro_service.http.transaction import SAFE, act_as, runtime, work
from pro_service.services import access
from pro_service.services.access import SignedIn

View = TypeVar("View", bound=Callable[..., Any])


def public(view: View) -> View:
    """Mark a view that anybody may call. `test_access.py` holds the complete list."""
    view.is_public = True  # type: ignore[attr-defined]  # a mark on the function itself, read by `is_public`
    return view


def is_public(endpoint: str) -> bool:
    """May anybody call this endpoint? Static files and marked views only."""
    view = current_app.view_functions[endpoint]
    return endpoint.rpartition(".")[2] == "static" or getattr(view, "is_public", False)


def cookie_name() -> str:
    """`__Host-pro` over https: browsers then refuse it from anywhere but this very host."""
    return "__Host-pro" if is_https() else "pro"


def is_https() -> bool:
    """Do people reach us over https? Decided by the base URL, never by a header that anyone can forge."""
    return runtime().settings.base_url.startswith("https:")


def bearer_token() -> str | None:
    """The token of the Authorization header, if there is one of that kind."""
    kind, _, token = request.environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return token.strip() or None if kind.lower() == "bearer" else None


def cookie_token() -> str | None:
    """The session cookie; ignored when an Authorization header speaks."""
    environ = request.environ
    if "HTTP_AUTHORIZATION" in environ or "HTTP_COOKIE" not in environ:
        return None
    return request.cookies.get(cookie_name()) or None


def check() -> None:
    """Find out who asks before the view runs; Unauthenticated where the route wants to know and nobody is there."""
    if request.endpoint is None or request.method == "OPTIONS" or is_public(request.endpoint):
        return
    token = bearer_token() or cookie_token()
    if token is None:
        raise Unauthenticated("Sign in first.")
    asked_about = (request.view_args or {}).get("assessment_id")
    keep_for = None if request.method in SAFE else runtime().settings.session_idle
    act_as(access.who(work(), token=token, assessment_id=asked_about, keep_for=keep_for))


def actor() -> Actor:
    """Whoever this request's work belongs to."""
    return work().actor


def set_cookie(response: Response, session: SignedIn) -> None:
    """Give a browser its session. Scripts cannot read it, other sites cannot send it along with a POST."""
    # in seconds from now, so that a phone whose clock is wrong keeps its session
    seconds = int((session.latest_at - work().now).total_seconds())
    response.set_cookie(
        cookie_name(), session.access_token, max_age=seconds, path="/", secure=is_https(), httponly=True, samesite="Lax"
    )


def clear_cookie(response: Response) -> None:
    """Take the session from a browser."""
    response.delete_cookie(cookie_name(), path="/", secure=is_https(), httponly=True, samesite="Lax")


def presented_token() -> str:
    """The token this request came with, for signing out."""
    return bearer_token() or cookie_token() or ""

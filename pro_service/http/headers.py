"""Security headers on every answer, errors included. A view may set its own Cache-Control; the rest stands.

They are added when an answer goes out, by the class of all answers, so no error handler and no early return can miss
them; and as a ready-made list, because setting ten headers one by one costs as much as Flask itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from flask import Flask, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

PAGE_POLICY = "; ".join([
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "font-src 'self'",
    "connect-src 'self'", "manifest-src 'self'", "worker-src 'self'", "form-action 'self'", "base-uri 'none'",
    "frame-ancestors 'none'",
])  # fmt: skip
API_POLICY = "default-src 'none'; frame-ancestors 'none'"
WORKER_POLICY = f"{API_POLICY}; connect-src 'self'; script-src 'self'"
POLICIES = {"text/html": PAGE_POLICY, "text/javascript": WORKER_POLICY}
"""A service worker, too, reaches nothing but its own site. Whatever is no page shows and fetches nothing."""
TWO_YEARS = 63_072_000
ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
OF_PAGES = (
    ("X-Frame-Options", "DENY"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
)
NO_PAGES = frozenset({"text/css", "text/javascript"})
"""What a browser never shows as a page of its own that can do something: it takes no notice of OF_PAGES there, and on
a slow line two dozen files less those make the first question come sooner. Their policy still forbids any frame."""

OVER_HTTPS = (("Strict-Transport-Security", f"max-age={TWO_YEARS}; includeSubDomains"),)
NOT_STORED = (("Cache-Control", "no-store"),)


class Answer(Response):
    """An answer of the service, with its security headers. Kept nowhere, unless the view says for how long."""

    always: ClassVar[tuple[tuple[str, str], ...]] = ALWAYS

    def get_wsgi_response(self, environ: WSGIEnvironment) -> tuple[Iterable[bytes], str, list[tuple[str, str]]]:
        """What goes out: status, body, and the headers with ours at their end."""
        body, status, headers = super().get_wsgi_response(environ)
        policy = POLICIES.get(self.mimetype or "", API_POLICY)
        kept = () if "Cache-Control" in self.headers else NOT_STORED
        of_pages = () if self.mimetype in NO_PAGES else OF_PAGES
        return body, status, [*headers, ("Content-Security-Policy", policy), *self.always, *of_pages, *kept]


class HttpsAnswer(Answer):
    """An answer of a service that people reach over https, and from now on only so."""

    always = (*ALWAYS, *OVER_HTTPS)


def install(app: Flask, *, base_url: str) -> None:
    """Make every answer of this application carry them."""
    app.response_class = HttpsAnswer if base_url.startswith("https:") else Answer

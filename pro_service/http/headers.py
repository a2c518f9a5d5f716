"""Security headers on every answer, errors included. A view may set its own Cache-Control; the rest stands."""

from __future__ import annotations

from flask import Flask, Response, request

from pro_service.http.authentication import is_https

PAGE_POLICY = "; ".join([
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "font-src 'self'",
    "connect-src 'self'", "manifest-src 'self'", "worker-src 'self'", "form-action 'self'", "base-uri 'none'",
    "frame-ancestors 'none'",
])  # fmt: skip
API_POLICY = "default-src 'none'; frame-ancestors 'none'"
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
TWO_YEARS = 63_072_000


def install(app: Flask) -> None:
    """Put the headers on every answer of this application."""

    @app.after_request
    def add(response: Response) -> Response:
        headers = response.headers
        for name, value in ALWAYS.items():
            headers[name] = value
        is_page = response.mimetype == "text/html"
        headers["Content-Security-Policy"] = PAGE_POLICY if is_page else API_POLICY
        if is_https():
            headers["Strict-Transport-Security"] = f"max-age={TWO_YEARS}; includeSubDomains"
        if request.endpoint is None or request.endpoint.rpartition(".")[2] != "static":
            headers.setdefault("Cache-Control", "no-store")
        return response

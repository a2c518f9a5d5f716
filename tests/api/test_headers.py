"""Security headers, request ids and cookies: on every route, errors included."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from pro_service.app import create_app
from pro_service.runtime import Runtime
from pro_service.web.assets import asset
from tests.api.conftest import Caller

EXPECTED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
OF_PAGES = {"X-Frame-Options": "DENY", "Cross-Origin-Opener-Policy": "same-origin"}
"""On everything that a browser could show: not on scripts (the service worker is one) and style sheets."""


def paths(app: Flask) -> list[str]:
    found = ["/nowhere", "/api/v1/nowhere"]
    for rule in app.url_map.iter_rules():
        path = rule.rule
        for argument in rule.arguments:
            path = path.replace(f"<uuid:{argument}>", str(UUID(int=1))).replace(f"<{argument}>", "x")
            path = path.replace(f"<path:{argument}>", "x")
        found.append(path)
    return found


def test_every_answer_carries_them(app: Flask, client: FlaskClient) -> None:
    for path in paths(app):
        for method in ("GET", "POST", "TRACE"):
            response = client.open(path, method=method)
            expected = EXPECTED if response.mimetype == "text/javascript" else {**EXPECTED, **OF_PAGES}
            assert {name: response.headers.get(name) for name in expected} == expected, (method, path)
            policy = response.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert response.headers["X-Request-Id"]
            if path.startswith("/api/v1"):
                assert response.headers["Cache-Control"] == "no-store"
            if (response.mimetype or "").startswith("text/"):
                assert "charset=utf-8" in response.headers["Content-Type"].lower()
            response.close()


@pytest.mark.parametrize("path", ["js/form.js", "css/form.css", "icon.svg"])
def test_a_file_that_is_no_page_carries_what_holds_for_it(app: Flask, client: FlaskClient, path: str) -> None:
    """Two dozen of them come before the first question, over a slow line: a page's headers stay with pages."""
    with app.test_request_context():
        headers = client.get(asset(path)).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert ("Permissions-Policy" in headers) == ("X-Frame-Options" in headers) == (path == "icon.svg")


@pytest.mark.parametrize(("base_url", "present"), [("http://127.0.0.1:8000", False), ("https://pro.example.org", True)])
def test_https_is_remembered(runtime: Runtime, base_url: str, present: bool) -> None:
    settings = runtime.settings.model_copy(update={"base_url": base_url})
    response = create_app(replace(runtime, settings=settings)).test_client().get("/healthz")
    assert ("Strict-Transport-Security" in response.headers) == present


@pytest.mark.parametrize(
    ("given", "kept"), [("abcdef-0123456789", True), ("short", False), ("with space here", False), ("x" * 65, False)]
)
def test_a_request_id_may_be_brought_along(client: FlaskClient, given: str, kept: bool) -> None:
    answered = client.get("/healthz", headers={"X-Request-Id": given}).headers["X-Request-Id"]
    assert (answered == given) == kept


def test_an_error_of_ours_says_nothing_but_its_request_id(
    patient: Caller, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        raise RuntimeError("the answer was very much")

    monkeypatch.setitem(patient.client.application.view_functions, "me.me", broken)
    response = patient("GET", "/me")
    assert response.status_code == 500
    body = response.get_json()
    assert body["code"] == "internal"
    assert body["request_id"] == response.headers["X-Request-Id"]
    written = capsys.readouterr()
    assert "very much" not in response.get_data(as_text=True)
    assert "the answer was very much" not in written.out + written.err
    assert "RuntimeError" in written.out + written.err

"""What holds for every page: its language, its policy, its assets, and kind words when something is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from pro_service.http.authentication import is_public
from pro_service.http.errors import Trouble
from pro_service.web import assets
from pro_service.web.problems import problem_page
from tests.web.conftest import Visitor, words_of

OURS = {"pages", "assets", "shell", "patient", "workspace"}
OPEN_TO_ANYBODY = {
    "pages.landing",
    "pages.favicon",
    "pages.switch_language",
    "shell.service_worker",
    "shell.sending_service_worker",
    "shell.offline",
    "shell.manifest",
    "assets.serve",
    "patient.link",
    "patient.begin",
    "patient.preferences",
    "patient.choose",
    "patient.letter",
    "patient.enter",
    "patient.new_link",
    "patient.ask_link",
    "patient.feed",
    "patient.session",
    "workspace.sign_in",
    "workspace.enter",
}
PUBLIC = ["/", "/offline", "/l/forged", "/m/forged", "/my", "/in", "/new-link", "/staff/sign-in", "/nowhere", "/staff"]


@pytest.mark.parametrize(
    ("language", "heading"),
    [
        ("en", "How are you? Your answers count."),
        ("nl", "Hoe gaat het met u? Uw antwoorden tellen."),
        ("fr", "How are you?"),
    ],
)
def test_the_landing_page_speaks_the_visitors_language(client: FlaskClient, language: str, heading: str) -> None:
    seen = client.get("/", headers={"Accept-Language": language})
    assert seen.status_code == 200
    assert heading in words_of(seen.text)
    assert f'lang="{seen.headers["Content-Language"]}"' in seen.text


def test_every_other_page_wants_to_know_who_asks(app: Flask) -> None:
    ours = {rule.endpoint for rule in app.url_map.iter_rules() if rule.endpoint.split(".")[0] in OURS}
    with app.app_context():
        assert {endpoint for endpoint in ours if is_public(endpoint)} == OPEN_TO_ANYBODY


@pytest.mark.parametrize("path", PUBLIC)
def test_a_page_needs_nothing_inline_and_nothing_from_elsewhere(client: FlaskClient, path: str) -> None:
    seen = client.get(path)
    assert seen.mimetype == "text/html"
    assert "'unsafe" not in seen.headers["Content-Security-Policy"]
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", seen.text)
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', seen.text)
    assert "user-scalable" not in seen.text


@pytest.mark.parametrize(
    ("path", "status", "language", "heading"),
    [
        ("/nowhere", 404, "en", "There is nothing here"),
        ("/nowhere", 404, "nl", "Deze pagina is er niet"),
        ("/my", 401, "en", "Please sign in again"),
        ("/my", 401, "nl", "Log opnieuw in"),
        ("/my/assessments/not-an-id", 404, "en", "There is nothing here"),
    ],
)
def test_kind_words(client: FlaskClient, path: str, status: int, language: str, heading: str) -> None:
    seen = client.get(path, headers={"Accept-Language": language})
    assert seen.status_code == status
    assert heading in words_of(seen.text)


@pytest.mark.parametrize(
    ("status", "method", "button"),
    [(500, "GET", "Try again"), (503, "GET", "Try again"), (500, "POST", None), (429, "GET", "Try again")],
)
def test_what_is_over_in_a_moment_can_be_tried_again(app: Flask, status: int, method: str, button: str | None) -> None:
    """At the same address; never a form sent twice."""
    with app.test_request_context("/my", method=method):
        seen = problem_page(Trouble(status, "", ""))
    again = '<a class="button" href="">Try again</a>'
    assert seen.status_code == status
    assert (again in seen.get_data(as_text=True)) is (button is not None)


def test_the_page_for_no_network_speaks_the_phones_language_first(client: FlaskClient) -> None:
    seen = words_of(client.get("/offline", headers={"Accept-Language": "nl-NL"}).text)
    assert seen.index("Er is geen internetverbinding") < seen.index("There is no connection")


def test_assets_are_kept_for_ever_under_an_address_that_changes_with_them(client: FlaskClient) -> None:
    seen = client.get(f"/assets/{assets.digest()}/js/form.js")
    assert seen.status_code == 200
    assert seen.mimetype == "text/javascript"
    assert "immutable" in seen.headers["Cache-Control"]
    assert client.get("/assets/older/js/form.js").status_code == 404
    assert client.get(f"/assets/{assets.digest()}/../pages.py").status_code == 404


def test_the_page_fetches_every_module_at_once(client: FlaskClient, signed_in: Callable[..., Visitor]) -> None:
    page = client.get(signed_in().form).text
    for path, found in assets.assets().items():
        if path.startswith("js/") and f"/{path}" in page:
            for module in re.findall(r'from "\./(\w+\.js)"', found.plain.decode()):
                assert f"js/{module}" in page, f"{path} imports {module}"


def test_the_icon_is_found_where_browsers_look_unasked(client: FlaskClient) -> None:
    seen = client.get("/favicon.ico", follow_redirects=True)
    assert seen.mimetype == "image/svg+xml"


@pytest.mark.parametrize(
    ("kept", "dropped"),
    [
        ("const a = 1;", "/* what\nit is */"),
        ("  go(); // and why", "  // a line of its own"),
        ('const pattern = "/* no comment";\nclose("*/");', "/** of a function */"),
        ("/* one */ go(); /* two */", "/* three */"),
    ],
)
def test_comments_that_fill_their_lines_do_not_go_over_the_line(kept: str, dropped: str) -> None:
    assert assets.COMMENT.sub(b"", f"{dropped}\n{kept}\n{dropped}\n".encode()).decode() == f"{kept}\n"
    served = [found.plain for path, found in assets.assets().items() if path.endswith(assets.COMMENTED)]
    assert not any(assets.COMMENT.search(each) for each in served)

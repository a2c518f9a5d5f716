"""Light: what a phone loads between the link in a message and the first question, counted in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from flask.testing import FlaskClient
from playwright.sync_api import Page, Route, expect

from pro_service.web.assets import digest
from pro_service.web.patient.links import FORM_FILES
from tests.support.line import watched
from tests.web.conftest import Phone, Visitor

Invite = Callable[..., Visitor]
HEAVIEST = 60_000
"""Bytes over the line, all told."""
LOADED = "(n) => performance.getEntriesByType('resource').filter((one) => one.responseEnd > 0).length >= n"
BLOCKING = """performance.getEntriesByType("resource")
  .filter((one) => one.initiatorType === "script" && one.renderBlockingStatus === "blocking")
  .map((one) => one.name.split("/").pop())"""


def test_the_first_question_is_light_and_asks_nothing_of_others(phone: Page, live_server: str, visitor: Invite) -> None:
    """The longest form there is. While "Welcome" is read its files come in: Begin takes two trips and no more."""
    person = visitor()
    line = watched(phone)
    phone.goto(live_server + person.link)
    expect(phone.locator("main form button")).to_be_enabled()
    phone.wait_for_function(LOADED, arg=len(FORM_FILES) + 3)
    before = len(line.requested)
    phone.locator("main form button").click()
    expect(phone.locator("html[data-ready] .question.current")).to_be_visible()
    # the redirect of the button, then the page; what follows was there already, or is for later (the service worker)
    paths = [urlsplit(url).path for url in line.requested[before:]]
    assert [path for path in paths if not path.startswith("/assets/")][:2] == [person.link, person.form]
    assert 0 < line.transferred < HEAVIEST
    assert {urlsplit(url).netloc for url in line.requested} == {urlsplit(live_server).netloc}
    assert phone.evaluate(BLOCKING) == ["early.js"]


def test_a_tap_on_a_question_whose_scripts_are_still_coming_counts(on_phone: Phone, patient: Invite) -> None:
    person, late = patient(), list[Route]()
    page = on_phone.page
    page.route(
        "**/js/form.js", lambda route: late.append(route) if route.request.resource_type == "script" else route.abort()
    )
    page.goto(on_phone.base + person.link)
    page.locator("main form button").click()
    on_phone.shows("qlq-c30.q1")
    on_phone.choose(1)
    for route in late:
        route.continue_()
    on_phone.ready()
    on_phone.state("saved")
    on_phone.shows("qlq-c30.q1")
    assert person.answers("qlq-c30") == {"q1": 2}


def test_the_link_page_names_the_files_of_the_form(client: FlaskClient, patient: Invite) -> None:
    person = patient()
    names = re.search(r'data-next="([^"]+)"', client.get(person.link).text)
    assert names
    client.post(person.link)
    page = client.get(person.form).text
    needed = set(re.findall(rf'"(/assets/{digest()}/(?:css|js)/[\w./]+)"', page))
    first = set(re.findall(rf'"(/assets/{digest()}/(?:css|js)/[\w./]+)"', client.get(person.link).text))
    assert needed - first == set(names[1].split())


def test_pages_of_a_patient_have_nothing_inline(client: FlaskClient, signed_in: Invite) -> None:
    person = signed_in()
    for path in (person.form, "/my", f"{person.form}/review"):
        seen = client.get(path)
        assert "'unsafe" not in seen.headers["Content-Security-Policy"]
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", seen.text), path
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', seen.text), path

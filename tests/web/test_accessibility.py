"""axe-core finds nothing on any page and state, light and dark; with script and without."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it ships no types
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from tests.support.clock import Clock
from tests.web.conftest import Phone, Visitor

Invite = Callable[..., Visitor]
OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],  # of what is as it should be axe need not list every element
}


def assert_accessible(page: Page) -> None:
    """No violation of WCAG 2.2 AA, nor of what axe calls best practice; in light colours and in dark."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found = Axe().run(page, options=OPTIONS).response["violations"]
        assert not [(scheme, each["id"], [node["html"][:160] for node in each["nodes"]]) for each in found]


def test_the_pages_anybody_can_open(on_phone: Phone, patient: Invite) -> None:
    person = patient()
    for path in ("/", person.link, "/l/forged", "/my", "/offline", "/nowhere", "/staff/sign-in"):
        on_phone.page.goto(on_phone.base + path)
        assert_accessible(on_phone.page)


def test_the_questionnaire_in_every_state(on_phone: Phone, patient: Invite) -> None:
    person = patient()
    on_phone.open(person)
    assert_accessible(on_phone.page)
    on_phone.next()
    assert_accessible(on_phone.page)
    on_phone.page.get_by_text("Text size and pace").click()
    on_phone.page.locator("[name=moving_on]").check()
    on_phone.choose(1)
    on_phone.page.get_by_role("button", name="Undo").wait_for()
    assert_accessible(on_phone.page)
    on_phone.go("eq-5d-5l.VAS")
    assert_accessible(on_phone.page)
    on_phone.type("104")
    on_phone.next()
    assert_accessible(on_phone.page)
    on_phone.type("70")
    on_phone.go("review")
    assert_accessible(on_phone.page)
    on_phone.page.click("#send")
    on_phone.page.get_by_role("heading", name="Thank you").wait_for()
    assert_accessible(on_phone.page)


def test_my_questionnaires_and_my_calendar_in_every_state(on_phone: Phone, patient: Invite) -> None:
    on_phone.open(patient())
    page = on_phone.page
    page.route("**/api/**", lambda route: route.abort())
    on_phone.answer(1)
    on_phone.state("here")
    page.goto(on_phone.base + "/my")
    page.evaluate("window.dispatchEvent(new Event('beforeinstallprompt', { cancelable: true }))")
    page.evaluate("document.getElementById('no-network').hidden = false")
    expect(page.locator(".waiting")).to_be_visible()
    expect(page.locator("#install")).to_be_visible()
    assert_accessible(page)
    page.goto(on_phone.base + "/my/calendar")
    assert_accessible(page)
    page.get_by_role("button", name="Make an address for my calendar").click()
    expect(page.get_by_label("Or copy it")).to_be_visible()
    assert_accessible(page)


def test_questions_of_every_kind(on_phone: Phone, visitor: Invite) -> None:
    on_phone.open(visitor())
    for gate in ("imcq.gp", "imcq.medication", "imcq.home_household"):
        on_phone.go(gate)
        on_phone.page.locator(".question.current input[value='1']").check()
    for name in ("tess-le.q1", "imcq.gp_visits", "imcq.home_household_hours", "imcq.medication_list"):
        on_phone.go(name)
        assert on_phone.question == name
        assert_accessible(on_phone.page)


def test_not_yet_and_too_late(on_phone: Phone, visitor: Invite, clock: Clock) -> None:
    person = visitor()
    on_phone.open(person)
    for days in (30, 30):
        clock.advance(days=days)
        on_phone.page.goto(on_phone.base + person.form)
        assert_accessible(on_phone.page)


@pytest.fixture
def without_script(browser: Browser, app: Flask) -> Iterator[Page]:
    """A browser that runs no script of the page."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False, locale="en-GB")
    yield context.new_page()
    context.close()


def test_the_study_teams_pages(on_phone: Phone, patient: Invite, staff_session: Callable[..., str]) -> None:
    patient()
    host = on_phone.base.rpartition(":")[0].removeprefix("http://")
    on_phone.page.context.add_cookies([{"name": "pro", "value": staff_session(), "domain": host, "path": "/"}])
    on_phone.page.goto(on_phone.base + "/staff")
    expect(on_phone.page.get_by_text("Sites").first).to_be_visible()
    assert_accessible(on_phone.page)


def test_the_plain_long_form_is_answered_without_script(
    without_script: Page, live_server: str, patient: Invite
) -> None:
    person = patient()
    page = without_script
    page.goto(live_server + person.link)
    page.get_by_role("button", name="Begin").click()
    expect(page.locator("fieldset.question")).to_have_count(36)
    page.locator("[id='qlq-c30.q1'] input[value='2']").check()
    page.locator("[id='eq-5d-5l.VAS'] input.input").fill("104")
    page.get_by_role("button", name="Check and send").click()
    assert page.locator("[id='eq-5d-5l.VAS:message']").inner_text() == "Please enter a number from 0 to 100."
    assert page.locator("[id='eq-5d-5l.VAS'] input.input").input_value() == "104"
    page.get_by_role("alert").get_by_role(
        "link", name="Health on a ruler"
    ).click()  # from the top of the page to the field
    expect(page.locator("[id='eq-5d-5l.VAS']")).to_be_in_viewport()
    assert person.answers("qlq-c30") == {"q1": 2}
    page.locator("[id='eq-5d-5l.VAS'] input.input").fill("0")
    page.get_by_role("button", name="Check and send").click()
    expect(page.get_by_role("heading", name="Ready to send?")).to_be_visible()
    expect(page.locator(".open-list a")).to_have_count(34)
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    assert person.status() == "submitted"
    assert person.answers("eq-5d-5l") == {"VAS": 0}


def test_the_plain_long_form_in_every_state(browser: Browser, live_server: str, patient: Invite) -> None:
    """No script of ours arrives; axe needs a browser that runs its own."""
    person = patient()
    context = browser.new_context(viewport={"width": 390, "height": 844}, service_workers="block", locale="en-GB")
    context.route("**/js/*.js", lambda route: route.abort())
    page = context.new_page()
    page.goto(live_server + person.link)
    page.get_by_role("button", name="Begin").click()
    expect(page.locator("fieldset.question").nth(35)).to_be_visible()
    page.locator("[id='eq-5d-5l.VAS'] input.input").fill("104")
    page.get_by_role("button", name="Check and send").click()
    expect(page.get_by_role("alert").get_by_role("link", name="Health on a ruler")).to_be_visible()
    assert_accessible(page)
    page.locator("[id='eq-5d-5l.VAS'] input.input").fill("4")
    page.get_by_role("button", name="Check and send").click()
    expect(page.get_by_role("heading", name="Ready to send?")).to_be_visible()
    assert_accessible(page)
    context.close()


def test_the_choice_of_messages_in_every_state(on_phone: Phone, patient: Invite) -> None:
    person = patient()
    on_phone.open(person)
    on_phone.page.goto(on_phone.base + "/my")
    on_phone.page.get_by_role("link", name="Which messages do I get, and when?").click()
    assert_accessible(on_phone.page)
    on_phone.page.locator("#paused_until").fill("2020-01-01")
    on_phone.page.get_by_role("button", name="Save", exact=True).click()
    on_phone.page.get_by_text("at most half a year ahead").wait_for()
    assert_accessible(on_phone.page)
    on_phone.page.get_by_role("button", name="Send me no messages at all").click()
    on_phone.page.get_by_text("You will get no more messages").wait_for()
    assert_accessible(on_phone.page)

"""The Back button: whether a browser kept the page whole, kept its fields, or asks anew, what it shows holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from pro_service.services import preferences, responses
from tests.support import chromium, people
from tests.web.conftest import Phone, Visitor
from tests.web.test_offline import heading

Invite = Callable[..., Visitor]
KEPT_WHOLE = "addEventListener('pageshow', (event) => event.persisted && (sessionStorage.whole = location.pathname))"


@pytest.fixture
def keeping(browser: Browser, live_server: str) -> Iterator[Phone]:
    """A phone whose browser keeps whole pages for the Back button, as people's browsers do."""
    launched = browser.browser_type.launch(
        executable_path=chromium.path(),
        args=list(chromium.ARGUMENTS),
        ignore_default_args=["--disable-back-forward-cache"],
    )
    page = launched.new_context(viewport={"width": 390, "height": 844}, locale="en-GB").new_page()
    page.add_init_script(KEPT_WHOLE)
    yield Phone(page, live_server)
    launched.close()


def go_home(on_phone: Phone) -> None:
    on_phone.page.click(".brand a")
    heading(on_phone.page, "My questionnaires")


def test_a_page_that_a_browser_kept_whole_shows_what_has_become_of_it(keeping: Phone, patient: Invite) -> None:
    person, other = patient(), patient()
    page = keeping.page
    keeping.open(person)
    # a worker that comes later lets go of what was kept
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    go_home(keeping)
    with person.runtime.work(people.patient(person.participant.id)) as w:
        responses.save(w, assessment_id=person.assessment, instrument="qlq-c30", answers={"q1": 3}, revision=0)
    page.go_back()
    expect(page.locator(".question.current")).to_have_id("qlq-c30.q1")
    expect(page.locator(".question.current input:checked")).to_have_value("3")
    assert page.evaluate("sessionStorage.whole") == person.form
    go_home(keeping)
    with person.runtime.work(people.patient(person.participant.id)) as w:
        responses.submit(w, assessment_id=person.assessment)
    page.go_back()
    heading(page, "Thank you")
    keeping.open(other)
    page.go_back()
    heading(page, "My questionnaires")  # and not the page of the link, whose address is out of the history
    page.go_back()
    heading(page, "There is nothing here")  # it was the thanks of somebody else
    page.context.clear_cookies()
    page.go_forward()
    heading(page, "Please sign in again")


def test_a_field_that_a_browser_filled_in_again_is_no_answer_and_no_choice(on_phone: Phone, patient: Invite) -> None:
    person = patient()
    page = on_phone.page
    on_phone.open(person)
    on_phone.go("eq-5d-5l.VAS")
    on_phone.type("about seventy")
    page.locator("#settings summary").click()
    with page.expect_response("**/preferences"):
        page.locator("#settings input[value=large]").check()
    with page.expect_response("**/preferences"):
        page.locator("#settings input[name=moving_on]").check()
    go_home(on_phone)
    with person.runtime.work(people.patient(person.participant.id)) as w:
        choices = {"text_size": "normal", "moving_on": "button"}
        preferences.change(w, participant_id=person.participant.id, channels=person.runtime.channels, choices=choices)
    page.go_back()
    on_phone.ready()
    expect(page.locator("#settings [name=text_size]:checked")).to_have_value("normal")
    expect(page.locator("#settings [name=moving_on]")).not_to_be_checked()
    expect(page.locator(".question.current .input")).to_have_value("")
    expect(page.locator("#meter")).to_have_attribute("value", "0")
    on_phone.state("saved")
    assert person.answers("eq-5d-5l") == {}
    page.goto(f"{on_phone.base}/my/messages")
    page.get_by_label("A reminder when questions are still open").uncheck()
    page.goto(f"{on_phone.base}/my")
    page.go_back()
    expect(page.get_by_label("A reminder when questions are still open")).to_be_checked()

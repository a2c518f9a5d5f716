"""The form without network: kept by the service worker, opened where it was left, and gone from the phone at last."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest
from playwright.sync_api import Page, Route, expect

from pro_service.domain.responses import Draft
from pro_service.services import responses
from pro_service.web import assets
from tests.support import people
from tests.support.ports import wait_until
from tests.web.conftest import Phone, Visitor

Invite = Callable[..., Visitor]

KEPT = """async () => {
  const paths = [];
  for (const name of await caches.keys()) {
    for (const request of await (await caches.open(name)).keys()) paths.push(new URL(request.url).pathname);
  }
  return paths.filter((path) => !path.startsWith("/assets/")).sort().join(" ");
}"""
UNSENT = """Object.values(localStorage).map((kept) => JSON.parse(kept).pending)
  .flatMap((pending) => Object.values(pending)).flatMap((items) => Object.keys(items)).sort().join(" ")"""


VAULT = """() => new Promise((done) => {
  const request = indexedDB.open("pro-answers");
  request.onsuccess = () => {
    const counted = request.result.transaction("kept").objectStore("kept").count();
    counted.onsuccess = () => done(counted.result);
  };
})"""
FILES = """async () => {
  const files = await (await caches.open("pro-files")).keys();
  const folders = files.map((request) => new URL(request.url).pathname.split("/"));
  return [...new Set(folders.filter(([, folder]) => folder === "assets").map(([, , version]) => version))].sort();
}"""


def wait_kept(page: Page, *paths: str) -> None:
    """Wait until exactly these pages lie on the phone, beside the one that says there is no network."""
    wanted = " ".join(sorted((*paths, "/offline")))
    wait_until(lambda: page.evaluate(KEPT) == wanted, what=f"{wanted} to be kept")


def wait_files(page: Page, *versions: str) -> None:
    """Wait until the files of exactly these versions lie on the phone."""
    wait_until(lambda: page.evaluate(FILES) == sorted(versions), what=f"files of {versions}")


def wait_unsent(page: Page, *items: str) -> None:
    """Wait until exactly these answers wait on the phone."""
    page.wait_for_function(f"(wanted) => {UNSENT} === wanted", arg=" ".join(items))


def heading(page: Page, words: str) -> None:
    expect(page.get_by_role("heading", name=words).first).to_be_visible()


def test_a_phone_restarted_without_network_opens_where_it_was_left(on_phone: Phone, patient: Invite) -> None:
    """Failure rows 36 and 38."""
    person = patient()
    on_phone.open(person)
    wait_kept(on_phone.page, person.form)
    on_phone.answer(1)
    on_phone.answer(1)
    on_phone.state("saved")
    on_phone.page.context.set_offline(True)
    on_phone.answer(2)
    on_phone.state("here")
    on_phone.page.reload()
    on_phone.ready()
    assert on_phone.question == "qlq-c30.q4"
    on_phone.page.click("#back")
    expect(on_phone.page.locator(".question.current input:checked")).to_have_value("3")
    on_phone.page.click("#back")  # sent before the page was reloaded: the page kept here does not have it
    expect(on_phone.page.locator(".question.current input:checked")).to_have_value("2")
    again = on_phone.page.context.new_page()
    on_phone.page.close()
    on_phone.page = again
    again.goto(on_phone.base + person.form)
    on_phone.ready()
    assert on_phone.question == "qlq-c30.q4"
    again.context.set_offline(False)
    on_phone.state("saved")
    assert person.answers("qlq-c30") == {"q1": 2, "q2": 2, "q3": 3}


def test_my_questionnaires_without_network_say_how_far_i_am_and_lead_on(on_phone: Phone, patient: Invite) -> None:
    person = patient()
    on_phone.open(person)
    on_phone.page.goto(f"{on_phone.base}/my")
    page = on_phone.page
    wait_kept(page, "/my", person.form)
    page.context.set_offline(True)
    page.get_by_role("link", name="Start").click()
    on_phone.ready()
    on_phone.answer()
    on_phone.state("here")
    page.goto(f"{on_phone.base}/my")
    expect(page.locator("#no-network")).to_be_visible()
    expect(page.locator(".progress")).to_have_text(["1 of 36 questions answered"])
    expect(page.locator(".waiting")).to_contain_text("on this device only")
    page.goto(f"{on_phone.base}/my/assessments/{person.other('month_3')}")
    heading(page, "There is no connection")
    page.goto(f"{on_phone.base}/my")
    page.context.set_offline(False)  # this page sends them too
    expect(page.locator(".waiting")).to_be_hidden()
    expect(page.locator("#no-network")).to_be_hidden()
    assert person.answers("qlq-c30") == {"q1": 1}


def test_send_pressed_without_network_is_said_kept_and_done_later(on_phone: Phone, patient: Invite) -> None:
    person = patient()
    on_phone.open(person)
    page = on_phone.page
    page.goto(f"{on_phone.base}/my")
    wait_kept(page, "/my", person.form)
    page.context.set_offline(True)
    page.goto(on_phone.base + person.form)
    on_phone.ready()
    on_phone.answer(1)
    on_phone.go("review")
    page.click("#send")
    expect(page.locator("#alarm")).to_contain_text("Not sent yet")
    expect(page.locator("#alarm")).to_be_in_viewport()
    page.reload()
    on_phone.ready()
    expect(page.locator("#alarm")).to_contain_text("Not sent yet")
    assert on_phone.question == ""
    page.goto(f"{on_phone.base}/my")
    expect(page.locator(".waiting")).to_contain_text("Not sent yet")
    page.context.set_offline(False)
    heading(page, "Nothing to do today")
    assert person.status() == "submitted"
    assert person.answers("qlq-c30") == {"q1": 2}
    assert on_phone.kept() == "{}"


def test_after_an_answer_is_changed_send_has_to_be_pressed_again(on_phone: Phone, patient: Invite) -> None:
    person = patient()
    on_phone.open(person)
    page = on_phone.page
    on_phone.go("review")
    page.context.set_offline(True)
    page.click("#send")
    expect(page.locator("#alarm")).to_contain_text("Not sent yet")
    on_phone.go("qlq-c30.q1")
    on_phone.choose(1)
    page.context.set_offline(False)
    on_phone.state("saved")
    assert person.answers("qlq-c30") == {"q1": 2}
    assert person.status() == "in_progress"


def test_nothing_of_the_answers_stays_after_they_were_sent(on_phone: Phone, patient: Invite) -> None:
    person = patient()
    on_phone.open(person)
    page = on_phone.page
    wait_kept(page, person.form)
    on_phone.choose(3)
    on_phone.state("saved")
    on_phone.go("qlq-c30.q2")
    on_phone.go("review")
    page.click("#send")
    heading(page, "Thank you")
    wait_kept(page)
    assert on_phone.kept() == "{}"
    assert page.evaluate("sessionStorage.length") == 0
    assert page.evaluate(VAULT) == 0
    page.go_back()  # a question, in the browser's own history
    heading(page, "Thank you")
    expect(page.locator("input:checked")).to_have_count(0)
    page.context.set_offline(True)
    page.goto(on_phone.base + person.form)
    heading(page, "There is no connection")


def test_no_link_and_no_key_is_ever_kept(on_phone: Phone, patient: Invite) -> None:
    person = patient()
    on_phone.open(person)
    page = on_phone.page
    wait_kept(page, person.form)
    page.goto(on_phone.base + person.link)  # now under the worker's eyes
    page.goto(f"{on_phone.base}/my")
    page.get_by_role("link", name="Which messages do I get, and when?").click()
    heading(page, "My messages")
    wait_kept(page, "/my", person.form)
    kept = page.evaluate("caches.match('/my').then((page) => page.text())")
    assert "My questionnaires" in kept
    assert "/m/" not in kept
    assert "/l/" not in kept
    page.context.set_offline(True)
    page.goto(on_phone.base + person.link)
    heading(page, "There is no connection")


def test_somebody_else_on_the_same_phone_gets_nothing_and_sends_nothing(on_phone: Phone, patient: Invite) -> None:
    first, second = patient(), patient()
    on_phone.open(first)
    page = on_phone.page
    on_phone.answer(3)
    on_phone.state("saved")
    page.context.set_offline(True)
    on_phone.answer(2)
    on_phone.state("here")
    page.context.clear_cookies()
    page.goto("about:blank")
    page.context.set_offline(False)
    on_phone.open(second)
    wait_kept(page, second.form)
    wait_unsent(page, "q2")
    assert '"q1"' not in on_phone.kept().replace("\\", "")  # what was sent already has left
    page.goto(on_phone.base + first.form)
    heading(page, "There is nothing here")
    page.goto(f"{on_phone.base}/my")
    expect(page.locator(".waiting")).to_be_hidden()
    assert (first.answers("qlq-c30"), second.answers("qlq-c30")) == ({"q1": 4}, {})
    on_phone.open(first)
    on_phone.state("saved")
    assert (first.answers("qlq-c30"), second.answers("qlq-c30")) == ({"q1": 4, "q2": 3}, {})
    wait_kept(page, first.form)


def test_signing_out_takes_the_pages_and_needs_the_network(on_phone: Phone, patient: Invite) -> None:
    person = patient()
    on_phone.open(person)
    page = on_phone.page
    wait_kept(page, person.form)
    on_phone.answer(1)
    on_phone.state("saved")
    page.goto(f"{on_phone.base}/my")
    wait_kept(page, "/my", person.form)
    page.context.set_offline(True)
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("form[data-sign-out] [role=alert]")).to_have_text("You need a connection to sign out.")
    page.context.set_offline(False)
    page.get_by_role("button", name="Sign out").click()
    heading(page, "How are you?")
    wait_kept(page)
    assert on_phone.kept() == "{}"
    assert page.evaluate(VAULT) == 0


def test_a_page_kept_from_an_earlier_session_still_saves(on_phone: Phone, patient: Invite) -> None:
    person = patient()
    on_phone.open(person)
    page = on_phone.page
    wait_kept(page, person.form)
    page.goto(f"{on_phone.base}/my")
    page.context.clear_cookies()  # the session is over; then in again, elsewhere than on the form
    page.goto(on_phone.base + person.link)
    page.evaluate("fetch(location.pathname, { method: 'POST' })")
    page.goto(f"{on_phone.base}/my")
    page.context.set_offline(True)
    page.goto(on_phone.base + person.form)
    on_phone.ready()
    on_phone.choose(1)
    on_phone.state("here")
    page.context.set_offline(False)
    on_phone.state("saved")
    assert person.answers("qlq-c30") == {"q1": 2}


def test_a_page_kept_before_an_upgrade_works_with_the_files_it_knows(
    on_phone: Phone, patient: Invite, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = patient()
    on_phone.open(person)
    page = on_phone.page
    wait_kept(page, person.form)
    before = assets.digest()
    monkeypatch.setattr(assets, "digest", lambda: "upgraded")
    page.goto(f"{on_phone.base}/my")  # the new worker comes with the next page that is opened
    wait_files(page, before, "upgraded")
    page.context.set_offline(True)
    page.goto(on_phone.base + person.form)
    on_phone.ready()
    on_phone.answer(2)
    on_phone.state("here")
    page.context.set_offline(False)
    on_phone.state("saved")
    assert person.answers("qlq-c30") == {"q1": 3}
    page.reload()
    on_phone.ready()
    wait_files(page, "upgraded")


@pytest.mark.parametrize(
    ("button", "expected"), [("The one on this screen: None", 1), ("The one from the other device: Strong", 4)]
)
def test_two_answers_to_one_question_both_stay_until_one_is_chosen(
    on_phone: Phone, patient: Invite, button: str, expected: int
) -> None:
    person = patient()
    on_phone.open(person)
    with person.runtime.work(people.patient(person.participant.id)) as w:
        other = Draft({"q1": 4, "q2": 2})
        responses.save(w, assessment_id=person.assessment, instrument="qlq-c30", answers=other.answers, revision=0)
    on_phone.choose(0)
    asked = on_phone.page.locator(".question.current [role=alert]")
    expect(asked).to_contain_text("differently on another device: Strong")
    wait_unsent(on_phone.page, "q1")
    on_phone.page.goto(f"{on_phone.base}/my")
    expect(on_phone.page.locator(".waiting")).to_contain_text("Open the questionnaire to choose")
    on_phone.page.get_by_role("link", name="Go on").click()
    on_phone.ready()
    asked.get_by_role("button", name=button).click()
    on_phone.state("saved")
    wait_unsent(on_phone.page)
    assert person.answers("qlq-c30") == {"q1": expected, "q2": 2}
    expect(on_phone.page.locator(".question.current input:checked")).to_have_value(str(expected))


def test_an_answer_that_arrived_unnoticed_and_was_changed_since_is_not_asked_about(
    on_phone: Phone, patient: Invite
) -> None:
    person = patient()
    on_phone.open(person)
    lost = count(1)

    def lose(route: Route) -> None:  # the server has it, and its answer is lost
        if next(lost) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    on_phone.page.route("**/responses/**", lose)
    on_phone.choose(0)
    on_phone.state("here")
    on_phone.choose(3)
    on_phone.state("saved")
    assert person.answers("qlq-c30") == {"q1": 4}

"""A battery that dies takes what the browser had not written: the second storage has it, and nobody waits."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from pro_service.web import assets
from tests.support.ports import wait_until
from tests.web.conftest import Phone, Visitor
from tests.web.test_offline import VAULT, wait_kept, wait_unsent

Invite = Callable[..., Visitor]

NO_FAREWELL = """() => {
  for (const [what, on] of [["pagehide", window], ["visibilitychange", document]]) {
    on.addEventListener(what, (event) => event.stopImmediatePropagation(), true);
  }
}"""
"""A phone whose power goes tells its pages nothing."""
HOLD = """() => new Promise((held) => {
  indexedDB.open("pro-answers").onsuccess = ({ target }) => {
    const store = target.result.transaction("kept", "readwrite").objectStore("kept");
    const go = () => { held(); if (!window.released) store.count().onsuccess = go; };
    store.count().onsuccess = go;
  };
})"""
"""A tab that writes for a long time: all others wait for what they want to read."""


def another_tab(phone: Phone) -> Page:
    """A tab of this site in which no script of ours runs."""
    tab = phone.page.context.new_page()
    tab.goto(f"{phone.base}/assets/{assets.digest()}/css/base.css")
    return tab


def lose_first_copy(page: Page, other: Page) -> None:
    """The power goes: what a browser writes to disk some seconds after it was told is lost."""
    page.evaluate(NO_FAREWELL)
    page.goto("about:blank")
    other.evaluate("localStorage.clear()")


def test_what_one_storage_lost_when_the_power_went_comes_back_from_the_other(on_phone: Phone, patient: Invite) -> None:
    person = patient()
    on_phone.open(person)
    page = on_phone.page
    wait_kept(page, person.form)
    other = another_tab(on_phone)
    page.context.set_offline(True)
    on_phone.answer(2)
    on_phone.state("here")
    wait_until(lambda: page.evaluate(VAULT) == 1, what="the second copy")
    lose_first_copy(page, other)
    page.goto(on_phone.base + person.form)
    on_phone.shows("qlq-c30.q2")
    page.context.set_offline(False)
    on_phone.state("saved")
    assert person.answers("qlq-c30") == {"q1": 3}


def test_who_answers_before_the_lost_answers_are_back_keeps_both(on_phone: Phone, patient: Invite) -> None:
    person = patient()
    on_phone.open(person)
    page = on_phone.page
    wait_kept(page, person.form)
    other = another_tab(on_phone)
    page.context.set_offline(True)
    on_phone.answer(2)
    on_phone.answer(2)
    wait_unsent(page, "q1", "q2")
    other.evaluate(HOLD)
    lose_first_copy(page, other)
    page.goto(on_phone.base + person.form)
    on_phone.ready()
    assert on_phone.question == "qlq-c30.q1"
    on_phone.answer(0)
    on_phone.shows("qlq-c30.q2")
    other.evaluate("window.released = true")
    expect(page.locator(".question.current input:checked")).to_have_value("3")
    page.context.set_offline(False)
    on_phone.state("saved")
    assert person.answers("qlq-c30") == {"q1": 1, "q2": 3}


def test_a_browser_that_does_not_write_holds_nobody_up_who_sends(on_phone: Phone, patient: Invite) -> None:
    person = patient()
    on_phone.open(person)
    on_phone.answer(2)
    on_phone.state("saved")
    another_tab(on_phone).evaluate(HOLD)
    on_phone.go("review")
    on_phone.page.click("#send")
    expect(on_phone.page.get_by_role("heading", name="Thank you")).to_be_visible()
    assert person.status() == "submitted"
    assert on_phone.kept() == "{}"

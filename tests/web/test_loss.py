"""Nothing answered is lost to networks that answer in our place, to phones that are full, to two tabs or slow lines."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask, Response
from playwright.sync_api import Route, expect

from pro_service.web import assets
from tests.support.ports import wait_until
from tests.web.conftest import Held, Phone, Visitor
from tests.web.test_offline import VAULT, heading, wait_kept, wait_unsent

Invite = Callable[..., Visitor]

LOGIN = "<!doctype html><title>Guest network</title><p>Log in to go on"
IN_OUR_PLACE = [
    (200, "text/html", LOGIN),
    (200, "application/json", '{"revision": 1, "answers": {"q1'),
    (400, "text/html", "<h1>400 Bad Request</h1>"),
    (403, "text/html", "<h1>Blocked</h1>"),
    (409, "text/plain", "conflict"),
    (422, "text/html", "<h1>Request not understood</h1>"),
    (502, "text/html", "<h1>502 Bad Gateway</h1>"),
]
FILL = """() => {
  for (let size = 1 << 20; size >= 1; size = size >> 1) {
    try {
      for (let nth = 0; nth < 20; nth += 1) localStorage.setItem(`full-${size}-${nth}`, "x".repeat(size));
    } catch { /* no more of this size */ }
  }
}"""
"""Until not one more letter fits."""


def instead(status: int, kind: str, body: str) -> Callable[[Route], None]:
    """Answers requests before they leave the phone."""
    return lambda route: route.fulfill(status=status, content_type=kind, body=body)


def test_what_others_say_in_our_place_is_never_taken_for_saved(on_phone: Phone, patient: Invite) -> None:
    person = patient()
    on_phone.open(person)
    page = on_phone.page
    for nth, (status, kind, body) in enumerate(IN_OUR_PLACE):
        page.route("**/api/**", instead(status, kind, body))
        on_phone.choose(nth % 4)
        on_phone.state("here")
        wait_unsent(page, "q1")
        page.unroute("**/api/**")
        page.evaluate("window.dispatchEvent(new Event('online'))")
        on_phone.state("saved")
        assert person.answers("qlq-c30") == {"q1": nth % 4 + 1}
    on_phone.go("review")
    page.route("**/submission", instead(*IN_OUR_PLACE[0]))
    page.click("#send")
    expect(page.locator("#alarm")).to_contain_text("Not sent yet")
    assert person.status() == "in_progress"
    page.unroute("**/submission")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    heading(page, "Thank you")
    assert person.status() == "submitted"


def test_a_network_that_wants_a_login_first_replaces_nothing_that_is_kept(
    on_phone: Phone, patient: Invite, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = patient()
    on_phone.open(person)
    page = on_phone.page
    wait_kept(page, person.form)

    def portal(_response: Response) -> Response:
        return Response(LOGIN, 200)

    with monkeypatch.context() as away:
        away.setitem(app.after_request_funcs, None, [portal, *app.after_request_funcs[None]])  # the first comes last
        page.reload()
        expect(page).to_have_title("Guest network")
        picture = f"/assets/{assets.digest()}/icons/any192.png"
        assert page.evaluate("(path) => fetch(path).then((answer) => answer.text())", picture) == LOGIN
    wait_kept(page, person.form)
    assert page.evaluate("(path) => caches.match(path).then((kept) => kept === undefined)", picture)
    page.context.set_offline(True)
    page.goto(on_phone.base + person.form)
    on_phone.ready()
    assert on_phone.question == "qlq-c30.q1"


def test_a_phone_that_is_full_keeps_answers_in_the_other_storage_and_shows_pages(
    on_phone: Phone, patient: Invite
) -> None:
    person = patient()
    on_phone.open(person)
    page = on_phone.page
    wait_kept(page, person.form)
    page.evaluate(FILL)
    page.context.set_offline(True)
    on_phone.choose(2)
    on_phone.state("unsafe")
    wait_until(lambda: page.evaluate(VAULT) == 1, what="the second copy")
    page.reload()
    on_phone.ready()
    expect(page.locator("#qlq-c30\\.q1 input:checked")).to_have_value("3")
    page.context.set_offline(False)
    on_phone.state("saved")
    assert person.answers("qlq-c30") == {"q1": 3}
    devtools = page.context.new_cdp_session(page)
    devtools.send("Storage.overrideQuotaForOrigin", {"origin": on_phone.base, "quotaSize": 1})
    page.goto(f"{on_phone.base}/my")  # cannot be kept any more, and is shown all the same
    heading(page, "My questionnaires")


def test_any_page_sends_what_waits_of_a_form_that_is_not_open(on_phone: Phone, patient: Invite) -> None:
    person = patient()
    on_phone.open(person)
    page = on_phone.page
    page.context.set_offline(True)
    on_phone.answer(2)
    on_phone.go("review")
    page.click("#send")
    expect(page.locator("#alarm")).to_contain_text("Not sent yet")
    page.goto("about:blank")
    page.context.set_offline(False)
    page.goto(f"{on_phone.base}/my/calendar")
    wait_until(lambda: person.status() == "submitted", what="Send")
    assert person.answers("qlq-c30") == {"q1": 3}
    wait_until(lambda: on_phone.kept() == "{}" and page.evaluate(VAULT) == 0, what="nothing to stay")


def test_two_tabs_without_network_lose_nothing_of_each_other(on_phone: Phone, patient: Invite) -> None:
    person = patient()
    on_phone.open(person)
    page, context = on_phone.page, on_phone.page.context
    wait_kept(page, person.form)
    other = Phone(context.new_page(), on_phone.base)
    other.page.goto(on_phone.base + person.form)
    other.ready()
    context.set_offline(True)
    on_phone.answer(1)
    other.go("qlq-c30.q2")
    other.answer(2)
    wait_unsent(page, "q1", "q2")
    on_phone.go("review")
    page.click("#send")
    expect(page.locator("#alarm")).to_contain_text("Not sent yet")
    wait_until(lambda: '"q1' not in on_phone.kept().replace("\\", ""), what="localStorage to let go")
    other.answer(3)  # taken back
    on_phone.page = context.new_page()
    for tab in (other.page, page):
        tab.goto("about:blank")
        tab.close()
    context.set_offline(False)
    on_phone.page.goto(on_phone.base + person.form)
    on_phone.ready()
    on_phone.state("saved")
    assert person.answers("qlq-c30") == {"q1": 2, "q2": 3, "q3": 4}
    assert person.status() == "in_progress"


def test_an_answer_that_is_slow_to_arrive_does_not_undo_a_later_one(
    on_phone: Phone, patient: Invite, held_saves: Held
) -> None:
    person = patient()
    on_phone.open(person)
    on_phone.choose(0)
    wait_until(held_saves.arrived.is_set, what="the first answer")
    on_phone.choose(3)
    wait_unsent(on_phone.page, "q1")
    held_saves.go.set()
    on_phone.state("saved")
    wait_unsent(on_phone.page)
    assert person.answers("qlq-c30") == {"q1": 4}
    expect(on_phone.page.locator(".question.current input:checked")).to_have_value("4")

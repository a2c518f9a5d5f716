"""Answers that waited for a network arrive though no page is open: the service worker sends, where browsers let it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import BrowserContext, Page, Worker, expect
from sqlalchemy import select

from pro_service.domain.responses import Draft
from pro_service.services import responses
from pro_service.storage.responses import response
from pro_service.web import assets, i18n
from tests.support import people
from tests.support.ports import wait_until
from tests.web.conftest import Held, Phone, Visitor
from tests.web.test_offline import VAULT, heading, wait_kept, wait_unsent
from tests.web.test_outages import Server

Invite = Callable[..., Visitor]

WAKE = """() => new Promise((done) => {
  const woken = Object.assign(new Event("sync"), { tag: "pro-answers" });
  woken.waitUntil = (work) => work.then(() => done("done"), () => done("again"));
  self.dispatchEvent(woken);
})"""
ASKED = "navigator.serviceWorker.ready.then(({ sync }) => sync.getTags())"
ENTRIES = """() => new Promise((done) => {
  const request = indexedDB.open("pro-answers");
  request.onsuccess = () => {
    const all = request.result.transaction("kept").objectStore("kept").getAll();
    all.onsuccess = () => done(JSON.stringify(all.result));
  };
})"""


CHANGE = """async ([folder, assessment]) => {
  const { Memory, recall, stored } = await import(`/assets/${folder}/js/memory.js`);
  await recall();
  const { key } = new Memory(assessment, "");
  const { person, pending } = stored(key);
  const { left } = pending["qlq-c30"].q1;
  new Memory(assessment, person).change((kept) => (kept.pending["qlq-c30"].q1 = { value: 4, left }));
}"""


def sender(context: BrowserContext) -> Worker:
    """The service worker."""
    return next(one for one in context.service_workers if one.url.endswith("/sw.mjs"))


def woken(context: BrowserContext) -> str:
    """Wake the worker as a browser does when there is a network -> `done`, or `again`: ask me later once more."""
    return str(sender(context).evaluate(WAKE))


def plain(on_phone: Phone) -> str:
    """What lies in localStorage."""
    return on_phone.kept().replace("\\", "")


def lets_go(on_phone: Phone) -> None:
    """Wait until the answers lie where the worker can take them away, and nowhere else."""
    wait_until(lambda: '"q1"' not in plain(on_phone), what="localStorage to let go")


@pytest.fixture
def server(app: Flask) -> Iterator[Server]:
    """What a phone reaches where there is a network: what a closing page sends goes out in spite of `set_offline`."""
    made = Server(app)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def on_phone(phone: Page, server: Server) -> Phone:
    """The phone of the person under test."""
    phone.set_default_timeout(20_000)
    phone.on("pageerror", lambda error: pytest.fail(f"a script failed: {error}"))
    return Phone(phone, server.base)


def closed(on_phone: Phone) -> Page:
    """Close the form -> a page of the same browser on which nothing of ours is at work."""
    aside = on_phone.page.context.new_page()
    on_phone.page.goto("about:blank")
    on_phone.page.close()
    return aside


def opened(on_phone: Phone, person: Visitor) -> BrowserContext:
    """The form, open and kept."""
    on_phone.open(person)
    wait_kept(on_phone.page, person.form)
    return on_phone.page.context


def test_answers_arrive_though_the_page_was_closed_and_is_never_opened_again(
    on_phone: Phone, server: Server, patient: Invite
) -> None:
    person = patient()
    on_phone.page.context.add_cookies([{"name": i18n.COOKIE, "value": "nl", "url": server.base}])
    context = opened(on_phone, person)
    server.stop()
    for answer in (1, 2, 0):
        on_phone.answer(answer)
    on_phone.state("here")
    wait_until(lambda: on_phone.page.evaluate(ASKED) == ["pro-answers"], what="the browser to be asked")
    aside = closed(on_phone)
    assert woken(context) == "again"  # no network yet
    assert person.answers("qlq-c30") == {}
    server.start()
    assert woken(context) == "done"
    assert person.answers("qlq-c30") == {"q1": 2, "q2": 3, "q3": 1}
    assert person.status() == "in_progress"
    with person.runtime.engine.connect() as connection:
        assert connection.execute(select(response.c.language)).scalars().all() == ["nl"]  # what it was shown in
    aside.goto(on_phone.base + person.form)  # what the worker did is known to the page
    on_phone.page = aside
    on_phone.ready()
    on_phone.state("saved")
    wait_unsent(aside)
    assert on_phone.question == "qlq-c30.q4"


def test_send_is_carried_out_and_nothing_of_the_answers_stays(on_phone: Phone, server: Server, patient: Invite) -> None:
    person = patient()
    context = opened(on_phone, person)
    server.stop()
    on_phone.answer(3)
    on_phone.go("review")
    on_phone.page.click("#send")
    expect(on_phone.page.locator("#alarm")).to_contain_text("Not sent yet")
    wait_until(lambda: '"left":[4]' in on_phone.page.evaluate(ENTRIES), what="all that is to be written")
    lets_go(on_phone)
    on_phone.page.reload()
    on_phone.ready()
    expect(on_phone.page.locator("#alarm")).to_contain_text("Not sent yet")
    lets_go(on_phone)
    aside = closed(on_phone)
    server.start()
    assert woken(context) == "done"
    wait_until(lambda: person.status() == "submitted", what="Send")
    assert person.answers("qlq-c30") == {"q1": 4}
    aside.goto(f"{on_phone.base}/offline")  # a page without any script of ours
    wait_kept(aside)
    assert aside.evaluate(VAULT) == 0
    assert "pending" not in aside.evaluate("JSON.stringify(localStorage)")
    aside.goto(f"{on_phone.base}/my")
    heading(aside, "Nothing to do today")
    wait_until(lambda: aside.evaluate("localStorage.length") == 0, what="nothing to stay")


def test_an_answer_changed_after_send_was_pressed_takes_it_back_for_the_worker_too(
    on_phone: Phone, server: Server, patient: Invite
) -> None:
    person = patient()
    context = opened(on_phone, person)
    server.stop()
    on_phone.answer(3)
    on_phone.go("review")
    on_phone.page.click("#send")
    lets_go(on_phone)
    on_phone.go("qlq-c30.q1")
    expect(on_phone.page.locator(".question.current input:checked")).to_have_value("4")
    on_phone.choose(1)
    wait_until(lambda: '"q1"' in plain(on_phone), what="the answer")
    wait_until(lambda: '"wish":false' in on_phone.page.evaluate(ENTRIES), what="the second copy")
    closed(on_phone)
    server.start()
    assert woken(context) == "done"
    assert person.answers("qlq-c30") == {"q1": 2}
    assert person.status() == "in_progress"


def test_nobody_s_answers_are_sent_for_somebody_else(on_phone: Phone, server: Server, patient: Invite) -> None:
    first, second = patient(), patient()
    context, page = opened(on_phone, first), on_phone.page
    server.stop()
    on_phone.answer(2)
    on_phone.state("here")
    page.context.clear_cookies()  # the session is over
    page.goto("about:blank")
    server.start()
    assert woken(context) == "done"  # asking again would not help
    on_phone.open(second)
    on_phone.answer(1)
    on_phone.state("saved")
    assert woken(context) == "done"
    assert (first.answers("qlq-c30"), second.answers("qlq-c30")) == ({}, {"q1": 2})
    page.goto("about:blank")
    page.context.clear_cookies()
    page.goto(on_phone.base + first.link)
    page.evaluate("fetch(location.pathname, { method: 'POST' })")  # signed in, and no page that sends is open
    assert woken(context) == "done"
    assert (first.answers("qlq-c30"), second.answers("qlq-c30")) == ({"q1": 3}, {"q1": 2})


def test_what_needs_a_person_is_left_to_the_page(on_phone: Phone, server: Server, patient: Invite) -> None:
    person = patient()
    context = opened(on_phone, person)
    server.stop()
    on_phone.answer(0)
    on_phone.answer(1)
    on_phone.state("here")
    with person.runtime.work(people.patient(person.participant.id)) as w:
        other = Draft({"q1": 4})
        responses.save(w, assessment_id=person.assessment, instrument="qlq-c30", answers=other.answers, revision=0)
    aside = closed(on_phone)
    server.start()
    assert woken(context) == "done"
    assert person.answers("qlq-c30") == {"q1": 4, "q2": 2}
    aside.goto(on_phone.base + person.form)
    on_phone.page = aside
    on_phone.ready()
    asked = aside.locator(".question.current [role=alert]")
    expect(asked).to_contain_text("differently on another device: Strong")
    asked.get_by_role("button", name="The one on this screen: None").click()
    on_phone.state("saved")
    assert person.answers("qlq-c30") == {"q1": 1, "q2": 2}


def test_what_comes_too_late_is_left_to_the_page(on_phone: Phone, server: Server, patient: Invite) -> None:
    person = patient()
    context = opened(on_phone, person)
    server.stop()
    on_phone.answer(0)
    on_phone.state("here")
    aside = closed(on_phone)
    with person.runtime.work(people.patient(person.participant.id)) as w:
        responses.submit(w, assessment_id=person.assessment)  # from another device
    server.start()
    assert woken(context) == "done"
    assert person.answers("qlq-c30") == {}
    aside.goto(f"{on_phone.base}/offline")
    assert aside.evaluate(VAULT) == 1
    aside.goto(on_phone.base + person.form)
    heading(aside, "Thank you")
    wait_until(lambda: aside.evaluate("localStorage.length") == 0, what="nothing to stay")


def test_a_page_in_view_sends_by_itself(on_phone: Phone, server: Server, patient: Invite) -> None:
    person = patient()
    context = opened(on_phone, person)
    server.stop()
    on_phone.answer(0)
    on_phone.state("here")
    on_phone.page.route("**/responses/**", lambda route: route.abort())  # of the page: the worker's go out
    server.start()
    assert woken(context) == "done"
    assert person.answers("qlq-c30") == {}
    closed(on_phone)
    assert woken(context) == "done"
    assert person.answers("qlq-c30") == {"q1": 1}


def test_a_page_that_writes_while_the_worker_sends_has_the_last_word(
    on_phone: Phone, server: Server, patient: Invite, held_saves: Held
) -> None:
    person = patient()
    context = opened(on_phone, person)
    server.stop()
    on_phone.answer(0)
    on_phone.state("here")
    aside = closed(on_phone)
    server.start()
    aside.goto(f"{on_phone.base}/offline")
    worker = sender(context)
    worker.evaluate(f"self.woken = ({WAKE})(); 0")
    assert held_saves.arrived.wait(30)
    aside.evaluate(CHANGE, [assets.digest(), str(person.assessment)])
    wait_until(lambda: '"value":4' in aside.evaluate(ENTRIES), what="the page's own copy")
    held_saves.go.set()
    assert worker.evaluate("self.woken") == "done"
    aside.evaluate("localStorage.clear()")  # the power goes: what the worker left in the other storage counts
    aside.goto(on_phone.base + person.form)
    on_phone.page = aside
    on_phone.state("saved")  # without a question which answer is right
    assert person.answers("qlq-c30") == {"q1": 4}


def test_the_module_is_the_worker_that_can_send(client: FlaskClient) -> None:
    plain, sends = client.get("/sw.js"), client.get("/sw.mjs")
    assert sends.text == f'import "/assets/{assets.digest()}/js/background.js";\n{plain.text}'
    assert (sends.status_code, sends.mimetype) == (200, "text/javascript")
    assert sends.headers["Cache-Control"] == "no-cache"
    assert "import" not in plain.text.replace("important", "")


def test_a_browser_without_background_sync_gets_the_plain_worker(
    on_phone: Phone, server: Server, patient: Invite
) -> None:
    page = on_phone.page
    page.add_init_script("delete window.SyncManager")
    person = patient()
    on_phone.open(person)
    active = "navigator.serviceWorker.ready.then(({ active }) => new URL(active.scriptURL).pathname)"
    assert page.evaluate(active) == "/sw.js"
    wait_kept(page, person.form)
    server.stop()
    on_phone.answer(2)
    on_phone.go("review")
    page.click("#send")
    expect(page.locator("#alarm")).to_contain_text("Not sent yet")
    assert '"q1"' in plain(on_phone)  # both places keep it until a page sends it
    server.start()
    page.evaluate("window.dispatchEvent(new Event('online'))")
    heading(page, "Thank you")
    assert person.answers("qlq-c30") == {"q1": 3}


def test_whose_session_it_is(client: FlaskClient, signed_in: Invite) -> None:
    assert client.get("/my/session").json == {"person": "", "csrf_token": ""}
    signed_in()
    seen, page = client.get("/my/session"), client.get("/my").text
    assert seen.headers["Cache-Control"] == "no-store"
    assert seen.json
    assert f'name="pro-person" content="{seen.json["person"]}"' in page
    assert f'name="csrf_token" value="{seen.json["csrf_token"]}"' in page

"""Notifications of the browser: the service worker shows what is pushed, and the button is there where it can work."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import CDPSession, Page, expect

from pro_service.services import contacts
from pro_service.settings import Settings
from tests.support import people
from tests.support.browser_push import Browser, b64
from tests.support.ports import wait_until
from tests.web.conftest import Phone, Visitor, words_of

Invite = Callable[..., Visitor]


def test_without_a_key_no_page_speaks_of_notifications(client: FlaskClient, signed_in: Invite) -> None:
    signed_in()
    assert "push" not in client.get("/my").text


def test_the_worker_s_script_is_asked_anew_each_time(client: FlaskClient) -> None:
    seen = client.get("/sw.js")
    assert (seen.status_code, seen.mimetype) == (200, "text/javascript")
    assert seen.headers["Cache-Control"] == "no-cache"


class TestWhereThereIsAKey:
    """An installation that sends push messages."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"vapid_key": b64(bytes(range(1, 33)))})

    @pytest.mark.parametrize(
        ("language", "words"),
        [("en", "Send my messages to this device"), ("nl", "Stuur mijn berichten naar dit apparaat")],
    )
    def test_my_questionnaires_offer_them(
        self, client: FlaskClient, signed_in: Invite, language: str, words: str
    ) -> None:
        signed_in(language=language)
        assert words in words_of(client.get("/my").text)

    def test_a_pushed_message_is_shown_once_and_a_browser_that_cannot_subscribe_says_so(
        self, on_phone: Phone, patient: Invite
    ) -> None:
        page = on_phone.page
        page.context.grant_permissions(["notifications"], origin=on_phone.base)
        on_phone.open(patient())
        page.goto(f"{on_phone.base}/my")
        page.get_by_role("button", name="Send my messages to this device").click()
        page.get_by_text("That did not work").wait_for()  # Chromium without a window reaches no push service
        devtools = page.context.new_cdp_session(page)
        registration = registered(devtools, page)
        message = {"id": "1", "title": "Your questions are ready", "body": "5 minutes", "lang": "en", "url": "/my"}
        for _ in range(2):
            devtools.send(
                "ServiceWorker.deliverPushMessage",
                {"origin": on_phone.base, "registrationId": registration, "data": json.dumps(message)},
            )
        shown = [["Your questions are ready", "5 minutes", "1"]]
        wait_until(lambda: page.evaluate(SHOWN) == shown, what="the notification, once")
        worker = page.context.service_workers[0]
        base = on_phone.base
        for url, there in ((f"{base}/l/x_-1", "/l/x_-1"), ("/my", "/my"), ("https://evil.test/l/x", "/my")):
            assert worker.evaluate(CLICKED, url) == there
        assert page.evaluate(SHOWN) is None  # whoever has touched it has seen it

    def test_a_device_takes_the_messages_of_one_person(self, on_phone: Phone, patient: Invite) -> None:
        """Subscribed anew each time; for somebody else on the same phone it is silent until they want it too."""
        page, anna, bob = on_phone.page, patient(), patient()
        page.add_init_script(BROWSER.replace("KEYS", json.dumps(Browser("x").subscription()["keys"])))
        on_phone.open(anna)
        page.goto(f"{on_phone.base}/my")
        for number in (1, 2):
            press(page, "come to this device")
            wait_subscribed(anna, f"https://fcm.googleapis.com/x{number}")
        assert json.loads(page.evaluate(STATE)) == {"made": 2, "alive": 2}
        page.goto(on_phone.base + bob.link)
        page.get_by_role("button", name="Begin").click()
        on_phone.ready()
        page.goto(f"{on_phone.base}/my")
        page.wait_for_function(f"({STATE}) === '{json.dumps({'made': 2, 'alive': 0}, separators=(',', ':'))}'")
        assert subscription(bob) is None
        press(page, "come to this device")
        wait_subscribed(bob, "https://fcm.googleapis.com/x3")
        page.evaluate(REFUSED)
        press(page, "does not allow notifications")


BROWSER = """(() => {
  const state = () => JSON.parse(sessionStorage.push ?? '{"made":0,"alive":0}');
  const keep = (now) => { sessionStorage.push = JSON.stringify(now); return now; };
  const made = (number) => ({
    toJSON: () => ({ endpoint: `https://fcm.googleapis.com/x${number}`, expirationTime: null, keys: KEYS }),
    unsubscribe: async () => Boolean(keep({ ...state(), alive: 0 })),
  });
  PushManager.prototype.getSubscription = async () => (state().alive ? made(state().alive) : null);
  PushManager.prototype.subscribe = async () => {
    if (state().alive) throw new DOMException("another key", "InvalidStateError");
    const number = state().made + 1;
    keep({ made: number, alive: number });
    return made(number);
  };
})()"""
"""A browser that reaches a push service: what it does there, and what it says to a second subscription."""
STATE = "sessionStorage.push"
REFUSED = """() => {
  PushManager.prototype.subscribe = () => Promise.reject(new DOMException("", "NotAllowedError"));
  Object.defineProperty(Notification, "permission", { value: "denied" });
}"""
CLICKED = """(url) => new Promise((done) => {
  self.clients.openWindow = async (there) => done(there);
  self.registration.getNotifications().then(([shown]) => {
    const event = new Event("notificationclick");
    event.notification = { data: { url }, close: () => shown?.close() };
    event.waitUntil = () => {};
    self.dispatchEvent(event);
  });
})"""


def press(page: Page, said: str) -> None:
    """Press the button, and wait for what it says."""
    page.get_by_role("button", name="Send my messages to this device").click()
    expect(page.locator("#push").get_by_role("status")).to_contain_text(said)


def wait_subscribed(person: Visitor, address: str) -> None:
    """Wait until the server knows this address of their browser: what an earlier press said is still on the page."""
    wait_until(lambda: subscription(person) == address, what=address)


def subscription(person: Visitor) -> str | None:
    """The address of somebody's browser, as we have it."""
    with person.runtime.work(people.everything) as w:
        known = contacts.read(w, participant_id=person.participant.id).push
    return json.loads(known)["endpoint"] if known else None


SHOWN = """async () => {
  const registration = await navigator.serviceWorker.getRegistration("/");
  const notes = await registration.getNotifications();
  return notes.length ? notes.map((note) => [note.title, note.body, note.tag]) : null;
}"""


def registered(devtools: CDPSession, page: Page) -> str:
    """The browser's own id of our service worker."""
    found: list[str] = []

    def keep(event: dict[str, list[dict[str, str]]]) -> None:
        found.extend(one["registrationId"] for one in event["registrations"])

    devtools.on("ServiceWorker.workerRegistrationUpdated", keep)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    devtools.send("ServiceWorker.enable")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    assert found
    return found[0]

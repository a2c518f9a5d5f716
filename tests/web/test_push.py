"""Notifications of the browser: the service worker shows what is pushed, and the button is there where it can work."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import CDPSession, Page

from pro_service.settings import Settings
from tests.support.browser_push import b64
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

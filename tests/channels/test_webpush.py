"""Web push to a real HTTP server that plays the push service; a browser written from the RFC opens what it received."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pro_service.channels import reachable, webpush
from pro_service.domain.errors import ChannelError
from pro_service.domain.messages import Message
from pro_service.settings import Settings, from_environment
from tests.support import gateway
from tests.support.browser_push import Browser, b64, claims
from tests.support.gateway import HANGS_UP, Gateway
from tests.support.ports import free_port

KEY = b64(bytes(range(1, 33)))
NOW = datetime(2026, 1, 12, 9, tzinfo=UTC)


@pytest.fixture
def service() -> Iterator[Gateway]:
    with gateway.running() as running:
        running.answers = [201]
        yield running


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    variables = {"PRO_VAPID_KEY": KEY, "PRO_PUSH_HOSTS": "127.0.0.1 push.test", "PRO_MAIL_FROM": "PRO <a@clinic.test>"}
    return from_environment({"PRO_ENV": "test", "PRO_DATA_DIR": str(tmp_path), **variables})


@pytest.fixture
def browser(service: Gateway) -> Browser:
    return Browser(f"{service.url}/push/4711")


def message(browser: Browser) -> Message:
    return Message(
        id="0190a5", at=NOW, to=json.dumps(browser.subscription()), subject="Uw vragen staan klaar", language="nl",
        text="a long text", html="<p>a long text</p>", short="Het duurt vijf minuten, café",
        link="https://pro.test/l/abc", unsubscribe="https://pro.test/m/def",
    )  # fmt: skip


def test_the_browser_opens_what_the_push_service_cannot_read(
    settings: Settings, service: Gateway, browser: Browser
) -> None:
    assert webpush.send(message(browser), settings).detail == "201"
    (request,) = service.received
    assert browser.opened(request.body) == {
        "id": "0190a5", "title": "Uw vragen staan klaar", "body": "Het duurt vijf minuten, café",
        "url": "https://pro.test/l/abc", "lang": "nl",
    }  # fmt: skip
    assert b"pro.test" not in request.body
    assert "pro.test" not in str(request.headers)
    assert request.path == "/push/4711"
    assert request.headers["content-encoding"] == "aes128gcm"
    assert int(request.headers["ttl"]) == 3 * 24 * 3600
    assert len(request.headers["topic"]) <= 32


def test_the_push_service_can_tell_that_it_is_us(settings: Settings, service: Gateway, browser: Browser) -> None:
    webpush.send(message(browser), settings)
    said = claims(service.received[0].headers["authorization"], webpush.public_key(settings))
    assert said["aud"] == service.url
    assert said["sub"] == "mailto:a@clinic.test"
    assert isinstance(said["exp"], int)
    assert 0 < said["exp"] - NOW.timestamp() <= 24 * 3600


def test_the_same_message_again_takes_the_place_of_the_first(
    settings: Settings, service: Gateway, browser: Browser
) -> None:
    service.answers = [201, 201, 201]
    for one in (message(browser), message(browser), replace(message(browser), id="0190a6")):
        webpush.send(one, settings)
    topics = [request.headers["topic"] for request in service.received]
    assert topics[0] == topics[1] != topics[2]
    assert len({request.body for request in service.received}) == 3


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        pytest.param(404, "gone", id="unknown subscription"),
        pytest.param(410, "gone", id="subscription taken back"),
        pytest.param(400, "permanent", id="malformed"),
        pytest.param(413, "permanent", id="too large"),
        pytest.param(403, "again", id="another key"),
        pytest.param(429, "again", id="too many"),
        pytest.param(503, "again", id="away"),
        pytest.param(307, "again", id="a redirect is not followed"),
        pytest.param(HANGS_UP, "again", id="hangs up: the id is known again"),
    ],
)
def test_each_answer_says_whether_to_try_again(
    settings: Settings, service: Gateway, browser: Browser, answer: int, verdict: str
) -> None:
    service.answers = [answer]
    with pytest.raises(ChannelError) as raised:
        webpush.send(message(browser), settings)
    error = raised.value
    assert (error.permanent, error.gone, error.uncertain) == (verdict == "permanent", verdict == "gone", False)
    assert len(service.received) == 1
    assert "4711" not in str(error)


def test_a_service_that_is_silent_or_not_there_is_tried_again(
    settings: Settings, service: Gateway, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webpush, "TIMEOUT", (0.2, 0.2))
    service.waits = threading.Event()
    for one in (browser, replace(browser, endpoint=f"http://127.0.0.1:{free_port()}/x")):
        with pytest.raises(ChannelError) as raised:
            webpush.send(message(one), settings)
        assert not raised.value.permanent


def test_no_address_is_called_that_is_not_a_push_service_we_know(settings: Settings, service: Gateway) -> None:
    elsewhere = settings.model_copy(update={"push_hosts": "fcm.googleapis.com"})
    with pytest.raises(ChannelError) as raised:
        webpush.send(message(Browser(f"{service.url}/inside")), elsewhere)
    assert raised.value.permanent
    assert service.received == []


def test_a_key_that_is_no_point_of_the_curve_is_no_subscription(settings: Settings, service: Gateway) -> None:
    broken = Browser(service.url).subscription() | {"keys": {"p256dh": b64(b"\4" + bytes(64)), "auth": b64(bytes(16))}}
    with pytest.raises(ChannelError) as raised:
        webpush.send(replace(message(Browser(service.url)), to=json.dumps(broken)), settings)
    assert raised.value.gone


def test_after_a_change_of_our_key_the_subscriptions_of_before_are_gone(settings: Settings, service: Gateway) -> None:
    browser = Browser(service.url)

    def to(sender: str) -> Message:
        return replace(message(browser), to=json.dumps(browser.subscription() | {"sender": sender}))

    with pytest.raises(ChannelError) as raised:
        webpush.send(to("another"), settings)
    assert raised.value.gone
    assert service.received == []
    assert webpush.send(to(webpush.public_key(settings)), settings).detail == "201"


def test_only_an_installation_with_a_key_has_the_channel(settings: Settings) -> None:
    channel = reachable(settings)["webpush"]
    assert (channel.address, channel.deduplicates, channel.public_key) == ("push", True, webpush.public_key(settings))
    assert "webpush" not in reachable(settings.model_copy(update={"vapid_key": ""}))

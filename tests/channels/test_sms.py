"""Text messages through Apprise to a real HTTP server: what arrives, and what each answer means for the retry."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pro_service.channels import reachable, sms
from pro_service.domain.errors import ChannelError, InvalidSetting
from pro_service.domain.messages import Message
from pro_service.settings import Settings, from_environment
from tests.support import gateway
from tests.support.gateway import HANGS_UP, Gateway
from tests.support.ports import free_port

MESSAGE = Message(
    id="0190a5", at=datetime(2026, 1, 12, 9, tzinfo=UTC), to="+31612345678", subject="Uw vragen staan klaar",
    text="a long text", html="<p>a long text</p>", short="Uw vragen staan klaar (5 minuten).",
    link="https://pro.test/l/abc", unsubscribe="https://pro.test/m/def",
)  # fmt: skip


def at(folder: Path, url: str) -> Settings:
    return from_environment({"PRO_ENV": "test", "PRO_DATA_DIR": str(folder), "PRO_SMS_URL": url})


@pytest.fixture
def provider() -> Iterator[Gateway]:
    with gateway.running() as running:
        yield running


@pytest.fixture
def settings(provider: Gateway, tmp_path: Path) -> Settings:
    where = provider.url.removeprefix("http://")
    return at(tmp_path, f"json://{where}/send?:to={{to}}&:reference={{id}}")


def test_the_short_text_and_the_link_arrive_at_the_number(settings: Settings, provider: Gateway) -> None:
    assert sms.send(MESSAGE, settings).detail == "200"
    (request,) = provider.received
    body = json.loads(request.body)
    assert request.path == "/send"
    assert body["to"] == "+31612345678"
    assert body["reference"] == "0190a5"
    assert body["message"] == "Uw vragen staan klaar (5 minuten). https://pro.test/l/abc"


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        pytest.param(400, "permanent", id="number refused"),
        pytest.param(422, "permanent", id="text refused"),
        pytest.param(401, "again", id="our account is wrong"),
        pytest.param(429, "again", id="too many"),
        pytest.param(500, "again", id="provider failed"),
        pytest.param(503, "again", id="provider away"),
        pytest.param(302, "again", id="a redirect is not followed"),
        pytest.param(502, "uncertain", id="a front door without an answer"),
        pytest.param(504, "uncertain", id="a front door that gave up waiting"),
        pytest.param(HANGS_UP, "uncertain", id="hangs up after the request"),
    ],
)
def test_each_answer_says_whether_to_try_again(
    settings: Settings, provider: Gateway, answer: int, verdict: str, caplog: pytest.LogCaptureFixture
) -> None:
    provider.answers = [answer]
    with caplog.at_level(logging.DEBUG), pytest.raises(ChannelError) as raised:
        sms.send(MESSAGE, settings)
    error = raised.value
    assert {"permanent": error.permanent, "uncertain": error.uncertain} == {
        "permanent": verdict == "permanent",
        "uncertain": verdict == "uncertain",
    }
    assert len(provider.received) == 1
    assert "612345678" not in str(error)
    assert "612345678" not in caplog.text


def test_it_is_on_record_before_the_request_leaves(settings: Settings, provider: Gateway) -> None:
    told: list[int] = []
    sms.send(MESSAGE, settings, lambda: told.append(len(provider.received)))
    assert (told, len(provider.received)) == ([0], 1)


def test_what_may_not_be_handed_over_stays_here(settings: Settings, provider: Gateway) -> None:
    def refused() -> None:
        raise ChannelError("somebody else has it")

    with pytest.raises(ChannelError, match="somebody else has it"):
        sms.send(MESSAGE, settings, refused)
    assert provider.received == []


def test_silence_after_the_request_is_uncertain(
    settings: Settings, provider: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sms, "READ_SECONDS", 0.2)
    provider.waits = threading.Event()
    with pytest.raises(ChannelError) as raised:
        sms.send(MESSAGE, settings)
    assert (raised.value.permanent, raised.value.uncertain) == (False, True)


def test_a_provider_that_is_not_there_is_tried_again(tmp_path: Path) -> None:
    with pytest.raises(ChannelError) as raised:
        sms.send(MESSAGE, at(tmp_path, f"json://127.0.0.1:{free_port()}/?:to={{to}}"))
    assert (raised.value.permanent, raised.value.uncertain) == (False, False)


def test_a_yes_that_the_provider_s_own_words_deny_is_uncertain() -> None:
    """Some providers say 200 and put a failure, or nonsense, in the body: Apprise then says no."""
    error = sms._why([200])
    assert (error.permanent, error.uncertain) == (False, True)


@pytest.mark.parametrize("number", ["", "no number", "0612345678", "+31 6 12345678", "+31612345678/+31687654321"])
def test_what_is_no_international_number_goes_nowhere(settings: Settings, provider: Gateway, number: str) -> None:
    with pytest.raises(ChannelError) as raised:
        sms.send(replace(MESSAGE, to=number), settings)
    assert raised.value.permanent
    assert provider.received == []


@pytest.mark.parametrize("url", ["nonsense://host/{to}", "twilio://too-short/{to}"])
def test_an_address_apprise_does_not_know_stops_the_start(tmp_path: Path, url: str) -> None:
    with pytest.raises(InvalidSetting, match="PRO_SMS_URL"):
        reachable(at(tmp_path, url))


def test_only_an_installation_with_a_provider_has_the_channel(settings: Settings, tmp_path: Path) -> None:
    assert "sms" not in reachable(at(tmp_path, ""))
    channel = reachable(settings)["sms"]
    assert (channel.address, channel.deduplicates, channel.for_people) == ("phone", False, True)

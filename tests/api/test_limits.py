"""How much one caller may ask."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from pro_service.app import create_app
from pro_service.http import limits
from pro_service.runtime import Runtime
from tests.api.conftest import Caller, code_of


@pytest.fixture
def narrow(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The application with small limits."""
    monkeypatch.setattr(limits, "PER_CALLER", 4)
    monkeypatch.setattr(limits, "PER_ADDRESS_SIGNING_IN", 2)
    return create_app(runtime)


def test_too_many_requests_say_when_to_come_back(narrow: Flask, staff_key: str) -> None:
    caller = Caller(narrow.test_client(), staff_key)
    for _ in range(4):
        assert caller("GET", "/studies").status_code == 200
    refused = caller("GET", "/studies")
    assert (refused.status_code, code_of(refused)) == (429, "too-many-requests")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60


def test_callers_are_counted_apart(narrow: Flask, staff_key: str) -> None:
    caller, nobody = Caller(narrow.test_client(), staff_key), Caller(narrow.test_client(), "")
    for _ in range(5):
        caller("GET", "/studies")
    assert nobody("GET", "/studies").status_code == 401


@pytest.mark.parametrize("path", ["/sessions/link", "/sessions/password"])
def test_signing_in_is_limited_per_address(narrow: Flask, path: str) -> None:
    anybody = Caller(narrow.test_client(), "")
    answers = [anybody("POST", path, {}).status_code for _ in range(3)]
    assert answers == [422, 422, 429]


def test_a_forged_forwarding_header_does_not_help(narrow: Flask) -> None:
    anybody = Caller(narrow.test_client(), "")
    answers = [anybody("POST", "/sessions/link", {}, X_Forwarded_For=f"10.0.0.{n}").status_code for n in range(3)]
    assert answers[-1] == 429


ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # nothing here asks a database


def behind(runtime: Runtime, proxies: int) -> Flask:
    """The application behind so many proxies of ours."""
    return create_app(replace(runtime, settings=runtime.settings.model_copy(update={"trusted_proxies": proxies})))


@ON_SQLITE
@pytest.mark.parametrize(
    ("proxies", "forwarded", "counted"),
    [
        pytest.param(0, ["203.0.113.1", "203.0.113.2", "203.0.113.3"], [422, 422, 429], id="nobody is believed"),
        pytest.param(1, ["203.0.113.1", "203.0.113.2", "203.0.113.3"], [422, 422, 422], id="each their own"),
        pytest.param(1, ["9.9.9.9, 203.0.113.1", "8.8.8.8, 203.0.113.1", "203.0.113.1"], [422, 422, 429], id="forged"),
        pytest.param(2, ["203.0.113.1, 10.0.0.1", "203.0.113.2, 10.0.0.1", "203.0.113.1"], [422, 422, 422], id="two"),
        pytest.param(1, ["not an address", "not an address", "not an address"], [422, 422, 429], id="nonsense"),
        pytest.param(1, ["2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:2:a::3"], [422, 422, 429], id="one network"),
        pytest.param(
            1, ["2001:db8:1:2::1", "2001:db8:1:3::1", "2001:db8:1:4::1"], [422, 422, 422], id="three networks"
        ),
        pytest.param(
            1, ["::ffff:203.0.113.1", "203.0.113.1", "::ffff:203.0.113.1"], [422, 422, 429], id="the same two ways"
        ),
    ],
)
def test_whose_address_it_is(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, proxies: int, forwarded: list[str], counted: list[int]
) -> None:
    monkeypatch.setattr(limits, "PER_ADDRESS_SIGNING_IN", 2)
    anybody = Caller(behind(runtime, proxies).test_client(), "")
    answers = [anybody("POST", "/sessions/link", {}, X_Forwarded_For=one).status_code for one in forwarded]
    assert answers == counted


@ON_SQLITE
@pytest.mark.parametrize(("proxies", "told"), [(0, 1), (1, 0)])
def test_a_proxy_that_is_not_counted_is_told_of_once(
    runtime: Runtime, capsys: pytest.CaptureFixture[str], proxies: int, told: int
) -> None:
    client = behind(runtime, proxies).test_client()
    for number in range(3):
        client.get("/healthz", headers={"X-Forwarded-For": f"203.0.113.{number}"})
    printed = capsys.readouterr()
    assert (printed.out + printed.err).count("PRO_TRUSTED_PROXIES") == told


@ON_SQLITE
def test_a_proxy_makes_nobody_local(runtime: Runtime) -> None:
    client = behind(runtime, 1).test_client()
    for forwarded in ("127.0.0.1", "203.0.113.1", "unknown"):
        assert client.get("/metrics", headers={"X-Forwarded-For": forwarded}).status_code == 403


@ON_SQLITE
def test_short_codes_are_limited_for_everybody_together(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """From ever new addresses; the link in a message, and the form itself, go on working."""
    monkeypatch.setattr(limits, "TYPED_BY_ALL", 2)
    client = behind(runtime, 1).test_client()
    data = {"code": "28T-5CY-4TH", "birth_year": "1961"}
    answers = [
        client.post("/in", data=data, headers={"X-Forwarded-For": f"203.0.113.{number}"}).status_code
        for number in range(3)
    ]
    assert answers == [401, 401, 429]
    assert client.get("/in").status_code == 200
    assert client.post("/l/forged").status_code == 401

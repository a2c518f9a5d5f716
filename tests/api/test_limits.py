"""How much one caller may ask."""

from __future__ import annotations

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

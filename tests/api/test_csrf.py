"""A browser acts only for its own person."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from pro_service.http import csrf
from tests.api.conftest import API, Caller, code_of

PREFERENCES = f"{API}/me/preferences"


@pytest.fixture
def browser_of_patient(app: Flask, patient: Caller) -> FlaskClient:
    """A browser that carries the patient's session cookie."""
    browser = app.test_client()
    browser.set_cookie("pro", patient.token)
    return browser


@pytest.fixture
def csrf_token(app: Flask, patient: Caller) -> str:
    with app.test_request_context(headers={"Cookie": f"pro={patient.token}"}):
        return csrf.token()


def test_a_cookie_alone_may_read(browser_of_patient: FlaskClient) -> None:
    assert browser_of_patient.get(f"{API}/me").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "f" * 64}, {"X-CSRF-Token": "caf\u00e9"}],
    ids=["none", "empty", "wrong", "strange"],
)
def test_a_cookie_alone_may_not_write(browser_of_patient: FlaskClient, headers: dict[str, str]) -> None:
    response = browser_of_patient.patch(PREFERENCES, json={"text_size": "large"}, headers=headers)
    assert (response.status_code, code_of(response)) == (403, "cross-site")


def test_with_its_token_it_may(browser_of_patient: FlaskClient, csrf_token: str) -> None:
    headers = {"X-CSRF-Token": csrf_token, "Sec-Fetch-Site": "same-origin"}
    assert browser_of_patient.patch(PREFERENCES, json={"text_size": "large"}, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "where",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}],
)
def test_another_site_may_not_even_with_it(
    browser_of_patient: FlaskClient, csrf_token: str, where: dict[str, str]
) -> None:
    headers = {"X-CSRF-Token": csrf_token, **where}
    response = browser_of_patient.patch(PREFERENCES, json={"text_size": "large"}, headers=headers)
    assert code_of(response) == "cross-site"


def test_another_site_cannot_sign_somebody_in(anybody: Caller, patient: Caller) -> None:
    response = anybody("POST", "/sessions/link", {"token": "A" * 43}, Sec_Fetch_Site="cross-site")
    assert code_of(response) == "cross-site"


def test_a_bearer_token_needs_none(patient: Caller) -> None:
    body: dict[str, Any] = {"text_size": "large"}
    assert patient("PATCH", "/me/preferences", body, Origin="https://evil.example").status_code == 200

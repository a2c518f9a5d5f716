"""What the API tests share: requests that say who asks, and a person with an open questionnaire."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from pro_service.domain.participants import Participant

API = "/api/v1"


@dataclass(frozen=True, slots=True)
class Caller:
    """Speaks JSON to the API with one bearer token."""

    client: FlaskClient
    token: str

    def __call__(self, method: str, path: str, json: Any = None, **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        authorization = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return self.client.open(API + path, method=method, json=json, headers={**authorization, **named})


@pytest.fixture
def staff(client: FlaskClient, staff_key: str) -> Caller:
    """An API key that may do everything."""
    return Caller(client, staff_key)


@pytest.fixture
def anybody(client: FlaskClient) -> Caller:
    """Without a token."""
    return Caller(client, "")


@pytest.fixture
def participant(enrolled: Callable[..., Participant]) -> Participant:
    """NKI-001, randomised today."""
    return enrolled()


@pytest.fixture
def patient(client: FlaskClient, participant: Participant, patient_token: Callable[[Participant], str]) -> Caller:
    """NKI-001 themself."""
    return Caller(client, patient_token(participant))


@pytest.fixture
def open_one(patient: Caller) -> dict[str, Any]:
    """The assessment of NKI-001 that is open now."""
    items = patient("GET", "/me/assessments").get_json()["items"]
    found: dict[str, Any] = next(item for item in items if item["status"] == "open")
    return found


def code_of(response: TestResponse) -> str:
    """The code of a problem; fails for what is no problem."""
    assert response.mimetype == "application/problem+json", response.get_data(as_text=True)
    problem = response.get_json()
    assert problem["status"] == response.status_code
    return str(problem["code"])

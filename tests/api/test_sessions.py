"""Signing in and out over the API."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime

import pyotp
import pytest

from pro_service.domain.participants import Participant
from pro_service.services import access, assessments
from pro_service.services.work import Work
from tests.api.conftest import Caller, code_of
from tests.support.clock import Clock

Begin = Callable[..., AbstractContextManager[Work]]


@pytest.fixture
def link_token(work: Begin, participant: Participant) -> str:
    with work() as w:
        baseline = assessments.listing(w, participant_id=participant.id)[0].assessment.id
        return access.mint_link(w, participant_id=participant.id, assessment_ids=[baseline])


def test_a_link_signs_in_as_often_as_needed(anybody: Caller, link_token: str, participant: Participant) -> None:
    for _ in range(2):
        response = anybody("POST", "/sessions/link", {"token": link_token})
        assert response.status_code == 200
        body = response.get_json()
        assert body["participant"] == {"id": str(participant.id), "code": "NKI-001"}
        assert datetime.fromisoformat(body["expires_at"]).tzinfo is not None
        me = Caller(anybody.client, body["access_token"])("GET", "/me")
        assert me.get_json()["code"] == "NKI-001"


def test_a_link_whose_window_closed_has_expired(anybody: Caller, link_token: str, clock: Clock) -> None:
    clock.set(datetime(2026, 3, 1, tzinfo=UTC))
    response = anybody("POST", "/sessions/link", {"token": link_token})
    assert (response.status_code, code_of(response)) == (401, "link-expired")


def test_a_forged_link_is_unknown(anybody: Caller, participant: Participant) -> None:
    response = anybody("POST", "/sessions/link", {"token": "A" * 43})
    assert (response.status_code, code_of(response)) == (401, "link-unknown")


def test_staff_sign_in_with_password_and_code(anybody: Caller, work: Begin, clock: Clock) -> None:
    with work() as w:
        made = access.create_staff(w, email="Ann@example.org", password="correct horse battery", role="admin")
    sign_in = {"email": "ann@example.org", "password": "correct horse battery"}
    code = pyotp.TOTP(made.totp_secret).at(clock.now)
    response = anybody("POST", "/sessions/password", {**sign_in, "code": code})
    assert response.status_code == 200
    token = response.get_json()["access_token"]
    assert Caller(anybody.client, token)("GET", "/studies").status_code == 200
    again = anybody("POST", "/sessions/password", {**sign_in, "code": code})
    assert (again.status_code, code_of(again)) == (401, "sign-in-failed")


def test_signing_out_ends_the_session(patient: Caller) -> None:
    assert patient("DELETE", "/sessions/current").status_code == 204
    assert code_of(patient("GET", "/me")) == "unauthenticated"


@pytest.mark.parametrize("token", ["", "nonsense", "pro_nonsense", "x" * 5000])
def test_a_token_that_means_nobody(anybody: Caller, participant: Participant, token: str) -> None:
    response = Caller(anybody.client, token)("GET", "/me")
    assert (response.status_code, code_of(response)) == (401, "unauthenticated")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_session_ends_by_itself(patient: Caller, clock: Clock) -> None:
    clock.advance(days=2)
    assert code_of(patient("GET", "/me")) == "unauthenticated"

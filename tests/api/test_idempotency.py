"""A POST with an Idempotency-Key happens once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import pytest

from pro_service.domain.participants import Participant
from pro_service.runtime import Runtime
from pro_service.services import access, idempotency
from pro_service.services.work import Work
from pro_service.storage.access import idempotency as kept_answers
from tests.api.conftest import Caller, code_of
from tests.support.clock import Clock

SURGERY = {"kind": "surgery", "on": "2026-03-02", "actual": False}


@pytest.fixture
def events(participant: Participant) -> str:
    return f"/participants/{participant.id}/events"


def history(staff: Caller, events: str) -> list[str]:
    return [item["kind"] for item in staff("GET", events).get_json()["items"]]


def test_the_same_again_gets_the_same_answer(staff: Caller, events: str) -> None:
    first = staff("POST", events, SURGERY, Idempotency_Key="one")
    again = staff("POST", events, SURGERY, Idempotency_Key="one")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.get_json() == first.get_json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert history(staff, events) == ["randomisation", "surgery"]


def test_a_location_is_replayed_too(staff: Caller, participant: Participant) -> None:
    answers = [staff("POST", "/studies/scopes/exports", {"format": "csv"}, Idempotency_Key="x") for _ in range(2)]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]


def test_another_body_under_the_same_key(staff: Caller, events: str) -> None:
    staff("POST", events, SURGERY, Idempotency_Key="one")
    other = staff("POST", events, {**SURGERY, "on": "2026-03-03"}, Idempotency_Key="one")
    assert (other.status_code, code_of(other)) == (422, "idempotency-key-reused")
    assert history(staff, events) == ["randomisation", "surgery"]


def test_a_refused_request_may_be_mended_under_the_same_key(staff: Caller, events: str) -> None:
    assert staff("POST", events, {**SURGERY, "kind": "wedding"}, Idempotency_Key="one").status_code == 422
    assert staff("POST", events, SURGERY, Idempotency_Key="one").status_code == 201


def test_keys_belong_to_who_uses_them(staff: Caller, events: str, runtime: Runtime, work: Callable[..., Any]) -> None:
    with work() as w:
        other = Caller(staff.client, access.create_api_key(w, label="other", role="admin", scopes=["*"]))
    assert staff("POST", events, SURGERY, Idempotency_Key="one").status_code == 201
    mine = other("POST", events, {**SURGERY, "on": "2026-03-03"}, Idempotency_Key="one")
    assert mine.status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "caf\u00e9", "tab\there"])
def test_a_malformed_key(staff: Caller, events: str, key: str) -> None:
    response = staff("POST", events, SURGERY, Idempotency_Key=key)
    assert (response.status_code, code_of(response)) == (422, "invalid")


def test_two_at_once_happen_once(staff: Caller, events: str) -> None:
    def record(_: int) -> tuple[int, Any]:
        caller = Caller(staff.client.application.test_client(), staff.token)
        response = caller("POST", events, SURGERY, Idempotency_Key="race")
        return response.status_code, response.get_json()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(record, range(4)))
    assert [status for status, _ in answers] == [201] * 4
    assert all(body == answers[0][1] for _, body in answers)
    assert history(staff, events) == ["randomisation", "surgery"]


def test_kept_answers_are_sealed_and_forgotten(
    anybody: Caller, participant: Participant, work: Callable[..., AbstractContextManager[Work]], clock: Clock
) -> None:
    with work() as w:
        token = access.mint_link(w, participant_id=participant.id)
    first = anybody("POST", "/sessions/link", {"token": token}, Idempotency_Key="mine")
    again = anybody("POST", "/sessions/link", {"token": token}, Idempotency_Key="mine")
    assert first.get_json()["access_token"] == again.get_json()["access_token"]
    with work(writes=False) as w:
        bodies = [row.body for row in w.session.execute(kept_answers.select())]
    assert len(bodies) == 1
    assert first.get_json()["access_token"] not in bodies[0]
    clock.advance(hours=25)
    with work() as w:
        assert idempotency.forget_old(w) == 1

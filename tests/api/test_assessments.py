"""Staff at work over the API: entering paper forms, correcting, handing out links, asking why a message went."""

from __future__ import annotations

from typing import Any

import pytest

from pro_service.domain.participants import Participant
from tests.api.conftest import Caller, code_of

ENTRY = {"answers": {"q1": 1, "q2": 2}, "revision": 0, "mode": "paper"}


@pytest.fixture
def baseline(staff: Caller, participant: Participant) -> str:
    items = staff("GET", f"/participants/{participant.id}/assessments").get_json()["items"]
    return str(items[0]["id"])


def test_a_paper_form_is_entered_and_submitted(staff: Caller, baseline: str) -> None:
    path = f"/assessments/{baseline}/responses/qlq-c30"
    entered = staff("PATCH", path, {**ENTRY, "submit": True, "answered_on": "2026-01-12"})
    assert entered.get_json() == {"revision": 1, "answers": {"q1": 1, "q2": 2}}
    form = staff("GET", f"/assessments/{baseline}").get_json()
    assert form["status"] == "submitted"
    assert form["instruments"][0]["response_id"]


@pytest.mark.parametrize("change", [{"mode": "self"}, {"mode": None}, {"answered_on": "2026-01-13"}])
def test_an_entry_that_is_refused(staff: Caller, baseline: str, change: dict[str, Any]) -> None:
    response = staff("PATCH", f"/assessments/{baseline}/responses/qlq-c30", {**ENTRY, **change})
    assert (response.status_code, code_of(response)) == (422, "invalid")


def test_a_correction_keeps_what_was_said(staff: Caller, baseline: str) -> None:
    staff("PATCH", f"/assessments/{baseline}/responses/qlq-c30", {**ENTRY, "submit": True})
    part = staff("GET", f"/assessments/{baseline}").get_json()["instruments"][0]
    path = f"/responses/{part['response_id']}/corrections"
    assert code_of(staff("POST", path, {"answers": {"q1": 3}, "reason": ""})) == "invalid"
    assert code_of(staff("POST", path, {"answers": {"q1": 9}, "reason": "typing"})) == "invalid-answer"
    made = staff("POST", path, {"answers": {"q1": 3}, "reason": "typing mistake", "revision": part["revision"]})
    assert (made.status_code, made.get_json()["revision"]) == (201, part["revision"] + 1)
    stale = staff("POST", path, {"answers": {"q1": 4}, "reason": "typing mistake", "revision": part["revision"]})
    assert code_of(stale) == "stale-revision"


def test_a_form_still_open_is_not_corrected(staff: Caller, baseline: str) -> None:
    staff("PATCH", f"/assessments/{baseline}/responses/qlq-c30", ENTRY)
    part = staff("GET", f"/assessments/{baseline}").get_json()["instruments"][0]
    path = f"/responses/{part['response_id']}/corrections"
    assert code_of(staff("POST", path, {"answers": {"q1": 3}, "reason": "typing"})) == "conflict"


def test_a_link_leads_in(staff: Caller, participant: Participant, baseline: str) -> None:
    made = staff("POST", f"/participants/{participant.id}/links", {"assessments": [baseline]})
    assert made.status_code == 201
    link, token = made.get_json()["link"], made.get_json()["token"]
    assert link.endswith(f"/l/{token}")
    signed_in = Caller(staff.client, "")("POST", "/sessions/link", {"token": token})
    assert signed_in.get_json()["participant"]["code"] == participant.code


def test_an_export_is_asked_for_and_fetched_later(staff: Caller, participant: Participant) -> None:
    asked = staff("POST", "/studies/scopes/exports", {"format": "csv"})
    assert asked.status_code == 202
    where = asked.headers["Location"].removeprefix("/api/v1")
    assert staff("GET", where).get_json()["status"] == "pending"
    assert code_of(staff("GET", f"{where}/files/manifest.json")) == "not-found"
    unknown = staff("POST", "/studies/scopes/exports", {"format": "papyrus"})
    assert (unknown.status_code, code_of(unknown)) == (422, "unknown-format")

"""Trial events over the API: preview writes nothing, recording re-plans, history keeps everything."""

from __future__ import annotations

from typing import Any

import pytest

from pro_service.domain.participants import Participant
from tests.api.conftest import Caller, code_of

SURGERY = {"kind": "surgery", "on": "2026-03-02", "actual": False}


def test_preview_says_what_would_change_and_writes_nothing(staff: Caller, participant: Participant) -> None:
    path = f"/participants/{participant.id}/events"
    before = staff("GET", f"/participants/{participant.id}/assessments").get_json()
    preview = staff("POST", f"{path}?preview=true", SURGERY)
    assert preview.status_code == 200
    assert preview.get_json()["event"] is None
    moved = {change["timepoint"]: change for change in preview.get_json()["changes"]}
    assert moved["postop_30d"]["before"]["opens_at"] is None
    assert moved["postop_30d"]["after"]["opens_at"] is not None
    assert staff("GET", f"/participants/{participant.id}/assessments").get_json() == before
    assert len(staff("GET", path).get_json()["items"]) == 1


def test_recording_does_what_the_preview_said(staff: Caller, participant: Participant) -> None:
    path = f"/participants/{participant.id}/events"
    preview = staff("POST", f"{path}?preview=true", SURGERY).get_json()
    recorded = staff("POST", path, SURGERY)
    assert recorded.status_code == 201
    assert recorded.get_json()["changes"] == preview["changes"]
    assert recorded.get_json()["event"]["kind"] == "surgery"
    windows = {
        one["timepoint"]: one for one in staff("GET", f"/participants/{participant.id}/assessments").get_json()["items"]
    }
    assert windows["postop_30d"]["opens_at"] is not None


def test_a_correction_supersedes(staff: Caller, participant: Participant) -> None:
    path = f"/participants/{participant.id}/events"
    first = staff("POST", path, SURGERY).get_json()["event"]
    second = staff("POST", path, {**SURGERY, "on": "2026-03-09"}).get_json()["event"]
    assert second["supersedes_id"] == first["id"]
    assert [item["kind"] for item in staff("GET", path).get_json()["items"]] == ["randomisation", "surgery", "surgery"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"kind": "surgery", "on": "1999-01-01"}, 422, "event-too-early"),
        ({"kind": "wedding", "on": "2026-03-01"}, 422, "unknown-event"),
        ({"kind": "surgery", "on": "2026-03-01", "actual": True}, 422, "invalid"),
        ({"kind": "surgery", "on": "2026-02-30"}, 422, "invalid"),
        ({"kind": "surgery", "on": None}, 409, "conflict"),
        ({"kind": "randomisation", "on": "2026-01-11"}, 422, "invalid"),
        ({"kind": "surgery"}, 422, "invalid"),
        ([], 422, "invalid"),
    ],
    ids=[
        "too-early",
        "unknown",
        "happened-in-future",
        "no-such-day",
        "nothing-to-retract",
        "no-reason",
        "no-date",
        "list",
    ],
)
def test_what_is_refused(staff: Caller, participant: Participant, body: Any, status: int, code: str) -> None:
    path = f"/participants/{participant.id}/events"
    for query in ("", "?preview=true"):
        response = staff("POST", path + query, body)
        assert (response.status_code, code_of(response)) == (status, code)
    assert len(staff("GET", path).get_json()["items"]) == 1


def test_a_misspelt_preview_writes_nothing(staff: Caller, participant: Participant) -> None:
    path = f"/participants/{participant.id}/events"
    assert staff("POST", f"{path}?previw=true", SURGERY).status_code == 422
    assert len(staff("GET", path).get_json()["items"]) == 1

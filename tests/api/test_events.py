"""Trial events over the API: preview writes nothing, recording re-plans, history keeps everything."""

from __future__ import annotations

from typing import Any

import pytest

from pro_service.domain.participants import Participant
from tests.api.conftest import Caller, code_of
from tests.support.clock import Clock

NOBODYS = "00000000-0000-7000-8000-000000000001"
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


def test_the_difference_names_messages_and_what_stays(staff: Caller, participant: Participant) -> None:
    """A planned surgery brings its messages; moving it says which fall away and which come instead."""
    path = f"/participants/{participant.id}/events"
    brought = {one["timepoint"]: one for one in staff("POST", path, SURGERY).get_json()["changes"]}
    assert brought["before_surgery"]["messages"] == {
        "fall_away": [],
        "come_instead": [
            {"occasion": "invitation", "at": "2026-02-23T09:00:00Z"},
            {"occasion": "reminder", "at": "2026-02-26T09:00:00Z"},
            {"occasion": "reminder", "at": "2026-02-27T09:00:00Z"},
        ],
    }
    later = staff("POST", f"{path}?preview=true", {**SURGERY, "on": "2026-03-03"}).get_json()
    moved = next(one for one in later["changes"] if one["timepoint"] == "before_surgery")
    assert moved["messages"]["fall_away"][0] == {"occasion": "invitation", "at": "2026-02-23T09:00:00Z"}
    assert moved["messages"]["come_instead"][0] == {"occasion": "invitation", "at": "2026-02-24T09:00:00Z"}
    assert moved["stays"] is None


def test_what_was_submitted_stays_and_says_so(
    staff: Caller, patient: Caller, open_one: dict[str, Any], participant: Participant
) -> None:
    answers = {"answers": {"q1": 2}, "revision": 0}
    assert patient("PATCH", f"/me/assessments/{open_one['id']}/responses/qlq-c30", answers).status_code == 200
    assert patient("POST", f"/me/assessments/{open_one['id']}/submission").status_code == 200
    body = {"kind": "death", "on": "2026-01-12"}
    changes = staff("POST", f"/participants/{participant.id}/events?preview=true", body).get_json()["changes"]
    kept = [one for one in changes if one["kind"] == "kept"]
    assert [(one["timepoint"], one["stays"], one["reason"]) for one in kept] == [("baseline", "submitted", "death")]
    assert {one["stays"] for one in changes if one["kind"] == "cancel"} == {None}


def test_history_and_schedule_as_they_were_known(staff: Caller, participant: Participant, clock: Clock) -> None:
    """Every earlier value stays readable, at an instant and on a day."""
    path = f"/participants/{participant.id}"
    clock.advance(days=1)
    staff("POST", f"{path}/events", SURGERY)
    clock.advance(days=1)
    staff("POST", f"{path}/events", {**SURGERY, "on": "2026-03-09"})

    def known(query: str) -> tuple[int, str | None]:
        events = staff("GET", f"{path}/events{query}").get_json()["items"]
        items = staff("GET", f"{path}/schedule{query}").get_json()["items"]
        assert [one["timepoint"] for one in items][:3] == ["baseline", "end_of_radiotherapy", "before_surgery"]
        return len(events), items[2]["anchor_on"]

    assert known("") == (3, "2026-03-09")
    assert known("?known_on=2026-01-13") == (2, "2026-03-02")
    assert known("?known_at=2026-01-13T09:59:59%2B01:00") == (1, None)
    assert known("?known_on=2026-01-12") == (1, None)
    assert known("?known_on=9999-12-31") == (3, "2026-03-09")
    assert staff("GET", f"{path}/events?known_on=0001-01-01").get_json() == {"items": []}
    assert staff("GET", f"{path}/schedule?known_at=0001-01-01T00:00:00%2B14:00").get_json()["items"] == []


@pytest.mark.parametrize(
    "query", ["known_at=2026-01-13", "known_on=yesterday", "known_on=2026-01-13&known_at=2026-01-13T09:00:00Z"]
)
def test_what_is_no_day_or_instant(staff: Caller, participant: Participant, query: str) -> None:
    for noun in ("events", "schedule"):
        assert staff("GET", f"/participants/{participant.id}/{noun}?{query}").status_code == 422


def test_a_correction_of_what_somebody_else_corrected_meanwhile(staff: Caller, participant: Participant) -> None:
    """Two people look at one date; the second to correct it is told to look again, and nothing is written."""
    path = f"/participants/{participant.id}/events"
    seen = staff("POST", path, SURGERY).get_json()["event"]["id"]
    first = staff("POST", path, {**SURGERY, "on": "2026-03-09", "supersedes": seen})
    assert (first.status_code, first.get_json()["supersedes"]["id"]) == (201, seen)
    for query in ("", "?preview=true"):
        second = staff("POST", path + query, {**SURGERY, "on": "2026-03-10", "supersedes": seen})
        assert (second.status_code, code_of(second)) == (409, "conflict")
    assert [one["on"] for one in staff("GET", path).get_json()["items"]][1:] == ["2026-03-02", "2026-03-09"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"kind": "surgery", "on": "1999-01-01"}, 422, "event-too-early"),
        ({"kind": "surgery", "on": "2206-03-20"}, 422, "invalid"),
        (
            {"kind": "surgery", "on": "2026-03-20", "supersedes": "00000000-0000-7000-8000-000000000001"},
            409,
            "conflict",
        ),
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
        "in-2206",
        "supersedes-nothing",
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

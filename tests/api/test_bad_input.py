"""Every kind of bad input that can come over HTTP: a clear problem with a stable code, and nothing stored."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from pro_service.domain.participants import Participant
from tests.api.conftest import API, Caller, code_of

DRAFT = {"answers": {"q1": 1}, "revision": 0}


@pytest.mark.parametrize(
    ("instrument", "body", "status", "code", "field"),
    [
        ("qlq-c30", {**DRAFT, "answers": {"q1": 9}}, 422, "invalid-answer", "q1"),
        ("qlq-c30", {**DRAFT, "answers": {"q1": "often"}}, 422, "invalid-answer", "q1"),
        ("qlq-c30", {**DRAFT, "answers": {"q1": 1.5}}, 422, "invalid-answer", "q1"),
        ("qlq-c30", {**DRAFT, "answers": {"q1": 1, "q99": 1}}, 422, "unknown-item", "q99"),
        ("qlq-c30", {**DRAFT, "answers": {"q1": True}}, 422, "invalid", "answers.q1"),
        ("qlq-c30", {**DRAFT, "answers": {"q1": [1]}}, 422, "invalid", "answers.q1"),
        ("qlq-c30", {**DRAFT, "answers": {"q1": 10**20}}, 422, "invalid", "answers.q1"),
        ("qlq-c30", {**DRAFT, "answers": {f"q{n}": 1 for n in range(501)}}, 422, "invalid", "answers"),
        ("qlq-c30", {**DRAFT, "answers": [1, 2]}, 422, "invalid", "answers"),
        ("qlq-c30", {"answers": {}}, 422, "invalid", "revision"),
        ("qlq-c30", {**DRAFT, "revision": -1}, 422, "invalid", "revision"),
        ("qlq-c30", {**DRAFT, "revision": "1"}, 422, "invalid", "revision"),
        ("qlq-c30", {**DRAFT, "revision": 2**40}, 422, "invalid", "revision"),
        ("qlq-c30", {**DRAFT, "revision": 7}, 409, "stale-revision", ""),
        ("qlq-c30", {**DRAFT, "seen": {"q1": "yesterday"}}, 422, "invalid", "seen.q1"),
        ("qlq-c30", {**DRAFT, "seen": {"q1": "2026-01-12T09:00:00"}}, 422, "invalid", "seen.q1"),
        ("qlq-c30", {**DRAFT, "extra": 1}, 422, "invalid", "extra"),
        ("imcq", {**DRAFT, "answers": {"gp_visits": "3"}}, 422, "invalid-answer", "gp_visits"),
        ("imcq", {**DRAFT, "answers": {"gp_visits": 1.5}}, 422, "invalid-answer", "gp_visits"),
        ("imcq", {**DRAFT, "answers": {"gp_visits": -1}}, 422, "invalid-answer", "gp_visits"),
        (
            "imcq",
            {**DRAFT, "answers": {"gp": 1, "medication_list": "x" * 2001}},
            422,
            "invalid-answer",
            "medication_list",
        ),
        ("ipcq", {**DRAFT, "answers": {"absent_since": "2026-02-31"}}, 422, "invalid-answer", "absent_since"),
        ("ipcq", {**DRAFT, "answers": {"absent_since": "1899-12-31"}}, 422, "invalid-answer", "absent_since"),
        ("ipcq", {**DRAFT, "answers": {"absent_since": "2200-01-01"}}, 422, "invalid-answer", "absent_since"),
        ("ipcq", {**DRAFT, "answers": {"absent_since": "31-02-2026"}}, 422, "invalid-answer", "absent_since"),
        ("ipcq", {**DRAFT, "answers": {"absent_since": 20260105}}, 422, "invalid-answer", "absent_since"),
        ("atlantis", DRAFT, 404, "unknown-instrument", ""),
        ("tess-ue", DRAFT, 404, "unknown-instrument", ""),
    ],
)
def test_answers_that_cannot_be_taken(
    patient: Caller, open_one: dict[str, Any], instrument: str, body: Any, status: int, code: str, field: str
) -> None:
    path = f"/me/assessments/{open_one['id']}"
    response = patient("PATCH", f"{path}/responses/{instrument}", body)
    assert (response.status_code, code_of(response)) == (status, code)
    assert field in {problem["field"] for problem in response.get_json()["problems"]} | {""}
    if body != DRAFT and status == 422 and "answers" in body:
        submitted = patient("POST", f"{path}/submission", {"responses": {instrument: body}})
        assert (submitted.status_code, code_of(submitted)) == (422, code)
    form = patient("GET", path).get_json()
    assert form["status"] == "open"
    assert [part["answers"] for part in form["instruments"]] == [{}] * 5


def test_a_whole_number_may_be_written_with_a_point(patient: Caller, open_one: dict[str, Any]) -> None:
    """JSON has one kind of number; some writers put a point in every one."""
    path = f"/me/assessments/{open_one['id']}/responses/qlq-c30"
    answered = patient("PATCH", path, {"answers": {"q1": 2.0}, "revision": 0.0})
    assert (answered.status_code, answered.get_json()) == (200, {"answers": {"q1": 2}, "revision": 1})
    assert b"2.0" not in answered.data


@pytest.mark.parametrize(
    ("raw", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "malformed"),
        (b"", "application/json", 400, "malformed"),
        (b"\xff\xfe", "application/json", 400, "malformed"),
        (b'{"answers": {"q1": NaN}, "revision": 0}', "application/json", 400, "malformed"),
        (b'{"answers": {"q1": 1e999}, "revision": 0}', "application/json", 400, "malformed"),
        (b'{"answers": {"q1": "\\ud800"}, "revision": 0}', "application/json", 400, "malformed"),
        (b'{"answers": {"q1": "a\\u0000b"}, "revision": 0}', "application/json", 400, "malformed"),
        (b"[" * 100_000, "application/json", 400, "malformed"),
        (b"answers=1", "application/x-www-form-urlencoded", 415, "unsupported-media-type"),
        (b"{}", "text/plain", 415, "unsupported-media-type"),
        (b"null", "application/json", 422, "invalid"),
        (b"[]", "application/json", 422, "invalid"),
        (b" " * 1_100_000, "application/json", 413, "too-large"),
    ],
    ids=["cut", "empty", "not-utf8", "nan", "infinite", "surrogate", "null-character", "deep", "form", "text", "null",
         "list", "large"],
)  # fmt: skip
def test_bodies_that_are_no_json_of_ours(
    patient: Caller, open_one: dict[str, Any], raw: bytes, content_type: str, status: int, code: str
) -> None:
    response = patient.client.patch(
        f"{API}/me/assessments/{open_one['id']}/responses/qlq-c30",
        data=raw,
        content_type=content_type,
        headers={"Authorization": f"Bearer {patient.token}"},
    )
    assert (response.status_code, code_of(response)) == (status, code)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/participants/not-a-uuid", 404, "not-found"),
        ("GET", "/nowhere", 404, "not-found"),
        ("GET", "/studies/a%00b", 400, "malformed"),
        ("GET", "/studies/scopes/participants?site=%00", 400, "malformed"),
        ("GET", "/studies/scopes/participants?limit=0", 422, "invalid"),
        ("GET", "/studies/scopes/participants?limit=100000", 422, "invalid"),
        ("GET", "/studies/scopes/participants?limit=all", 422, "invalid"),
        ("GET", "/studies/scopes/participants?page=2", 422, "invalid"),
        ("DELETE", "/me", 405, "method-not-allowed"),
        ("PUT", "/studies/scopes", 405, "method-not-allowed"),
    ],
)
def test_addresses_that_lead_nowhere(
    staff: Caller, participant: Participant, method: str, path: str, status: int, code: str
) -> None:
    response = staff(method, path)
    assert (response.status_code, code_of(response)) == (status, code)
    if status == 405:
        assert "GET" in response.headers["Allow"]


def test_a_refused_submission_stores_nothing_of_any_questionnaire(patient: Caller, open_one: dict[str, Any]) -> None:
    path = f"/me/assessments/{open_one['id']}"
    good, bad = {"answers": {"q1": 1}, "revision": 0}, {"answers": {"mobility": 99}, "revision": 0}
    response = patient("POST", f"{path}/submission", {"responses": {"qlq-c30": good, "eq-5d-5l": bad}})
    assert response.status_code == 422
    form = patient("GET", path).get_json()
    assert (form["status"], form["instruments"][0]["answers"]) == ("open", {})


def test_a_problem_never_repeats_what_was_sent(patient: Caller, open_one: dict[str, Any]) -> None:
    secret = "Jo-Doe-born-in-1970"
    path = f"/me/assessments/{open_one['id']}/responses/qlq-c30"
    for answers in ({"q1": secret}, {"q1": {"name": secret}}):
        response = patient("PATCH", path, {"answers": answers, "revision": 0})
        assert response.status_code == 422
        assert secret not in json.dumps(response.get_json())


def test_errors_outside_the_api_are_pages(client: FlaskClient) -> None:
    assert client.get("/nowhere").mimetype in {"text/html", "text/plain"}

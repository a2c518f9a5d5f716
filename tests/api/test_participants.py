"""Enrolling and finding participants over the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from pro_service.domain.participants import Participant
from pro_service.domain.protocol import Study
from pro_service.runtime import Runtime
from pro_service.services import access
from tests.api.conftest import Caller, code_of
from tests.support import people


@pytest.fixture
def enrolment(scopes: Study) -> dict[str, Any]:
    """The body of an enrolment that succeeds."""
    return {
        "code": "NKI-061",
        "site": "nki",
        "arm": "short",
        "stratum": "lower_extremity",
        "language": "nl",
        "contact": {"name": "Jo Doe", "email": "jo@example.org", "phone": "+31 6 12345678", "birth_year": 1970},
        "eligibility": {each.code: "no" if each.excludes else "yes" for each in scopes.criteria},
        "consented_on": "2026-01-10",
        "events": [{"kind": "randomisation", "on": "2026-01-12"}],
    }


def test_enrolling_plans_and_says_where(staff: Caller, enrolment: dict[str, Any]) -> None:
    response = staff("POST", "/studies/scopes/participants", enrolment)
    assert response.status_code == 201
    made = response.get_json()
    assert (made["code"], made["timezone"], made["arm"]) == ("NKI-061", "Europe/Amsterdam", "short")
    assert made["enrolled_at"] == "2026-01-12T09:00:00Z"
    found = staff.client.get(response.headers["Location"], headers={"Authorization": f"Bearer {staff.token}"})
    assert found.get_json() == made
    planned = staff("GET", f"/participants/{made['id']}/assessments").get_json()["items"]
    assert planned[0]["status"] == "open"


def test_no_name_or_address_ever_comes_out(staff: Caller, enrolment: dict[str, Any]) -> None:
    made = staff("POST", "/studies/scopes/participants", enrolment)
    listed = staff("GET", "/studies/scopes/participants")
    for response in (made, listed):
        text = response.get_data(as_text=True)
        assert not [secret for secret in ("Jo Doe", "jo@example.org", "12345678") if secret in text]


def test_not_sure_parks_in_screening(staff: Caller, enrolment: dict[str, Any], scopes: Study) -> None:
    enrolment["eligibility"][scopes.criteria[0].code] = "not_sure"
    made = staff("POST", "/studies/scopes/participants", enrolment).get_json()
    assert made["enrolled_at"] is None
    assert made["open_questions"] == [scopes.criteria[0].code]
    assert staff("GET", f"/participants/{made['id']}/assessments").get_json() == {"items": []}


def test_answering_the_open_question_enrols(staff: Caller, enrolment: dict[str, Any], scopes: Study) -> None:
    open_question = scopes.criteria[0].code
    enrolment["eligibility"][open_question] = "not_sure"
    parked = staff("POST", "/studies/scopes/participants", enrolment).get_json()
    answer = {"eligibility": {open_question: "yes"}}
    made = staff("POST", f"/participants/{parked['id']}/screening", answer).get_json()
    assert (made["id"], made["open_questions"]) == (parked["id"], [])
    assert made["enrolled_at"] == "2026-01-12T09:00:00Z"
    assert staff("GET", f"/participants/{made['id']}/assessments").get_json()["items"][0]["status"] == "open"
    assert code_of(staff("POST", f"/participants/{parked['id']}/screening", answer)) == "conflict"


def test_the_list_comes_in_pages(staff: Caller, enrolled: Callable[..., Participant]) -> None:
    for _ in range(5):
        enrolled()
    codes: list[str] = []
    after: str | None = ""
    while after is not None:
        query = f"?limit=2&after={after}" if after else "?limit=2"
        page = staff("GET", f"/studies/scopes/participants{query}").get_json()
        codes += [item["code"] for item in page["items"]]
        after = page["next"]
    assert codes == [f"NKI-00{number}" for number in range(1, 6)]


@pytest.mark.parametrize(
    ("role", "site", "arm"), [("admin", "", "short"), ("coordinator", "nki", "short"), ("investigator", "nki", None)]
)
def test_only_some_roles_see_the_arm(
    client: FlaskClient, runtime: Runtime, participant: Participant, role: str, site: str, arm: str | None
) -> None:
    with runtime.work(people.everything) as w:
        key = access.create_api_key(w, label=role, role=role, scopes=["*"], study="scopes", site=site)
    caller = Caller(client, key)
    assert caller("GET", f"/participants/{participant.id}").get_json()["arm"] == arm
    assert caller("GET", "/studies/scopes/participants").get_json()["items"][0]["arm"] == arm


@pytest.mark.parametrize(
    ("change", "status", "code", "field"),
    [
        ({"arm": "middle"}, 422, "invalid", "arm"),
        ({"stratum": "head"}, 422, "invalid", "stratum"),
        ({"site": "nowhere"}, 422, "invalid", "site"),
        ({"language": "fr"}, 422, "invalid", "language"),
        ({"timezone": "Mars/Olympus"}, 422, "invalid", "timezone"),
        ({"consented_on": "2026-01-13"}, 422, "invalid", "consented_on"),
        ({"events": []}, 422, "invalid", "events.randomisation"),
        ({"events": [{"kind": "randomisation", "on": "1999-01-01"}]}, 422, "invalid", "events.randomisation"),
        ({"events": [{"kind": "wedding", "on": "2026-01-12"}]}, 422, "invalid", "events.wedding"),
        ({"eligibility": {}}, 422, "invalid", "eligibility."),
        ({"code": "NKI 061"}, 422, "invalid", "code"),
        ({"contact": {"email": "nobody"}}, 422, "invalid", "contact.email"),
        ({"shoe_size": 43}, 422, "invalid", "shoe_size"),
        ({"code": None}, 422, "invalid", "code"),
    ],
)
def test_what_keeps_somebody_out(
    staff: Caller, enrolment: dict[str, Any], change: dict[str, Any], status: int, code: str, field: str
) -> None:
    response = staff("POST", "/studies/scopes/participants", {**enrolment, **change})
    assert (response.status_code, code_of(response)) == (status, code)
    assert any(problem["field"].startswith(field) for problem in response.get_json()["problems"])
    assert staff("GET", "/studies/scopes/participants").get_json()["items"] == []


def test_a_second_enrolment_under_the_same_code(staff: Caller, enrolment: dict[str, Any]) -> None:
    assert staff("POST", "/studies/scopes/participants", enrolment).status_code == 201
    again = staff("POST", "/studies/scopes/participants", enrolment)
    assert (again.status_code, code_of(again)) == (409, "already-enrolled")


def test_an_unknown_study(staff: Caller, scopes: Study) -> None:
    assert code_of(staff("GET", "/studies/atlantis/participants")) == "unknown-study"


@pytest.mark.parametrize("after", ["!", "AAAA", "gICA", "%00"])
def test_a_cursor_we_never_made(staff: Caller, scopes: Study, after: str) -> None:
    response = staff("GET", f"/studies/scopes/participants?after={after}")
    assert response.status_code in {200, 400, 422}
    assert response.status_code == 200 or code_of(response) in {"malformed", "invalid"}

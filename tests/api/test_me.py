"""A patient's own questionnaires: read, save answer by answer, submit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from pro_service.domain.participants import Participant
from tests.api.conftest import Caller, code_of
from tests.support.clock import Clock

C30 = {f"q{number}": 2 for number in range(1, 31)}


def path(assessment: dict[str, Any], end: str = "") -> str:
    return f"/me/assessments/{assessment['id']}{end}"


def save(patient: Caller, assessment: dict[str, Any], answers: dict[str, Any], revision: int = 0) -> Any:
    return patient("PATCH", path(assessment, "/responses/qlq-c30"), {"answers": answers, "revision": revision})


def test_me(patient: Caller, participant: Participant) -> None:
    assert patient("GET", "/me").get_json() == {
        "id": str(participant.id),
        "code": "NKI-001",
        "language": "en",
        "timezone": "Europe/Amsterdam",
        "preferences": {},
    }


def test_my_assessments_in_protocol_order(patient: Caller) -> None:
    items = patient("GET", "/me/assessments").get_json()["items"]
    assert items[0]["timepoint"] == "baseline"
    assert items[0]["label"] == "Before treatment"
    assert items[0]["progress"] == {"answered": 0, "total": 91}
    assert [item["status"] for item in items].count("open") == 1


def test_the_form_speaks_my_language(
    client: FlaskClient, enrolled: Callable[..., Participant], patient_token: Callable[[Participant], str]
) -> None:
    dutch = Caller(client, patient_token(enrolled(language="nl")))
    first = dutch("GET", "/me/assessments").get_json()["items"][0]
    form = dutch("GET", path(first)).get_json()
    assert form["label"] != "Before treatment"
    assert {part["language"] for part in form["instruments"]} == {"nl"}


def test_saving_merges_items_and_repeats_harmlessly(patient: Caller, open_one: dict[str, Any]) -> None:
    first = save(patient, open_one, {"q1": 1})
    assert first.get_json()["revision"] == 1
    assert save(patient, open_one, {"q1": 1}).get_json()["revision"] == 1
    assert save(patient, open_one, {"q2": 3}).get_json()["revision"] == 2
    form = patient("GET", path(open_one)).get_json()
    part = form["instruments"][0]
    assert (part["answers"], part["revision"], part["missing"][0]) == ({"q1": 1, "q2": 3}, 2, "q3")
    assert form["status"] == "in_progress"


def test_a_stale_revision_answers_with_what_is_there(patient: Caller, open_one: dict[str, Any]) -> None:
    save(patient, open_one, {"q1": 1, "q2": 2})
    stale = save(patient, open_one, {"q1": 4, "q3": 1}, revision=0)
    assert (stale.status_code, code_of(stale)) == (409, "stale-revision")
    assert stale.get_json()["answers"] == {"q1": 1}
    assert stale.get_json()["revision"] == 1
    assert patient("GET", path(open_one)).get_json()["instruments"][0]["answers"] == {"q1": 1, "q2": 2}


def test_null_takes_an_answer_back(patient: Caller, open_one: dict[str, Any]) -> None:
    save(patient, open_one, {"q1": 1, "q2": 2})
    assert save(patient, open_one, {"q1": None}, revision=1).get_json()["answers"] == {"q2": 2}


def test_submitting_twice_answers_the_same(patient: Caller, open_one: dict[str, Any]) -> None:
    save(patient, open_one, C30)
    first = patient("POST", path(open_one, "/submission"))
    again = patient("POST", path(open_one, "/submission"))
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.get_json() == again.get_json() == {"submitted_at": "2026-01-12T09:00:00Z"}
    assert patient("GET", path(open_one)).get_json()["status"] == "submitted"


def test_one_request_stores_and_submits(patient: Caller, open_one: dict[str, Any], clock: Clock) -> None:
    seen = dict.fromkeys(C30, "2026-01-12T09:59:00+01:00")
    body = {"responses": {"qlq-c30": {"answers": C30, "revision": 0, "seen": seen}}}
    first = patient("POST", path(open_one, "/submission"), body)
    assert first.status_code == 200
    clock.advance(minutes=1)
    again = patient("POST", path(open_one, "/submission"), body)
    assert again.get_json() == first.get_json()
    part = patient("GET", path(open_one)).get_json()["instruments"][0]
    assert part["answers"] == C30


def test_answers_after_submission_are_refused(patient: Caller, open_one: dict[str, Any]) -> None:
    patient("POST", path(open_one, "/submission"))
    late = save(patient, open_one, {"q1": 1})
    assert (late.status_code, code_of(late)) == (409, "already-submitted")


CLOSED_AT = datetime(2026, 2, 2, 23, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("place", "now", "code"),
    [
        (0, CLOSED_AT - timedelta(seconds=1), ""),
        (0, CLOSED_AT, "window-closed"),
        (4, CLOSED_AT, "not-open-yet"),
        (1, CLOSED_AT, "not-open-yet"),
    ],
    ids=["baseline-last-second", "baseline-closed", "month-3-planned", "end-of-radiotherapy-waiting"],
)
def test_the_window_decides(
    client: FlaskClient,
    participant: Participant,
    patient_token: Callable[[Participant], str],
    clock: Clock,
    place: int,
    now: datetime,
    code: str,
) -> None:
    clock.set(now)
    patient = Caller(client, patient_token(participant))
    one = patient("GET", "/me/assessments").get_json()["items"][place]
    for response in (patient("POST", path(one, "/submission")), save(patient, one, {"q1": 1})):
        expected = (409, code) if code else (200, "")
        assert (response.status_code, code_of(response) if code else "") == expected
        if not code:
            break


def test_preferences_change_one_by_one(patient: Caller) -> None:
    assert patient("PATCH", "/me/preferences", {"text_size": "large"}).status_code == 200
    me = patient("PATCH", "/me/preferences", {"language": "nl", "paused_until": "2026-02-01"}).get_json()
    assert me["language"] == "nl"
    assert me["preferences"] == {"text_size": "large", "paused_until": "2026-02-01"}


def test_somebody_elses_assessment_does_not_exist(
    client: FlaskClient,
    patient: Caller,
    enrolled: Callable[..., Participant],
    patient_token: Callable[[Participant], str],
) -> None:
    other = Caller(client, patient_token(enrolled()))
    theirs = other("GET", "/me/assessments").get_json()["items"][0]
    for response in (
        patient("GET", path(theirs)),
        save(patient, theirs, {"q1": 1}),
        patient("POST", path(theirs, "/submission")),
        patient("GET", f"/me/assessments/{uuid4()}"),
    ):
        assert (response.status_code, code_of(response)) == (404, "not-found")


def test_staff_are_no_patients(staff: Caller) -> None:
    assert code_of(staff("GET", "/me")) == "forbidden"


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
def test_saves_that_arrive_in_another_order_never_undo_a_newer_one(
    patient: Caller, open_one: dict[str, Any], order: tuple[int, ...]
) -> None:
    """One phone's saves, overtaking each other: each says on which revision it was given, and one of them wins."""
    sent = [({"q1": 1, "q2": 1}, 0), ({"q1": 2, "q3": 1}, 0), ({"q1": 3}, 1)]
    taken: list[int] = []
    for which in (*order, *order):  # and all of them once more
        answer = save(patient, open_one, *sent[which])
        if answer.status_code == 200:
            taken.append(which)
        else:
            assert code_of(answer) == "stale-revision"
    last = max(set(taken), key=taken.index)
    now = patient("GET", path(open_one)).get_json()["instruments"][0]["answers"]
    assert now["q1"] == sent[last][0]["q1"]
    assert {item: now[item] for which in taken for item in sent[which][0] if item != "q1"}.items() <= now.items()

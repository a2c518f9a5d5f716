"""Webhooks over the API: the secret is shown once, addresses are guarded, who may not is told so."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from pro_service.domain import webhooks
from pro_service.domain.webhooks import EVENTS
from pro_service.runtime import Runtime
from pro_service.services import access
from tests.api.conftest import Caller, code_of
from tests.support import people

NEW: dict[str, Any] = {
    "study": "scopes",
    "url": "https://edc.example.org/pro",
    "events": ["assessment.submitted"],
    "label": "EDC",
}


@pytest.fixture
def made(staff: Caller, scopes: object) -> dict[str, Any]:
    response = staff("POST", "/webhooks", NEW)
    assert response.status_code == 201
    found: dict[str, Any] = response.get_json()
    assert response.headers["Location"] == f"/api/v1/webhooks/{found['id']}"
    return found


def test_the_secret_is_shown_once(staff: Caller, made: dict[str, Any]) -> None:
    assert made["secret"].startswith("whsec_")
    shown = staff("GET", f"/webhooks/{made['id']}").get_json()
    assert shown == {name: value for name, value in made.items() if name != "secret"}
    assert staff("GET", "/webhooks?study=scopes").get_json() == {"items": [shown]}


def test_the_receiver_in_the_guide_takes_what_is_signed_and_nothing_else(
    made: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    guide = (Path(__file__).parents[2] / "docs/how-to/use-webhooks.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    theirs: dict[str, Any] = {"__name__": "receiver"}
    exec(code.replace("whsec_...", made["secret"]), theirs)  # what people will paste
    now = datetime.now(UTC)  # the library they use looks at the real clock
    content = webhooks.body("assessment.submitted", now, {"participant": "NKI-001"})
    headers = webhooks.headers([made["secret"]], message_id="m1", at=now, content=content)
    receiver = theirs["app"].test_client()
    assert receiver.post("/pro", data=content, headers=headers).status_code == 204
    assert receiver.post("/pro", data=content, headers=headers).status_code == 204
    assert receiver.post("/pro", data=content + b" ", headers=headers).status_code == 401
    assert receiver.post("/pro", data=content).status_code == 401
    assert capsys.readouterr().out == "assessment.submitted NKI-001\n"


def test_change_disable_and_enable(staff: Caller, made: dict[str, Any]) -> None:
    path = f"/webhooks/{made['id']}"
    changed = staff("PATCH", path, {"events": list(EVENTS), "enabled": False}).get_json()
    assert (changed["enabled"], changed["disabled_because"], changed["events"]) == (False, "by-hand", list(EVENTS))
    enabled = staff("PATCH", path, {"enabled": True}).get_json()
    assert (enabled["enabled"], enabled["disabled_because"]) == (True, "")
    assert staff("PATCH", path, {}).get_json() == enabled


def test_a_new_secret_says_how_long_the_old_one_is_good(staff: Caller, made: dict[str, Any]) -> None:
    rotated = staff("POST", f"/webhooks/{made['id']}/secret", {"overlap_hours": 48})
    assert rotated.status_code == 201
    assert rotated.get_json()["secret"] != made["secret"]
    assert rotated.get_json()["previous_secret_until"] == "2026-01-14T09:00:00Z"


def test_removed_is_gone(staff: Caller, made: dict[str, Any]) -> None:
    assert staff("DELETE", f"/webhooks/{made['id']}").status_code == 204
    assert code_of(staff("DELETE", f"/webhooks/{made['id']}")) == "not-found"


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"url": "http://edc.example.org/"}, 422),
        ({"url": "https://169.254.169.254/"}, 422),
        ({"events": ["everything"]}, 422),
        ({"study": "nothing"}, 404),
        ({"secret": "whsec_mine"}, 422),
    ],
)
def test_what_cannot_be_is_refused(wrong: dict[str, Any], status: int, staff: Caller, scopes: object) -> None:
    assert staff("POST", "/webhooks", {**NEW, **wrong}).status_code == status


@pytest.mark.parametrize("scope", ["webhooks.read", "exports.*"])
def test_a_key_needs_the_scope(scope: str, client: FlaskClient, runtime: Runtime, scopes: object) -> None:
    with runtime.work(people.everything) as w:
        key = access.create_api_key(w, label="t", role="data_manager", scopes=[scope], study="scopes")
    caller = Caller(client, key)
    assert code_of(caller("POST", "/webhooks", NEW)) == "forbidden"
    assert caller("GET", "/webhooks").status_code == (200 if scope == "webhooks.read" else 403)


def test_patients_and_nobody_see_no_endpoints(patient: Caller, anybody: Caller) -> None:
    assert code_of(patient("GET", "/webhooks")) == "forbidden"
    assert code_of(anybody("GET", "/webhooks")) == "unauthenticated"

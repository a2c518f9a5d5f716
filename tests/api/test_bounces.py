"""The hook for mail that came back: a whole report, or a Message-ID; each mistake named, no address repeated."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from pro_service.domain.participants import Participant
from pro_service.runtime import Runtime
from pro_service.services import access
from tests.api.conftest import Caller, code_of
from tests.domain.test_bounces import OURS, report
from tests.support import people
from tests.support.clock import Clock
from tests.support.post import Post


@pytest.fixture
def mail_server(client: FlaskClient, runtime: Runtime) -> Caller:
    """A key that may tell of bounces, and nothing else."""
    with runtime.work(people.everything) as w:
        key = access.create_api_key(w, label="mail", role="admin", scopes=["deliveries.bounce"])
    return Caller(client, key)


def test_the_report_of_a_message_marks_its_address(
    mail_server: Caller, staff: Caller, participant: Participant, runtime: Runtime, clock: Clock
) -> None:
    Post(runtime, clock).tick()
    path = f"/participants/{participant.id}/deliveries"
    sent = staff("GET", path).get_json()["items"][0]
    text = report(message_id=f"<{sent['id']}@localhost>", recipient="rfc822;person1@example.org")
    answer = mail_server("POST", "/bounces", {"report": text})
    assert answer.get_json() == {"delivery_id": sent["id"], "outcome": "failed", "address_marked": True}
    again = mail_server("POST", "/bounces", {"message_id": f"<{sent['id']}@localhost>", "status": "5.1.1"})
    assert again.get_json() == {"delivery_id": sent["id"], "outcome": "failed", "address_marked": False}
    assert staff("GET", path).get_json()["items"][0]["outcome"] == "failed"
    assert mail_server("GET", path).status_code == 403


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "invalid"),
        ({"report": report(), "message_id": OURS}, 422, "invalid"),
        ({"report": "Subject: hello\n\nann@example.org"}, 422, "invalid"),
        ({"message_id": "nonsense ann@example.org"}, 422, "invalid"),
        ({"message_id": OURS, "status": "550"}, 422, "invalid"),
        ({"message_id": OURS}, 404, "not-found"),
    ],
)
def test_what_is_no_bounce_of_ours(mail_server: Caller, body: dict[str, Any], status: int, code: str) -> None:
    answer = mail_server("POST", "/bounces", body)
    assert (answer.status_code, code_of(answer)) == (status, code)
    assert "ann@example.org" not in answer.get_data(as_text=True)

"""One's own account over the API: which messages, in which language."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from pro_service.domain.audit import AuditEvent
from pro_service.runtime import Runtime
from pro_service.storage import access, staff
from pro_service.storage.metadata import new_id
from tests.api.conftest import Caller, code_of
from tests.support import people


@pytest.fixture
def ann(client: FlaskClient, runtime: Runtime) -> Caller:
    """A coordinator who is signed in."""
    one = new_id()
    with runtime.work(people.everything) as w:
        facts = {"email": "ann@example.org", "role": "coordinator", "study": "scopes", "site": "nki"}
        staff.add(w.session, id=one, password_hash="-", created_at=w.now, **facts)
        access.add_session(
            w.session,
            token_hash=w.keys.token_hash("ann's token"),
            staff_id=one,
            at=w.now,
            expires_at=w.now + timedelta(hours=1),
        )
        w.record(AuditEvent("staff.create", "staff", one))
    return Caller(client, "ann's token")


def test_ones_own_choices(ann: Caller) -> None:
    path = "/staff/me/preferences"
    assert ann("GET", path).get_json() == {"language": "en", "messages": "all"}
    assert ann("PATCH", path, {"language": "nl"}).get_json() == {"language": "nl", "messages": "all"}
    assert ann("PATCH", path, {"messages": "urgent"}).get_json() == {"language": "nl", "messages": "urgent"}
    assert ann("PATCH", path, {}).get_json() == ann("GET", path).get_json()


@pytest.mark.parametrize("wrong", [{"language": "fr"}, {"messages": "some"}, {"wish": "all"}])
def test_what_cannot_be_chosen(wrong: dict[str, Any], ann: Caller) -> None:
    assert ann("PATCH", "/staff/me/preferences", wrong).status_code == 422


def test_a_key_has_no_account(staff: Caller) -> None:
    assert code_of(staff("GET", "/staff/me/preferences")) == "forbidden"

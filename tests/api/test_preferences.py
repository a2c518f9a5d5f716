"""What somebody chose about messages, over the API: by themself and by staff; every refusal names its field."""

from __future__ import annotations

from typing import Any

import pytest

from pro_service.domain.participants import Participant
from tests.api.conftest import Caller, code_of


def test_staff_choose_for_a_participant_who_then_sees_it(
    staff: Caller, patient: Caller, participant: Participant
) -> None:
    path = f"/participants/{participant.id}/preferences"
    answer = staff("PATCH", path, {"reminder": "no", "paused_until": "2026-01-20", "language": "nl"})
    assert answer.get_json() == {
        "language": "nl",
        "timezone": "Europe/Amsterdam",
        "preferences": {"reminder": "no", "paused_until": "2026-01-20"},
    }
    assert staff("GET", path).get_json() == answer.get_json()
    assert patient("GET", "/me").get_json()["preferences"] == {"reminder": "no", "paused_until": "2026-01-20"}
    taken_back = patient("PATCH", "/me/preferences", {"paused_until": None, "reminder": None})
    assert taken_back.get_json()["preferences"] == {}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"channel": "pigeon"}, "channel"),
        ({"channel": "sms"}, "channel"),
        ({"paused_until": "2026-01-11"}, "paused_until"),
        ({"paused_until": "2026-12-31"}, "paused_until"),
        ({"paused_until": "tomorrow"}, "paused_until"),
        ({"quiet_from": "20:00"}, "quiet_until"),
        ({"quiet_from": "24:00", "quiet_until": "08:00"}, "quiet_from"),
        ({"reminder": True}, "reminder"),
        ({"language": "fr"}, "language"),
        ({"shoe_size": 41}, "shoe_size"),
    ],
)
def test_what_cannot_be_kept_is_named_and_nothing_is_kept(patient: Caller, body: dict[str, Any], field: str) -> None:
    answer = patient("PATCH", "/me/preferences", body)
    assert (answer.status_code, code_of(answer)) == (422, "invalid")
    assert field in str(answer.get_json())
    assert patient("GET", "/me").get_json()["preferences"] == {}

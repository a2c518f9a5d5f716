"""What somebody chose about messages, over the API: by themself and by staff; every refusal names its field."""

from __future__ import annotations

from typing import Any

import pytest

from pro_service.domain.participants import Participant
from pro_service.settings import Settings
from tests.api.conftest import Caller, code_of
from tests.support.browser_push import Browser, b64, raw


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


def test_a_push_subscription_is_for_installations_that_push(patient: Caller) -> None:
    assert patient("GET", "/me/push-subscription").get_json() == {"public_key": None, "subscribed": False}
    body = Browser("https://fcm.googleapis.com/fcm/send/x").subscription()
    assert code_of(patient("PUT", "/me/push-subscription", body)) == "conflict"


class TestWhereThereIsAKey:
    """An installation that sends push messages."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"vapid_key": b64(bytes(range(1, 33)))})

    def test_a_browser_subscribes_and_takes_it_back(self, patient: Caller) -> None:
        before = patient("GET", "/me/push-subscription").get_json()
        assert len(raw(before["public_key"])) == 65
        assert not before["subscribed"]
        assert code_of(patient("PATCH", "/me/preferences", {"channel": "webpush"})) == "invalid"
        body = {**Browser("https://fcm.googleapis.com/fcm/send/x").subscription(), "expirationTime": None}
        for _ in range(2):
            assert patient("PUT", "/me/push-subscription", body).status_code == 204
        assert patient("GET", "/me/push-subscription").get_json()["subscribed"]
        assert patient("PATCH", "/me/preferences", {"channel": "webpush"}).status_code == 200
        assert patient("DELETE", "/me/push-subscription").status_code == 204
        assert not patient("GET", "/me/push-subscription").get_json()["subscribed"]

    @pytest.mark.parametrize("endpoint", ["https://evil.test/x", "http://fcm.googleapis.com/x", "file:///etc/passwd"])
    def test_an_address_that_is_no_push_service_is_refused(self, patient: Caller, endpoint: str) -> None:
        answer = patient("PUT", "/me/push-subscription", Browser(endpoint).subscription())
        assert (answer.status_code, code_of(answer)) == (422, "invalid")
        assert "endpoint" in str(answer.get_json())
        assert endpoint not in str(answer.get_json())

"""Why a message was sent or not over the API; and what staff do about one that failed or is in doubt."""

from __future__ import annotations

from typing import Any

import pytest

from pro_service.domain.errors import ChannelError
from pro_service.domain.participants import Participant
from pro_service.runtime import Runtime
from tests.api.conftest import Caller
from tests.support.clock import Clock
from tests.support.post import Post, Provider


@pytest.fixture
def post(runtime: Runtime, clock: Clock) -> Post:
    return Post(runtime, clock)


def told(staff: Caller, participant: Participant, query: str = "") -> dict[str, Any]:
    answer: dict[str, Any] = staff("GET", f"/participants/{participant.id}/deliveries{query}").get_json()
    return answer


def test_a_day_without_a_decision_says_why(staff: Caller, participant: Participant, post: Post) -> None:
    """Failure row 7: there is an answer also where there is no row."""
    assert told(staff, participant) == {"items": [], "silence": None}
    post.tick()
    today = told(staff, participant, "?day=2026-01-12")
    assert [(one["decision"], one["outcome"]) for one in today["items"]] == [("send", "sent")]
    assert today["silence"] is None
    assert told(staff, participant, "?day=2026-01-13") == {
        "items": [],
        "silence": {
            "reason": "no message is due that day; open: baseline",
            "next_at": "2026-01-15T09:00:00Z",
            "next_timepoint": "baseline",
        },
    }


def test_one_in_doubt_is_listed_and_sent_again_once(staff: Caller, participant: Participant, post: Post) -> None:
    post.sweep()
    post.send(Provider([ChannelError("silence", uncertain=True)]).channels())
    (one,) = staff("GET", "/studies/scopes/deliveries?outcome=unknown").get_json()["items"]
    assert (one["code"], one["recipient"], len(one["attempts"])) == (participant.code, "participant", 1)
    path, body = f"/deliveries/{one['id']}/resend", {"attempts": 1, "reason": "never arrived"}
    assert staff("POST", path, {**body, "attempts": 2}).status_code == 409
    again = staff("POST", path, body)
    assert (again.status_code, again.get_json()["outcome"]) == (200, None)
    assert staff("POST", path, body).status_code == 409
    provider = Provider()
    post.send(provider.channels())
    assert len(provider.taken) == 1
    assert staff("POST", path, {**body, "attempts": 2}).status_code == 409
    assert [one["outcome"] for one in told(staff, participant)["items"]] == ["sent"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("resend", {"attempts": 0}),
        ("resend", {"attempts": -1, "reason": "x"}),
        ("resend", {"attempts": 0, "reason": ""}),
        ("settlement", {"outcome": "unknown", "reason": "x"}),
        ("settlement", {"outcome": "sent"}),
    ],
)
def test_what_is_asked_must_be_whole(
    staff: Caller, participant: Participant, post: Post, path: str, body: dict[str, object]
) -> None:
    post.sweep()
    (one,) = told(staff, participant)["items"]
    assert staff("POST", f"/deliveries/{one['id']}/{path}", body).status_code == 422


def test_only_what_failed_or_is_in_doubt_is_listed(staff: Caller, participant: Participant) -> None:
    assert staff("GET", "/studies/scopes/deliveries?outcome=sent").status_code == 422
    assert staff("GET", "/studies/scopes/deliveries?outcome=failed").get_json() == {"items": []}
    assert staff("GET", "/studies/nowhere/deliveries?outcome=failed").status_code == 404

"""Which push subscriptions are kept: only of push services we know, only with keys that can be keys."""

from __future__ import annotations

import json

import pytest

from pro_service.domain.errors import Invalid
from pro_service.domain.subscriptions import allowed, is_for, keys, read
from tests.support.browser_push import b64

HOSTS = ["fcm.googleapis.com", "*.push.services.mozilla.com"]
P256DH, AUTH = b64(b"\4" + bytes(64)), b64(bytes(16))


@pytest.mark.parametrize(
    ("endpoint", "fine"),
    [
        ("https://fcm.googleapis.com/fcm/send/abc", True),
        ("https://updates.push.services.mozilla.com/wpush/v2/abc", True),
        ("https://fcm.googleapis.com:443/x", True),
        ("https://fcm.googleapis.com:8443/x", False),
        ("http://fcm.googleapis.com/x", False),
        ("https://push.services.mozilla.com.evil.test/x", False),
        ("https://evil.test/fcm.googleapis.com", False),
        ("https://fcm.googleapis.com@evil.test/x", False),
        ("https://u:p@fcm.googleapis.com/x", False),
        ("https://169.254.169.254/latest/meta-data", False),
        ("http://127.0.0.1:5432/", False),
        ("https://fcm.googleapis.com:port/x", False),
        ("https://[::1", False),
        ("", False),
    ],
)
def test_only_push_services_we_know_are_ever_called(endpoint: str, fine: bool) -> None:
    assert allowed(endpoint, HOSTS) == fine


def test_a_subscription_is_kept_with_its_keys() -> None:
    kept = json.loads(read("https://fcm.googleapis.com/x", P256DH, AUTH, hosts=HOSTS, sender="ours"))
    assert keys(kept) == (b"\4" + bytes(64), bytes(16))
    assert is_for(kept, "ours")
    assert not is_for(kept, "another")
    del kept["sender"]  # as they were kept at first
    assert is_for(kept, "ours")


@pytest.mark.parametrize(
    ("endpoint", "p256dh", "auth", "field"),
    [
        ("https://evil.test/x", P256DH, AUTH, "endpoint"),
        ("https://fcm.googleapis.com/x", "short", AUTH, "keys.p256dh"),
        ("https://fcm.googleapis.com/x", P256DH, "\N{SNOWMAN}", "keys.auth"),
        ("https://fcm.googleapis.com/x", P256DH, "", "keys.auth"),
    ],
)
def test_what_cannot_be_a_subscription_is_named_and_not_repeated(
    endpoint: str, p256dh: str, auth: str, field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        read(endpoint, p256dh, auth, hosts=HOSTS, sender="ours")
    assert [problem.field for problem in refusal.value.problems] == [field]
    assert "evil" not in str(refusal.value)

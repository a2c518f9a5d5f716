"""Webhooks: signatures as published, what an answer means, and what Retry-After asks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook as Verifier

from pro_service.domain import webhooks
from pro_service.domain.deliveries import PAUSES, verdict
from pro_service.domain.errors import ChannelError, Invalid
from pro_service.domain.webhooks import Answer, Secrets

NOW = datetime(2026, 1, 12, 9, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_signature_is_that_of_the_published_example() -> None:
    """The test vector that the reference implementations of Standard Webhooks share."""
    made = webhooks.signature(
        SECRET, message_id="msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp=1614265330, content=b'{"test": 2432232314}'
    )
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(
    st.binary(min_size=24, max_size=64),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1),
    st.dictionaries(st.text(), st.text()),
)
def test_what_we_sign_the_published_library_accepts(random: bytes, message_id: str, data: dict[str, object]) -> None:
    at, secret = datetime.now(UTC), webhooks.secret(random)
    content = webhooks.body("assessment.opened", at, data)
    headers = webhooks.headers([secret], message_id=message_id, at=at, content=content)
    assert Verifier(secret).verify(content, headers)["data"] == data


@pytest.mark.parametrize(("after", "signs"), [(timedelta(0), 2), (timedelta(hours=24), 1), (timedelta(days=9), 1)])
def test_while_a_secret_is_changed_both_sign(after: timedelta, signs: int) -> None:
    new, old = webhooks.secret(b"n" * 32), webhooks.secret(b"o" * 32)
    signing = Secrets(new, old).signing(previous_until=NOW + timedelta(hours=24), now=NOW + after)
    at = datetime.now(UTC)
    headers = webhooks.headers(signing, message_id="m", at=at, content=b"{}")
    assert len(headers["webhook-signature"].split(" ")) == signs
    assert Verifier(new).verify("{}", headers) == {}
    if signs == 2:
        assert Verifier(old).verify("{}", headers) == {}


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_MfKQ9r8GKYqrTwjU", "whsec_***", "whsec_" + "A" * 400])
def test_what_is_no_secret_is_refused_unrepeated(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        webhooks.key(text)
    assert "MfKQ" not in str(refused.value)


def test_secrets_never_show() -> None:
    assert "whsec" not in repr(Secrets(SECRET, SECRET))


@pytest.mark.parametrize(
    ("status", "taken", "permanent"),
    [
        (200, True, False),
        (204, True, False),
        (299, True, False),
        (301, False, True),  # redirects are not followed
        (307, False, True),
        (400, False, True),
        (401, False, True),
        (404, False, True),
        (408, False, False),
        (410, False, True),
        (422, False, True),
        (425, False, False),
        (429, False, False),
        (499, False, True),
        (500, False, False),
        (503, False, False),
        (599, False, False),
        (101, False, True),
    ],
)
def test_what_an_answer_means(status: int, taken: bool, permanent: bool) -> None:
    assert (Answer(status).taken, Answer(status).permanent) == (taken, permanent)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        (" 120 ", 120),
        ("0", None),
        ("", None),
        ("-5", None),
        ("soon", None),
        ("1e3", None),
        ("²", None),
        ("999999999", 86400),  # no longer than a day
        ("99999999999999999999", None),
        ("Mon, 12 Jan 2026 09:02:00 GMT", 120),
        ("Mon, 12 Jan 2026 08:00:00 GMT", None),
        ("Mon, 12 Jan 2026 10:02:00 +0100", 120),
    ],
)
def test_how_long_retry_after_asks_to_wait(text: str, seconds: int | None) -> None:
    assert webhooks.wait(text, NOW) == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("error", "number", "outcome", "again"),
    [
        (ChannelError("503"), 1, None, PAUSES[0]),
        (ChannelError("429", retry_after=timedelta(minutes=30)), 1, None, timedelta(minutes=30)),
        (ChannelError("429", retry_after=timedelta(seconds=5)), 1, None, PAUSES[0]),  # never sooner than we would
        (ChannelError("503"), len(PAUSES) + 1, "failed", None),
        (ChannelError("429", retry_after=timedelta(minutes=30)), len(PAUSES) + 1, "failed", None),
        (ChannelError("404", permanent=True), 1, "failed", None),
        (ChannelError("410", permanent=True, gone=True), 1, "failed", None),
    ],
)
def test_what_a_failed_call_makes_of_it(
    error: ChannelError, number: int, outcome: str | None, again: timedelta | None
) -> None:
    assert verdict(error, number=number, now=NOW) == (outcome, None if again is None else NOW + again)

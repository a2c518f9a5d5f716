"""E-mail over a real SMTP server on loopback: what arrives, and what each kind of refusal means for the retry.

Guards row 4 of the known failures: a server that falls silent after the text leaves an uncertain outcome, no retry.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest

from pro_service.channels.email import send
from pro_service.domain.errors import ChannelError
from pro_service.domain.messages import Message
from pro_service.settings import Settings, from_environment
from tests.support.ports import free_port
from tests.support.postbox import Postbox, running

MESSAGE = Message(
    id="0190a5", at=datetime(2026, 1, 12, 9, tzinfo=UTC), to="someone@home.test", subject="Uw vragenlijst staat klaar",
    text="Ga naar https://x.test/l/abc\n.a line that begins with a dot\nTot ziens, café", html="<p>é</p>",
)  # fmt: skip


def at(folder: Path, smtp_url: str) -> Settings:
    variables = {"PRO_SMTP_URL": smtp_url, "PRO_MAIL_FROM": "PRO <noreply@clinic.test>", "PRO_DATA_DIR": str(folder)}
    return from_environment({"PRO_ENV": "test", **variables})


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    with running() as box:
        yield box


@pytest.fixture
def settings(postbox: Postbox, tmp_path: Path) -> Settings:
    """Settings that point at a running mail server, whose box is `postbox`."""
    return at(tmp_path, postbox.url)


def test_a_message_arrives_whole(settings: Settings, postbox: Postbox) -> None:
    receipt = send(MESSAGE, settings)
    (arrived,) = postbox.received
    assert receipt.detail == "250"
    assert postbox.recipients == ["someone@home.test"]
    assert arrived["Message-ID"] == "<0190a5@clinic.test>"
    assert arrived["From"] == "PRO <noreply@clinic.test>"
    assert arrived["Auto-Submitted"] == "auto-generated"
    plain, html = arrived.iter_parts()
    assert isinstance(plain, EmailMessage)
    assert plain.get_content().splitlines() == MESSAGE.text.splitlines()
    assert html.get_content_type() == "text/html"


@pytest.mark.parametrize(
    ("rcpt", "data", "verdict"),
    [
        pytest.param(
            "550 no such user <someone@home.test>",
            "250 OK",
            {"permanent": True, "uncertain": False},
            id="no such address",
        ),
        pytest.param("450 busy", "250 OK", {"permanent": False, "uncertain": False}, id="mailbox busy"),
        pytest.param("250 OK", "554 we think it is spam", {"permanent": True, "uncertain": False}, id="text refused"),
        pytest.param("250 OK", "451 try later", {"permanent": False, "uncertain": False}, id="text refused for now"),
        pytest.param("250 OK", None, {"permanent": False, "uncertain": True}, id="line goes dead after the text"),
    ],
)
def test_each_refusal_says_whether_to_try_again(
    settings: Settings, postbox: Postbox, rcpt: str, data: str | None, verdict: dict[str, bool]
) -> None:
    postbox.rcpt_reply, postbox.data_reply = rcpt, data
    with pytest.raises(ChannelError) as raised:
        send(MESSAGE, settings)
    assert {"permanent": raised.value.permanent, "uncertain": raised.value.uncertain} == verdict
    assert "home.test" not in str(raised.value)


@pytest.mark.parametrize(
    ("reply", "gone"),
    [
        ("550 5.1.1 no such user", True),
        ("550 5.2.1 mailbox disabled", True),
        ("550 5.7.1 we do not like you", False),
        ("552 5.2.2 mailbox full", False),
        ("550 no", False),
    ],
)
def test_only_a_mailbox_that_is_not_there_marks_the_address(
    settings: Settings, postbox: Postbox, reply: str, gone: bool
) -> None:
    postbox.rcpt_reply = reply
    with pytest.raises(ChannelError) as raised:
        send(MESSAGE, settings)
    assert (raised.value.permanent, raised.value.gone) == (True, gone)


def test_a_server_that_is_not_there_is_tried_again(tmp_path: Path) -> None:
    settings = at(tmp_path, f"smtp://127.0.0.1:{free_port()}")
    with pytest.raises(ChannelError) as raised:
        send(MESSAGE, settings)
    assert not raised.value.permanent
    assert not raised.value.uncertain


def test_nothing_is_sent_unencrypted_where_encryption_is_asked_for(settings: Settings, postbox: Postbox) -> None:
    insisting = settings.model_copy(update={"smtp_url": f"{settings.smtp_url}?starttls=yes"})
    with pytest.raises(ChannelError):
        send(MESSAGE, insisting)
    assert postbox.received == []

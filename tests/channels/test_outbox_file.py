"""The file outbox: whole files only, each message once, readable by nobody else."""

from __future__ import annotations

import email
import email.policy
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pro_service.channels import reachable
from pro_service.channels.outbox_file import send
from pro_service.domain.errors import ChannelError
from pro_service.domain.messages import Message
from pro_service.settings import Settings, from_environment

MESSAGE = Message(
    id="0190a5", at=datetime(2026, 1, 12, 9, tzinfo=UTC), to="someone@home.test", subject="Your turn",
    text="Go to https://x.test/l/abc", html="<p>Go</p>",
)  # fmt: skip


def at(folder: Path, smtp_url: str = "") -> Settings:
    return from_environment({"PRO_ENV": "test", "PRO_DATA_DIR": str(folder), "PRO_SMTP_URL": smtp_url})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return at(tmp_path)


def test_a_message_becomes_a_file_named_by_its_id(settings: Settings, tmp_path: Path) -> None:
    send(MESSAGE, settings)
    (path,) = (tmp_path / "outbox").iterdir()
    assert path.name == "0190a5.eml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with path.open("rb") as file:
        assert email.message_from_binary_file(file, policy=email.policy.default)["To"] == "someone@home.test"


def test_the_same_message_again_changes_nothing(settings: Settings, tmp_path: Path) -> None:
    send(MESSAGE, settings)
    before = (tmp_path / "outbox" / "0190a5.eml").read_bytes()
    send(replace(MESSAGE, text="another link"), settings)
    assert [path.read_bytes() for path in (tmp_path / "outbox").iterdir()] == [before]


def test_an_outbox_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("in the way")
    with pytest.raises(ChannelError) as raised:
        send(MESSAGE, at(tmp_path))
    assert not raised.value.permanent


@pytest.mark.parametrize(("smtp_url", "name"), [("", "outbox_file"), ("smtp://127.0.0.1:25", "email")])
def test_without_a_mail_server_mail_becomes_files(tmp_path: Path, smtp_url: str, name: str) -> None:
    channels = reachable(at(tmp_path, smtp_url))
    assert channels["email"].name == name
    assert channels["outbox_file"].deduplicates

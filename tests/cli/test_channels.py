"""`pro channel`: a test message through a real provider on loopback, and a report from a file."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.cli.conftest import Pro
from tests.domain.test_bounces import report
from tests.support import gateway
from tests.support.browser_push import Browser, b64
from tests.support.gateway import Gateway


@pytest.fixture
def provider() -> Iterator[Gateway]:
    with gateway.running() as running:
        yield running


@pytest.fixture
def pro(
    *,
    provider: Gateway,
    migrated_sqlite: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    shell: Pro,
) -> Pro:
    """Runs `pro channel` in an installation with every channel: status, output, complaints."""
    shutil.copyfile(migrated_sqlite, tmp_path / "pro.sqlite")
    for name, value in {
        "PRO_ENV": "test",
        "PRO_DATA_DIR": str(tmp_path),
        "PRO_SMS_URL": f"json://{provider.url.removeprefix('http://')}/sms?:to={{to}}",
        "PRO_VAPID_KEY": b64(bytes(range(1, 33))),
        "PRO_PUSH_HOSTS": "127.0.0.1",
        "PRO_MAIL_FROM": "a@clinic.test",
    }.items():
        monkeypatch.setenv(name, value)
    return partial(shell, "channel")


def test_the_channels_are_listed(pro: Pro) -> None:
    listed = "email (as outbox_file): email\noutbox_file: email\nsms: phone\nwebpush: push\n"
    assert pro("list") == (0, listed, "")


def test_a_test_message_says_nothing_of_anybody(pro: Pro, provider: Gateway, tmp_path: Path) -> None:
    status, out, _ = pro("test", "sms", "--to", "06 12345678", "--actor", "ann")
    assert (status, out.startswith("sms took it: 200")) == (0, True)
    assert json.loads(provider.received[0].body)["to"] == "+31612345678"
    assert "/l/" not in str(provider.received[0].body)
    status, out, _ = pro("test", "email", "--to", "me@example.org")
    assert (status, out.startswith("outbox_file took it")) == (0, True)
    browser = Browser(f"{provider.url}/push")
    (tmp_path / "subscription.json").write_text(json.dumps(browser.subscription()))
    provider.answers = [201]
    status, out, _ = pro("test", "webpush", "--to", str(tmp_path / "subscription.json"))
    assert (status, out.startswith("webpush took it: 201")) == (0, True)
    assert browser.opened(provider.received[1].body)["title"] == "Test message"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["pigeon", "--to", "x"], "not-found: this installation has no channel 'pigeon'; it has email"),
        (["email", "--to", "nobody"], "invalid: expected an e-mail address"),
        (["sms", "--to", "12"], "invalid: expected a telephone number"),
    ],
)
def test_what_cannot_be_tested_is_said(pro: Pro, arguments: list[str], complaint: str) -> None:
    status, out, complaints = pro("test", *arguments)
    assert (status, out) == (1, "")
    assert complaints.startswith(complaint)


def test_a_provider_that_refuses_is_a_clear_error(pro: Pro, provider: Gateway) -> None:
    provider.answers = [401]
    assert pro("test", "sms", "--to", "+31612345678") == (
        1, "", "channel-error: the text message provider answered 401\n",
    )  # fmt: skip


def test_a_report_about_a_message_of_nobody_here_is_said(pro: Pro, tmp_path: Path) -> None:
    (tmp_path / "report.eml").write_text(report())
    assert pro("bounce", str(tmp_path / "report.eml")) == (1, "", "not-found: no such delivery\n")
    (tmp_path / "report.eml").write_text("nothing")
    assert pro("bounce", str(tmp_path / "report.eml"))[2].startswith("invalid: expected a delivery report")

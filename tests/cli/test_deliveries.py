"""`pro delivery`: explain a day, list what is in doubt, send it again, settle it."""

from __future__ import annotations

import csv
import io
from functools import partial

import pytest

from pro_service.domain.errors import ChannelError
from pro_service.domain.participants import Participant
from pro_service.runtime import Runtime
from tests.cli.conftest import Pro
from tests.support.clock import Clock
from tests.support.post import Enrol, Post, Provider


@pytest.fixture
def person(enrolled: Enrol) -> Participant:
    return enrolled()


@pytest.fixture
def post(runtime: Runtime, clock: Clock) -> Post:
    return Post(runtime, clock)


@pytest.fixture
def pro(installed: Pro) -> Pro:
    """Runs `pro delivery` with these arguments on the test's database: status, output, complaints."""
    return partial(installed, "delivery")


def test_a_day_is_explained(pro: Pro, post: Post, person: Participant) -> None:
    """Failure row 7: why she got a message, or did not."""
    post.sweep()
    post.send(Provider([ChannelError("recipient refused: 450"), "250"]).channels())
    post.clock.advance(minutes=2)
    post.send(Provider().channels())
    status, out, err = pro("explain", person.code, "2026-01-12")
    lines = out.splitlines()
    assert (status, err, len(lines)) == (0, "", 3)
    assert "invitation: send (due) -> sent" in lines[0]
    assert "attempt 1" in lines[1]
    assert ", handed over 10:00:00: failed (recipient refused: 450) by email" in lines[1]
    assert "attempt 2" in lines[2]


def test_a_day_without_a_decision_is_explained(pro: Pro, person: Participant) -> None:
    status, out, _ = pro("explain", person.code, "2026-01-11")
    assert (status, out.splitlines()[0]) == (0, "nothing was decided for 2026-01-11: no window is open that day")
    assert pro("explain", "NOBODY", "2026-01-11")[0] == 1
    assert pro("explain", person.code, "yesterday")[0] == 2


def test_one_in_doubt_is_listed_rehearsed_sent_again_and_settled(pro: Pro, post: Post, person: Participant) -> None:
    post.sweep()
    post.send(Provider([ChannelError("silence", uncertain=True)]).channels())
    (row,) = csv.DictReader(io.StringIO(pro("list", "--outcome", "unknown")[1]))
    assert (row["participant"], row["attempts"], row["detail"]) == (person.code, "1", "silence")
    why = ("--reason", "never arrived", "--actor", "ann")
    assert pro("resend", row["id"], *why, "--dry-run")[:2] == (0, "it would be sent again; nothing was written\n")
    assert post.why(person) == ["send unknown"]
    assert pro("resend", row["id"], *why, "--attempts", "3")[0] == 1
    assert pro("resend", row["id"], *why, "--attempts", "1")[0] == 0
    status, _, err = pro("resend", row["id"], *why)
    assert (status, err) == (1, "conflict: this message is on its way, or was never to be sent\n")
    post.clock.advance(hours=1000)
    post.send(Provider([ChannelError("silence", uncertain=True)]).channels())
    assert pro("settle", row["id"], "--outcome", "sent", *why)[0] == 1


def test_settled(pro: Pro, post: Post, person: Participant) -> None:
    post.sweep()
    post.send(Provider([ChannelError("silence", uncertain=True)]).channels())
    (row,) = csv.DictReader(io.StringIO(pro("list", "--outcome", "unknown", "--study", "scopes")[1]))
    told = pro("settle", row["id"], "--outcome", "failed", "--reason", "no such mailbox")
    assert told == (0, "on record as failed\n", "")
    assert post.why(person) == ["send failed"]
    assert len(pro("list", "--outcome", "unknown")[1].splitlines()) == 1
    assert len(pro("list", "--outcome", "failed")[1].splitlines()) == 2

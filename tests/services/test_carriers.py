"""The seam for other recipients: a row for staff or a webhook takes the same road as one for a participant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select

from pro_service.domain.deliveries import Delivery
from pro_service.domain.errors import ChannelError
from pro_service.domain.messages import Message
from pro_service.domain.reminders import Decision, Kind
from pro_service.runtime import Runtime
from pro_service.services import deliveries
from pro_service.services.carriers import Letter, Outside, queue
from pro_service.services.work import Work
from pro_service.storage.access import staff
from pro_service.storage.audit import audit_event
from pro_service.storage.deliveries import delivery
from pro_service.storage.metadata import new_id
from tests.support import people
from tests.support.clock import Clock
from tests.support.post import TODAY, Enrol, Post, Provider


@pytest.fixture
def post(runtime: Runtime, clock: Clock) -> Post:
    return Post(runtime, clock)


def notice(post: Post, key: str = "notice:1", **facts: object) -> Delivery:
    """A message to a member of staff of whom only the id matters here."""
    somebody = new_id()
    with post.runtime.engine.begin() as connection:
        row = {"id": somebody, "email": f"{somebody}@example.org", "password_hash": "", "role": "monitor"}
        connection.execute(insert(staff), {**row, "created_at": post.clock.now})
    one = Delivery(
        id=new_id(), participant_id=None, key=key, occasion="notice", assessment_ids=(), local_day=TODAY, channel="",
        decision=Kind.SEND, reason="due", decided_at=post.clock.now, due_at=post.clock.now, recipient="staff",
        staff_id=somebody, about={"count": 3},
    )  # fmt: skip
    return replace(one, **facts)  # type: ignore[arg-type]  # the test says which


def staff_carrier(work: Work, claimed: Sequence[Delivery], outside: Outside) -> Mapping[UUID, Letter | Decision]:
    """Writes what the row is about; nothing to whom it counts nothing."""
    channel = outside.channels["email"]

    def one(delivery: Delivery) -> Letter | Decision:
        if delivery.about == {"count": 0}:
            return Decision(Kind.SUPERSEDED, "nothing to tell any more")
        text = f"{delivery.about['count']} for {delivery.staff_id}"
        message = Message(str(delivery.id), work.now, "desk@example.org", "notice", text, text)
        return Letter(channel.name, channel.deduplicates, partial(channel.send, message))

    return {delivery.id: one(delivery) for delivery in claimed}


@pytest.fixture(autouse=True)
def staff_are_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(deliveries.CARRIERS, "staff", staff_carrier)


def stored(post: Post) -> list[tuple[str, str, str | None]]:
    with post.runtime.work(people.everything) as w:
        query = select(delivery.c.recipient, delivery.c.decision, delivery.c.outcome).order_by(delivery.c.decided_at)
        return [tuple(row) for row in w.session.execute(query)]


def put(post: Post, *new: Delivery) -> int:
    with post.runtime.work(people.system) as w:
        return len(queue(w, *new))


def test_staff_and_participants_share_claims_retries_and_outcomes(post: Post, enrolled: Enrol, clock: Clock) -> None:
    enrolled()
    post.sweep()
    one = notice(post)
    put(post, one)
    provider = Provider([ChannelError("later"), ChannelError("later")])
    post.send(provider.channels())
    clock.advance(minutes=2)
    post.send(provider.channels())
    assert sorted(message.subject == "notice" for message in provider.taken) == [False, True]
    assert f"3 for {one.staff_id}" in {message.text for message in provider.taken}
    assert sorted(stored(post)) == [("participant", "send", "sent"), ("staff", "send", "sent")]


def test_a_carrier_may_decide_that_nothing_is_to_be_said(post: Post) -> None:
    put(post, notice(post, about={"count": 0}))
    assert post.send(Provider().channels()) == 1
    assert post.send(Provider().channels()) == 0
    assert stored(post) == [("staff", "superseded", None)]


def test_a_key_is_queued_once_however_often_it_is_asked(post: Post) -> None:
    one = notice(post)
    assert put(post, one, replace(one, id=new_id(), key="notice:2")) == 2
    assert put(post, replace(one, id=new_id()), replace(one, id=new_id(), key="notice:3")) == 1
    with post.runtime.work(people.everything) as w:
        actions = w.session.execute(select(audit_event.c.action).where(audit_event.c.subject_kind == "delivery"))
        assert [row.action for row in actions] == ["delivery.decide"] * 3


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"staff_id": None}, id="nobody"),
        pytest.param({"webhook_id": new_id()}, id="two"),
        pytest.param({"recipient": "webhook"}, id="another kind"),
        pytest.param({"recipient": "everyone"}, id="no such kind"),
    ],
)
def test_the_database_refuses_a_row_without_exactly_its_own_recipient(post: Post, facts: dict[str, Any]) -> None:
    one = notice(post, **facts)
    with pytest.raises(Exception, match="one_recipient"):
        put(post, one)


def test_a_message_to_come_waits_for_its_time(post: Post, clock: Clock) -> None:
    put(post, notice(post, due_at=clock.now + timedelta(minutes=5)))
    assert post.send(Provider().channels()) == 0
    clock.advance(minutes=6)
    assert post.send(Provider().channels()) == 1

"""Sending in batches: what is slow, broken, silent or late touches nothing but itself; on both databases.

The providers here fail on purpose: their failure is the point.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import func, select

from pro_service.domain.deliveries import Delivery
from pro_service.domain.errors import ChannelError
from pro_service.domain.messages import Channel, Handing, Message, Receipt
from pro_service.domain.reminders import Decision
from pro_service.runtime import Runtime
from pro_service.services import deliveries, participant_messages
from pro_service.services.carriers import Letter, Outside
from pro_service.services.work import Work
from pro_service.storage.attempts import delivery_attempt
from pro_service.storage.deliveries import delivery
from tests.support import people
from tests.support.clock import Clock
from tests.support.post import Enrol, Killed, Post, Provider, happened

SECONDS = 30


@pytest.fixture
def post(runtime: Runtime, clock: Clock) -> Post:
    return Post(runtime, clock)


def by(send: Callable[[Message], Receipt], *, deduplicates: bool = False) -> dict[str, Channel]:
    """A channel that hands each message over at once, to whatever this is."""

    def hand_over(message: Message, handing: Handing) -> Receipt:
        handing()
        return send(message)

    return {"email": Channel("email", hand_over, deduplicates)}


def outcomes(post: Post) -> dict[str | None, int]:
    with post.runtime.work(people.everything) as w:
        rows = w.session.execute(select(delivery.c.outcome, func.count()).group_by(delivery.c.outcome))
        return dict(tuple(row) for row in rows)


def send(post: Post, channels: dict[str, Channel], *, at_once: int = 1) -> int:
    return deliveries.send_due(post.open_work, channels=channels, base_url="https://pro.test", at_once=at_once)


def test_a_slow_call_holds_up_nobody_but_itself(post: Post, enrolled: Enrol) -> None:
    for _ in range(7):
        enrolled()
    post.sweep()
    others_done, taken = threading.Event(), []

    def slow_for_the_first(message: Message) -> Receipt:
        taken.append(message.id)
        if len(taken) == 1:
            assert others_done.wait(SECONDS)
        elif len(taken) == 7:
            others_done.set()
        return Receipt("250")

    assert send(post, by(slow_for_the_first), at_once=3) == 7
    assert outcomes(post) == {"sent": 7}


def test_killed_in_a_batch_only_what_was_under_way_is_in_doubt(post: Post, enrolled: Enrol, clock: Clock) -> None:
    """Failure row 4: five were claimed together, the process dies in the second call."""
    for _ in range(5):
        enrolled()
    post.sweep()
    provider = Provider()

    def dies_in_the_second(message: Message) -> Receipt:
        receipt = provider.send(message)
        if len(provider.taken) == 2:
            raise Killed
        return receipt

    with pytest.raises(Killed):
        send(post, by(dies_in_the_second))
    clock.advance(minutes=6)
    send(post, provider.channels())
    assert outcomes(post) == {"sent": 4, "unknown": 1}
    assert len({message.to for message in provider.taken}) == len(provider.taken) == 5


def test_who_withdraws_while_the_batch_waits_is_not_written_to(post: Post, enrolled: Enrol, clock: Clock) -> None:
    """Failure row 6: what was decided more than a moment ago is decided again, right before the call."""
    persons = {f"person{number}@example.org": enrolled() for number in (1, 2)}
    post.sweep()
    taken: list[str] = []

    def slow(message: Message) -> Receipt:
        taken.append(message.to)
        clock.advance(seconds=30)
        (other,) = [person for address, person in persons.items() if address != message.to]
        happened(post, other, "withdrawal", date(2026, 1, 12))
        return Receipt("250")

    send(post, by(slow))
    assert len(taken) == 1
    assert outcomes(post) == {"sent": 1, None: 1}


def test_a_batch_held_up_beyond_its_claim_is_shared_with_others(post: Post, enrolled: Enrol, clock: Clock) -> None:
    """Failure rows 5 and 20: each call has a claim of its own; what waited behind it was free, and is sent once."""
    for _ in range(4):
        enrolled()
    post.sweep()
    other, first = Provider(), Provider()
    found: list[int] = []

    def very_slow(message: Message) -> Receipt:
        clock.advance(seconds=20)  # in the second call the batch's claim has run out, that call's own has not
        found.append(send(post, other.channels()))
        return first.send(message)

    send(post, by(very_slow))
    assert found == [0, 2]
    assert (len(first.taken), len(other.taken)) == (2, 2)
    assert outcomes(post) == {"sent": 4}


def test_an_answer_that_comes_after_the_claim_ran_out_is_believed_if_it_is_a_yes(
    post: Post, enrolled: Enrol, clock: Clock
) -> None:
    """Somebody else has written the call off by then: a yes is put on record all the same, a no changes nothing."""
    for answer, expected in ((Receipt("250"), "sent"), (ChannelError("busy"), "unknown")):
        person = enrolled()
        post.sweep()

        def hangs(_: Message, answer: Receipt | ChannelError = answer) -> Receipt:
            clock.advance(minutes=6)
            send(post, Provider().channels())
            if isinstance(answer, ChannelError):
                raise answer
            return answer

        send(post, by(hangs))
        assert post.why(person) == [f"send {expected}"]


def test_a_channel_that_keeps_failing_is_left_alone_for_a_minute(post: Post, enrolled: Enrol, clock: Clock) -> None:
    for _ in range(deliveries.PATIENCE + 4):
        enrolled()
    post.sweep()
    calls: list[str] = []

    def away(message: Message) -> Receipt:
        calls.append(message.id)
        raise ChannelError("the mail server cannot be used")

    send(post, by(away))
    assert len(calls) == deliveries.PATIENCE
    clock.advance(seconds=59)
    assert send(post, by(away)) == 0
    clock.advance(seconds=1)
    provider = Provider()
    send(post, provider.channels())
    assert outcomes(post) == {"sent": deliveries.PATIENCE + 4}


SECRET = "anna@example.org"  # an address that must not show


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(
            Receipt("250 d'accord, r\xe9ception \u2603"), ("sent", "250 d'accord, r?ception ?"), id="not ASCII"
        ),
        pytest.param(Receipt(""), ("sent", ""), id="empty"),
        pytest.param(None, ("sent", ""), id="nothing at all"),
        pytest.param(Receipt("x" * 1_000_000), ("sent", "x" * 200), id="a megabyte"),
        pytest.param(Receipt("250 \x00\ud800 ok"), ("sent", "250 ? ok"), id="not a character"),
        pytest.param(Receipt(f"250 <{SECRET}> queued"), ("sent", "250 ... queued"), id="an address"),
        pytest.param(Receipt("queued for +31 6 1234 5678"), ("sent", "queued for ..."), id="a telephone number"),
        pytest.param(ChannelError(f"no {SECRET} here", permanent=True), ("failed", "no ... here"), id="refused"),
        pytest.param(RuntimeError(SECRET), ("unknown", "the channel broke: RuntimeError"), id="breaks"),
        pytest.param(UnicodeError(SECRET), ("unknown", "the channel broke: UnicodeError"), id="breaks on text"),
    ],
)
def test_nonsense_from_a_provider_has_a_clear_outcome_and_keeps_nobody_back(
    post: Post, enrolled: Enrol, capsys: pytest.CaptureFixture[str], answer: object, expected: tuple[str, str]
) -> None:
    enrolled()
    enrolled()
    post.sweep()
    calls: list[str] = []

    def nonsense(message: Message) -> Receipt:
        calls.append(message.id)
        if len(calls) > 1:
            return Receipt("fine")
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[return-value]  # nonsense, as was said

    send(post, by(nonsense))
    with post.runtime.work(people.everything) as w:
        query = select(delivery_attempt.c.outcome, delivery_attempt.c.detail, delivery_attempt.c.delivery_id)
        rows = w.session.execute(query).all()
    assert [tuple(row[:2]) for row in rows if str(row.delivery_id) == calls[0]] == [expected]
    assert [tuple(row[:2]) for row in rows if str(row.delivery_id) != calls[0]] == [("sent", "fine")]
    said = capsys.readouterr()
    assert SECRET not in said.out + said.err


def test_a_break_is_no_doubt_where_the_channel_knows_the_message_again(
    post: Post, enrolled: Enrol, clock: Clock
) -> None:
    enrolled()
    post.sweep()
    provider = Provider([RuntimeError("a fault"), ChannelError("silence", uncertain=True)])
    for _ in range(3):
        send(post, provider.channels(deduplicates=True))
        clock.advance(minutes=6)
    assert outcomes(post) == {"sent": 1}


def test_a_message_that_cannot_be_composed_fails_in_the_end_and_keeps_no_other_back(
    post: Post, enrolled: Enrol, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = enrolled()
    for _ in range(3):
        enrolled()
    post.sweep()

    def prepare(work: Work, claimed: Sequence[Delivery], outside: Outside) -> Mapping[UUID, Letter | Decision]:
        if any(one.participant_id == broken.id for one in claimed):
            raise KeyError(SECRET)
        return participant_messages.prepare(work, claimed, outside)

    monkeypatch.setitem(deliveries.CARRIERS, "participant", prepare)
    send(post, Provider().channels())
    assert outcomes(post) == {"sent": 3, None: 1}
    for _ in range(6):
        clock.advance(hours=5)
        send(post, Provider().channels())
    assert post.why(broken) == ["send failed"]
    with post.runtime.work(people.everything) as w:
        told = w.session.execute(select(delivery_attempt.c.detail).where(delivery_attempt.c.outcome == "failed"))
        assert set(told.scalars()) == {"could not be composed: KeyError"}


def test_many_workers_with_many_calls_each_send_every_message_once(post: Post, enrolled: Enrol) -> None:
    """Failure rows 2 and 3: four senders on the same queue, woken twice each."""
    for _ in range(20):
        enrolled()
    post.sweep()
    provider, failed = Provider(), list[Exception]()

    def work_hard() -> None:
        try:
            for _ in range(2):
                send(post, provider.channels(), at_once=3)
        except Exception as error:  # a thread would keep it to itself
            failed.append(error)

    threads = [threading.Thread(target=work_hard) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len({message.to for message in provider.taken}) == len(provider.taken) == 20
    assert outcomes(post) == {"sent": 20}

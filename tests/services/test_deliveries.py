"""Sending: retries, deaths in mid-send, many senders at once, and what is never stored; on both databases.

Guards rows 2, 4, 5, 7 and 20 of the known failures. The provider answers from a script: its failure is the point.
"""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from threading import Thread

import pytest
from sqlalchemy import select

from pro_service.domain.audit import Actor
from pro_service.domain.errors import ChannelError, Forbidden
from pro_service.domain.messages import Channel, Handing, Message, Receipt
from pro_service.domain.participants import Contact
from pro_service.runtime import Runtime
from pro_service.services import calls, deliveries, explanations
from pro_service.services.work import Work
from pro_service.storage.attempts import delivery_attempt
from pro_service.storage.audit import audit_event
from pro_service.storage.deliveries import delivery
from tests.support import people
from tests.support.clock import Clock
from tests.support.post import (
    TODAY,
    Enrol,
    Killed,
    Post,
    Provider,
)


@pytest.fixture
def post(runtime: Runtime, clock: Clock) -> Post:
    return Post(runtime, clock)


TEMPORARY = ChannelError("recipient refused: 450")
PERMANENT = ChannelError("recipient refused: 550", permanent=True)
SILENT = ChannelError("no answer to the text", uncertain=True)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        pytest.param([], ("sent", ["sent"]), id="taken"),
        pytest.param([TEMPORARY, TEMPORARY], ("sent", ["failed", "failed", "sent"]), id="busy, then taken"),
        pytest.param([PERMANENT], ("failed", ["failed"]), id="no such address"),
        pytest.param([SILENT], ("unknown", ["unknown"]), id="silence after the text"),
        pytest.param([TEMPORARY] * 9, ("failed", ["failed"] * 6), id="never taken"),
    ],
)
def test_an_answer_decides_whether_it_is_tried_again(
    post: Post, enrolled: Enrol, clock: Clock, answers: list[Exception | str], expected: tuple[str, list[str]]
) -> None:
    person, provider = enrolled(), Provider(list(answers))
    post.sweep()
    for _ in range(10):
        post.send(provider.channels())
        clock.advance(hours=1)
    with post.runtime.work(people.everything) as w:
        (one,) = explanations.explain(w, participant_id=person.id, day=TODAY)
    assert (one.delivery.outcome, [attempt.outcome for attempt in one.attempts]) == expected
    assert len({message.id for message in provider.taken} | {str(one.delivery.id)}) == 1


def tried(post: Post) -> list[tuple[str | None, str]]:
    """How each attempt ended, and what was said."""
    with post.runtime.work(people.everything) as w:
        query = select(delivery_attempt.c.outcome, delivery_attempt.c.detail).order_by(delivery_attempt.c.number)
        return [tuple(row) for row in w.session.execute(query)]


def kill_during_send(post: Post, provider: Provider, *, deduplicates: bool, taken: bool, handed: bool = True) -> None:
    """The process dies between the provider's yes (or before it) and the record; or before anything is handed over."""

    def send(message: Message, handing: Handing) -> Receipt:
        if handed:
            handing()
        if taken:
            provider.send(message)
        raise Killed

    with pytest.raises(Killed):
        post.send({"email": Channel("email", send, deduplicates)})


def test_killed_before_the_outcome_is_on_record_it_is_never_sent_again(
    post: Post, enrolled: Enrol, clock: Clock
) -> None:
    """Row 4, for a channel that cannot tell a repetition."""
    person, provider = enrolled(), Provider()
    post.sweep()
    kill_during_send(post, provider, deduplicates=False, taken=True)
    for _ in range(5):
        clock.advance(minutes=4)
        post.send(provider.channels())
        post.sweep()
    assert len(provider.taken) == 1
    assert post.why(person) == ["send unknown"]


CUT_SHORT = ("failed", "cut short before it was handed over")


def test_killed_before_anything_was_handed_over_it_is_simply_sent(post: Post, enrolled: Enrol, clock: Clock) -> None:
    """Row 4, its other half: doubt only where there is some. The claim has to run out, and nothing else."""
    person, provider = enrolled(), Provider()
    post.sweep()
    kill_during_send(post, provider, deduplicates=False, taken=False, handed=False)
    clock.advance(minutes=4)
    assert post.send(provider.channels()) == 0
    clock.advance(minutes=2)
    post.send(provider.channels())
    assert len(provider.taken) == 1
    assert post.why(person) == ["send sent"]
    assert tried(post) == [CUT_SHORT, ("sent", "250")]


def test_who_always_dies_before_handing_over_ends_as_a_failure(post: Post, enrolled: Enrol, clock: Clock) -> None:
    person = enrolled()
    post.sweep()
    for _ in range(6):
        kill_during_send(post, Provider(), deduplicates=False, taken=False, handed=False)
        clock.advance(minutes=6)
    provider = Provider()
    post.send(provider.channels())
    assert (provider.taken, post.why(person)) == ([], ["send failed"])
    assert tried(post) == [CUT_SHORT] * 6


def test_who_stood_still_beyond_the_claim_hands_over_no_more(post: Post, enrolled: Enrol, clock: Clock) -> None:
    """Rows 4 and 5: frozen while it connected; another has given the attempt up and sent; thawed, it is refused."""
    person, other = enrolled(), Provider()
    post.sweep()
    handed: list[str] = []

    def send(message: Message, handing: Handing) -> Receipt:
        clock.advance(minutes=6)
        assert post.send(other.channels()) == 1
        handing()
        handed.append(message.id)
        return Receipt("250")

    post.send({"email": Channel("email", send, deduplicates=False)})
    assert (len(other.taken), handed, post.why(person)) == (1, [], ["send sent"])
    assert tried(post) == [("failed", calls.TAKEN_OVER), ("sent", "250")]


def test_a_channel_that_breaks_before_it_hands_over_leaves_no_doubt(post: Post, enrolled: Enrol, clock: Clock) -> None:
    person, provider = enrolled(), Provider()
    post.sweep()

    def send(_message: Message, _handing: Handing) -> Receipt:
        raise RuntimeError("a fault of the channel")

    post.send({"email": Channel("email", send, deduplicates=False)})
    clock.advance(minutes=2)
    post.send(provider.channels())
    assert (len(provider.taken), post.why(person)) == (1, ["send sent"])


def test_the_mark_is_on_disk_before_the_text_leaves(post: Post, enrolled: Enrol) -> None:
    """Row 4: what another process would find, were this one killed a moment later."""
    enrolled()
    post.sweep()
    seen: list[bool] = []

    def send(_message: Message, handing: Handing) -> Receipt:
        for steps in range(3):
            for _ in range(steps):
                handing()
            with post.runtime.work(people.everything, writes=False) as w:
                (at,) = w.session.execute(select(delivery_attempt.c.handed_at)).scalars()
            seen.append(at is not None)
        return Receipt("250")

    post.send({"email": Channel("email", send, deduplicates=False)})
    assert seen == [False, True, True]


def test_killed_in_a_channel_that_recognises_the_id_it_is_tried_again(
    post: Post, enrolled: Enrol, clock: Clock
) -> None:
    person, provider = enrolled(), Provider()
    post.sweep()
    kill_during_send(post, provider, deduplicates=True, taken=False)
    clock.advance(minutes=6)
    post.send(provider.channels(deduplicates=True))
    assert len(provider.taken) == 1
    assert post.why(person) == ["send sent"]


def test_while_one_sender_is_at_it_another_finds_nothing(post: Post, enrolled: Enrol) -> None:
    """Rows 5 and 20: claiming and marking are one statement; no transaction is open while the channel is called."""
    enrolled()
    post.sweep()
    second: list[int] = []

    def send(message: Message, handing: Handing) -> Receipt:
        handing()
        second.append(post.send(Provider().channels()))
        return Receipt("250")

    post.send({"email": Channel("email", send, deduplicates=False)})
    assert second == [0]


def test_many_workers_share_the_work_and_send_each_message_once(post: Post, enrolled: Enrol) -> None:
    """Row 2: any number of schedulers and workers, all at once."""
    for _ in range(12):
        enrolled()
    provider, failed = Provider(), list[Exception]()

    def work_hard() -> None:
        try:
            while post.sweep() or post.send(provider.channels()):
                pass
        except Exception as error:  # a thread would keep it to itself
            failed.append(error)

    threads = [Thread(target=work_hard) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    post.send(provider.channels())
    assert failed == []
    assert len({message.to for message in provider.taken}) == len(provider.taken) == 12


def test_one_message_that_cannot_be_handled_keeps_no_other_back(post: Post, enrolled: Enrol) -> None:
    for _ in range(3):
        enrolled()
    post.sweep()
    provider = Provider([RuntimeError("a fault of ours")])
    post.send(provider.channels())
    assert len(provider.taken) == 2


def test_a_claim_that_ran_out_is_not_used_any_more(post: Post, enrolled: Enrol, clock: Clock) -> None:
    """A process that was stopped for longer than its claim finds that somebody else took over."""
    enrolled()
    post.sweep()
    provider = Provider()
    opened = 0

    def slow_work() -> AbstractContextManager[Work]:
        nonlocal opened
        opened += 1
        if opened == 2:  # claimed; now the process sleeps, and another one does the work
            clock.advance(minutes=6)
            assert post.send(provider.channels()) == 1
        return post.open_work()

    deliveries.send_due(slow_work, channels=provider.channels(), base_url="https://pro.test")
    assert len(provider.taken) == 1


def test_neither_address_nor_link_is_stored_with_a_delivery(post: Post, enrolled: Enrol) -> None:
    enrolled(contact=Contact(email="very.secret@example.org"))
    post.tick()
    link = re.search(r"/l/(\S+)", post.mails()[0])
    assert link is not None
    with post.runtime.work(people.everything) as w:
        rows = [
            *w.session.execute(select(delivery)),
            *w.session.execute(select(delivery_attempt)),
            *w.session.execute(select(audit_event)),
        ]
    assert "very.secret" not in str(rows)
    assert link[1] not in str(rows)


@pytest.mark.parametrize("actor", [people.nobody, people.patient("someone else")])
def test_only_who_may_read_deliveries_is_told(post: Post, enrolled: Enrol, actor: Actor) -> None:
    person = enrolled()
    with post.runtime.work(actor) as w, pytest.raises(Forbidden):
        explanations.explain(w, participant_id=person.id, day=TODAY)

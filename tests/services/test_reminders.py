"""From what is due to what arrives: decisions, bundling, sending, retrying, explaining; on both databases.

Guards rows 2 to 8, 12, 20, 25 and 26 of the known failures. The channel is the real file outbox, or, where a provider's
failure is the point, one that answers from a script.
"""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import event, select

from pro_service.domain.audit import Actor
from pro_service.domain.deliveries import Explanation
from pro_service.domain.errors import ChannelError, Forbidden, LinkExpired
from pro_service.domain.messages import Channel, Message, Receipt
from pro_service.domain.participants import Contact, Participant
from pro_service.runtime import Runtime
from pro_service.services import access, assessments, deliveries, events, participants, reminders, responses
from pro_service.services.work import Work
from pro_service.storage.audit import audit_event
from pro_service.storage.deliveries import delivery, delivery_attempt
from tests.support import people
from tests.support.clock import Clock

Enrol = Callable[..., Participant]
TODAY = date(2026, 1, 12)
MONDAY = date(2026, 2, 16)


@dataclass
class Provider:
    """A channel that answers from a script: an error is raised, anything else is a yes."""

    answers: list[Exception | str] = field(default_factory=list)
    taken: list[Message] = field(default_factory=list)

    def send(self, message: Message) -> Receipt:
        answer = self.answers.pop(0) if self.answers else "250"
        if isinstance(answer, Exception):
            raise answer
        self.taken.append(message)
        return Receipt(answer)

    def channels(self, *, deduplicates: bool = False) -> dict[str, Channel]:
        return {"email": Channel("email", self.send, deduplicates)}


class Killed(BaseException):
    """The process dies here: nothing may catch it."""


@dataclass
class Post:
    """Sweeps and sends on the test's clock, and reads the outbox."""

    runtime: Runtime
    clock: Clock

    def __post_init__(self) -> None:
        self.open_work = partial(self.runtime.work, people.system)

    def sweep(self) -> int:
        return reminders.sweep(self.open_work)

    def send(self, channels: dict[str, Channel] | None = None) -> int:
        return deliveries.send_due(
            self.open_work, channels=channels or self.runtime.channels, base_url="https://pro.test"
        )

    def tick(self) -> int:
        self.sweep()
        return self.send()

    def until(self, day: str, hour: int = 9) -> None:
        """Tick four times a day until that day, the first time at the hour it is now."""
        end = datetime.fromisoformat(f"{day}T{hour:02}:00+00:00")
        while self.clock.now < end:
            self.clock.advance(hours=6)
            self.tick()

    @property
    def outbox(self) -> list[str]:
        """When each message arrived, in the order of their dates: `01-12 10:00`."""
        return sorted(f"{sent:%m-%d %H:%M}" for sent in self.sent_at())

    def sent_at(self) -> list[datetime]:
        with self.runtime.work(people.everything) as w:
            rows = w.session.execute(select(delivery.c.sent_at).where(delivery.c.outcome == "sent"))
            return [row.sent_at for row in rows]

    def mails(self) -> list[str]:
        """The text of every message in the outbox."""
        paths = sorted(Path(self.runtime.settings.data_dir / "outbox").glob("*.eml"))
        parsed = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in paths]
        return [str(body.get_content()) for one in parsed if (body := one.get_body(("plain",))) is not None]

    def why(self, participant: Participant, day: date = TODAY) -> list[str]:
        """What was decided of a day, and the outcome where there is one."""
        with self.runtime.work(people.everything) as w:
            found: Sequence[Explanation] = deliveries.explain(w, participant_id=participant.id, day=day)
        return [" ".join(filter(None, (str(one.delivery.decision), one.delivery.outcome))) for one in found]


@pytest.fixture
def post(runtime: Runtime, clock: Clock) -> Post:
    return Post(runtime, clock)


def submit(post: Post, participant: Participant, timepoint: str) -> None:
    with post.runtime.work(people.patient(participant.id)) as w:
        views = assessments.listing(w, participant_id=participant.id)
        (one,) = [view.assessment for view in views if view.assessment.timepoint == timepoint]
        responses.submit(w, assessment_id=one.id)


def happened(post: Post, participant: Participant, kind: str, on: date, *, actual: bool = True) -> None:
    with post.runtime.work(people.everything) as w:
        events.record(w, participant_id=participant.id, kind=kind, on=on, actual=actual)


planned = partial(happened, actual=False)


def after_radiotherapy(post: Post, enrolled: Enrol, clock: Clock) -> Participant:
    """Somebody whose radiotherapy ended on Friday 13 February, on the Monday after, with baseline submitted."""
    person = enrolled()
    submit(post, person, "baseline")
    clock.set(datetime(2026, 2, 16, 9, 0, tzinfo=UTC))
    happened(post, person, "radiotherapy_start", date(2026, 1, 26))
    happened(post, person, "radiotherapy_end", date(2026, 2, 13))
    return person


def test_invitation_and_reminders_arrive_on_their_days_until_the_window_closes(post: Post, enrolled: Enrol) -> None:
    enrolled()
    post.tick()
    post.until("2026-02-20")
    assert post.outbox == ["01-12 09:00", "01-15 09:00", "01-19 09:00", "01-31 09:00"]


def test_doubled_ticks_decide_and_send_nothing_twice(post: Post, enrolled: Enrol) -> None:
    """Rows 2 and 3: two schedulers, replayed wake-ups."""
    enrolled()
    for _ in range(3):
        post.tick()
    assert len(post.mails()) == 1


def test_nothing_is_said_after_submission(post: Post, enrolled: Enrol) -> None:
    person = enrolled()
    post.tick()
    submit(post, person, "baseline")
    post.until("2026-03-01")
    assert post.outbox == ["01-12 09:00"]


@pytest.mark.parametrize(("kind", "decision"), [("withdrawal", "withdrawn"), ("death", "died")])
def test_a_decided_message_is_stopped_by_what_happened_meanwhile(
    post: Post, enrolled: Enrol, kind: str, decision: str
) -> None:
    """Row 6: the same decision is asked again right before sending."""
    person = enrolled()
    post.sweep()
    happened(post, person, kind, TODAY)
    post.send()
    post.until("2026-03-01")
    assert post.mails() == []
    assert post.why(person) == [decision]


def test_a_submission_between_decision_and_sending_stops_the_message(post: Post, enrolled: Enrol) -> None:
    person = enrolled()
    post.sweep()
    submit(post, person, "baseline")
    post.send()
    assert (post.mails(), post.why(person)) == ([], ["submitted"])


@pytest.mark.parametrize(
    ("preferences", "contact", "decision"),
    [
        ({"channel": "none"}, Contact(email="a@example.org"), "opted_out"),
        ({}, Contact(name="No Address"), "unreachable"),
    ],
)
def test_who_cannot_or_will_not_be_reached_is_left_alone_and_it_is_on_record(
    post: Post, enrolled: Enrol, preferences: dict[str, str], contact: Contact, decision: str
) -> None:
    person = enrolled(contact=contact)
    with post.runtime.work(people.everything) as w:
        participants.prefer(w, participant_id=person.id, **preferences)
    post.tick()
    assert (post.mails(), post.why(person)) == ([], [decision])


def test_late_work_waits_for_the_morning(post: Post, enrolled: Enrol, clock: Clock) -> None:
    """The workers were down until 22:30 local: the message waits until 08:00, and that day's is bundled or skipped."""
    person = enrolled()
    clock.set(datetime(2026, 1, 12, 21, 30, tzinfo=UTC))
    post.tick()
    assert (post.mails(), post.why(person)) == ([], ["quiet_hours"])
    clock.set(datetime(2026, 1, 13, 7, 0, tzinfo=UTC))
    post.tick()
    assert post.outbox == ["01-13 07:00"]


def test_quiet_hours_hold_between_decision_and_sending_too(post: Post, enrolled: Enrol, clock: Clock) -> None:
    person = enrolled()
    post.sweep()
    clock.set(datetime(2026, 1, 12, 20, 30, tzinfo=UTC))
    post.send()
    assert (post.mails(), post.why(person)) == ([], ["quiet_hours"])
    clock.set(datetime(2026, 1, 13, 7, 0, tzinfo=UTC))
    post.send()
    assert post.outbox == ["01-13 07:00"]


def test_after_a_long_silence_only_the_newest_is_sent(post: Post, enrolled: Enrol, clock: Clock) -> None:
    person = enrolled()
    clock.set(datetime(2026, 1, 20, 12, 0, tzinfo=UTC))
    post.tick()
    assert len(post.mails()) == 1
    assert [post.why(person, date(2026, 1, day)) for day in (12, 15, 20)] == [
        ["superseded"],
        ["superseded"],
        ["send sent"],
    ]


def test_two_forms_due_together_arrive_as_one_message(post: Post, enrolled: Enrol, clock: Clock) -> None:
    """Row 12: radiotherapy is over and surgery follows soon: two windows, one message, one link for both."""
    person = after_radiotherapy(post, enrolled, clock)
    planned(post, person, "surgery", date(2026, 2, 23))
    post.tick()
    (text,) = post.mails()
    assert "waiting for you: 2" in text
    assert sorted(post.why(person, MONDAY)) == ["bundled", "send sent"]


def test_what_falls_due_while_a_message_waits_goes_into_it(post: Post, enrolled: Enrol, clock: Clock) -> None:
    person = after_radiotherapy(post, enrolled, clock)
    post.sweep()
    planned(post, person, "surgery", date(2026, 2, 23))
    post.tick()
    (text,) = post.mails()
    assert "waiting for you: 2" in text
    assert post.why(person, MONDAY) == ["send sent", "bundled"]


def test_a_second_message_on_the_same_day_waits_for_tomorrow(post: Post, enrolled: Enrol, clock: Clock) -> None:
    person = after_radiotherapy(post, enrolled, clock)
    post.tick()
    planned(post, person, "surgery", date(2026, 2, 23))
    post.tick()
    assert "daily_limit" in post.why(person, MONDAY)
    assert len(post.mails()) == 1
    post.until("2026-02-17")
    assert post.outbox == ["02-16 09:00", "02-17 09:00"]


def test_replanning_does_not_send_old_messages_again(post: Post, enrolled: Enrol, clock: Clock) -> None:
    """Row 8: the window's end moves after the invitation went out."""
    person = enrolled()
    post.tick()
    clock.advance(hours=3)
    happened(post, person, "radiotherapy_start", TODAY)
    with post.runtime.work(people.everything) as w:
        events.record(
            w, participant_id=person.id, kind="radiotherapy_start", on=None, reason="entered for the wrong person"
        )
    post.tick()
    post.until("2026-01-14")
    assert len(post.mails()) == 1


def test_a_message_speaks_the_person_s_language_and_opens_their_form(post: Post, enrolled: Enrol) -> None:
    """Rows 25 and 26: composed when sent; the link lives until the work is done."""
    person = enrolled(language="nl")
    post.tick()
    (text,) = post.mails()
    assert "Goedendag" in text
    assert "2 februari 2026" in text
    link = re.search(r"https://pro\.test/l/(\S+)", text)
    assert link is not None
    with post.runtime.work(people.system) as w:
        assert access.link_state(w, token=link[1]) == "usable"
        assert access.sign_in_with_link(w, token=link[1]).participant_id == person.id
    submit(post, person, "baseline")
    with post.runtime.work(people.system) as w, pytest.raises(LinkExpired):
        access.sign_in_with_link(w, token=link[1])


def test_composed_when_sent_not_when_decided(post: Post, enrolled: Enrol) -> None:
    """Row 26: between the two the window's end was moved."""
    person = enrolled()
    post.sweep()
    with post.runtime.work(people.everything) as w:
        events.record(w, participant_id=person.id, kind="radiotherapy_start", on=date(2026, 1, 26), actual=False)
    post.send()
    assert "26 January 2026" in post.mails()[0]


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
        (one,) = deliveries.explain(w, participant_id=person.id, day=TODAY)
    assert (one.delivery.outcome, [attempt.outcome for attempt in one.attempts]) == expected
    assert len({message.id for message in provider.taken} | {str(one.delivery.id)}) == 1


def kill_during_send(post: Post, provider: Provider, *, deduplicates: bool, taken: bool) -> None:
    """The process dies between the provider's yes (or before it) and the record."""

    def send(message: Message) -> Receipt:
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

    def send(message: Message) -> Receipt:
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
        deliveries.explain(w, participant_id=person.id, day=TODAY)


def test_a_sweep_asks_as_many_questions_for_many_people_as_for_two(post: Post, enrolled: Enrol) -> None:
    """No query in a loop: the number of statements does not grow with the number of people."""
    asked: list[str] = []
    event.listen(post.runtime.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    counts = []
    for number in (2, 9):
        for _ in range(number):
            enrolled()
        asked.clear()
        assert post.sweep() == number
        counts.append(len(asked))
    assert counts[0] == counts[1]

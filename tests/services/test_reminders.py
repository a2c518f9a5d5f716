"""What is decided about messages, and what of it arrives: days, bundling, stop conditions; on both databases.

Guards rows 2, 3, 6, 7, 8, 12, 25 and 26 of the known failures. The channel is the real file outbox.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import event

from pro_service.domain.errors import LinkExpired
from pro_service.domain.participants import Contact
from pro_service.runtime import Runtime
from pro_service.services import access, events
from pro_service.services.preferences import change as choose
from tests.support import people
from tests.support.clock import Clock
from tests.support.post import (
    MONDAY,
    TODAY,
    Enrol,
    Post,
    after_radiotherapy,
    happened,
    planned,
    submit,
)


@pytest.fixture
def post(runtime: Runtime, clock: Clock) -> Post:
    return Post(runtime, clock)


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
        ({"invitation": "no"}, Contact(email="a@example.org"), "opted_out"),
        ({}, Contact(name="No Address"), "unreachable"),
    ],
)
def test_who_cannot_or_will_not_be_reached_is_left_alone_and_it_is_on_record(
    post: Post, enrolled: Enrol, preferences: dict[str, str], contact: Contact, decision: str
) -> None:
    person = enrolled(contact=contact)
    with post.runtime.work(people.everything) as w:
        choose(w, participant_id=person.id, channels=post.runtime.channels, choices=preferences)
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

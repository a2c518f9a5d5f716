"""Channels as people meet them: the chosen one, the one that stands in for it, an address that has proved wrong.

Real channels against real servers on loopback; the engine, on both databases. Guards row 6 of the known failures.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import select

from pro_service.channels import reachable
from pro_service.domain.messages import Channel
from pro_service.domain.participants import Contact, Participant
from pro_service.runtime import Runtime
from pro_service.services import access, contacts, preferences
from pro_service.storage.audit import audit_event
from tests.support import gateway, people
from tests.support.browser_push import Browser, b64
from tests.support.clock import Clock
from tests.support.gateway import Gateway
from tests.support.post import TODAY, Enrol, Post


@pytest.fixture
def post(runtime: Runtime, clock: Clock) -> Post:
    return Post(runtime, clock)


@pytest.fixture
def outside() -> Iterator[Gateway]:
    with gateway.running() as running:
        yield running


@pytest.fixture
def channels(runtime: Runtime, outside: Gateway) -> dict[str, Channel]:
    """Mail as files, text messages and push messages to the gateway."""
    more = {
        "sms_url": f"json://{outside.url.removeprefix('http://')}/sms?:to={{to}}",
        "vapid_key": b64(bytes(range(1, 33))),
        "push_hosts": "127.0.0.1",
    }
    return reachable(runtime.settings.model_copy(update=more))


def chooses(post: Post, person: Participant, channels: dict[str, Channel], channel: str) -> None:
    with post.runtime.work(people.patient(person.id)) as w:
        preferences.change(w, participant_id=person.id, channels=channels, choices={"channel": channel})


def subscribes(post: Post, person: Participant, browser: Browser) -> None:
    with post.runtime.work(people.patient(person.id)) as w:
        contacts.subscribe(w, participant_id=person.id, subscription=json.dumps(browser.subscription()))


def contact_of(post: Post, person: Participant) -> Contact:
    with post.runtime.work(people.everything, writes=False) as w:
        return contacts.read(w, participant_id=person.id)


def test_a_text_message_carries_the_short_words_and_the_link(
    post: Post, enrolled: Enrol, channels: dict[str, Channel], outside: Gateway
) -> None:
    person = enrolled(contact=Contact(email="a@example.org", phone="06 12345678"), language="nl")
    chooses(post, person, channels, "sms")
    post.sweep()
    post.send(channels)
    (request,) = outside.received
    body = json.loads(request.body)
    assert body["to"] == "+31612345678"
    assert "https://pro.test/l/" in body["message"]
    assert len(body["message"]) <= 160
    assert post.why(person) == ["send sent"]
    assert post.mails() == []


def test_a_subscription_that_is_gone_is_taken_away_and_mail_stands_in(
    post: Post, enrolled: Enrol, channels: dict[str, Channel], outside: Gateway, clock: Clock
) -> None:
    person, browser = enrolled(), Browser(f"{outside.url}/push")
    subscribes(post, person, browser)
    chooses(post, person, channels, "webpush")
    outside.answers = [410]
    post.sweep()
    post.send(channels)
    assert contact_of(post, person) == Contact(name="Test Person", email="person1@example.org")
    clock.advance(minutes=2)
    post.send(channels)
    assert len(outside.received) == 1
    assert (len(post.mails()), post.why(person)) == (1, ["send sent"])
    with post.runtime.work(people.everything, writes=False) as w:
        changes = w.session.execute(select(audit_event.c.changes).where(audit_event.c.action == "contact.unreachable"))
        assert changes.scalars().all() == [{"push": ["set", None]}]


def test_a_stolen_phone_is_sent_nothing_more(
    post: Post, enrolled: Enrol, channels: dict[str, Channel], outside: Gateway
) -> None:
    """The next message would let whoever has it in again."""
    person = enrolled()
    subscribes(post, person, Browser(f"{outside.url}/push"))
    chooses(post, person, channels, "webpush")
    with post.runtime.work(people.coordinator_nki) as w:
        access.revoke_all(w, participant_id=person.id, reason="the phone was stolen")
    post.sweep()
    post.send(channels)
    assert (outside.received, len(post.mails()), post.why(person)) == ([], 1, ["send sent"])


def test_a_subscription_replaced_meanwhile_is_not_taken_away(
    post: Post, enrolled: Enrol, channels: dict[str, Channel], outside: Gateway
) -> None:
    person = enrolled()
    old, new = Browser(f"{outside.url}/old"), Browser(f"{outside.url}/new")
    subscribes(post, person, new)
    with post.runtime.work(people.system) as w:
        marked = contacts.mark_unreachable(
            w, participant_id=person.id, field="push", address=json.dumps(old.subscription()), reason="410"
        )
    assert not marked
    assert contact_of(post, person).push is not None


def test_what_a_push_message_says_is_opened_by_the_browser_alone(
    post: Post, enrolled: Enrol, channels: dict[str, Channel], outside: Gateway
) -> None:
    person, browser = enrolled(), Browser(f"{outside.url}/push")
    subscribes(post, person, browser)
    chooses(post, person, channels, "webpush")
    post.sweep()
    post.send(channels)
    shown = browser.opened(outside.received[0].body)
    assert shown["title"] == "Your questions are ready"
    assert shown["url"].startswith("https://pro.test/l/")
    assert person.code not in str(shown)


def test_staff_who_change_an_address_leave_the_subscription_and_clear_the_mark(post: Post, enrolled: Enrol) -> None:
    person = enrolled()
    subscribes(post, person, Browser("https://push.test/x"))
    with post.runtime.work(people.everything) as w:
        assert contacts.mark_unreachable(w, participant_id=person.id, field="email", reason="bounced")
        assert not contacts.mark_unreachable(w, participant_id=person.id, field="email", reason="bounced")
    assert contact_of(post, person).address("email") is None
    with post.runtime.work(people.everything) as w:
        contacts.save(w, participant_id=person.id, contact=Contact(name="New", email="person1@example.org"))
    assert contact_of(post, person).address("email") is None  # the same address is as wrong as it was
    with post.runtime.work(people.everything) as w:
        contacts.save(w, participant_id=person.id, contact=Contact(name="New", email="other@example.org"))
    after = contact_of(post, person)
    assert (after.address("email"), after.push is not None) == ("other@example.org", True)


def test_nobody_is_written_to_at_an_address_that_has_proved_wrong(post: Post, enrolled: Enrol) -> None:
    person = enrolled()
    with post.runtime.work(people.system) as w:
        contacts.mark_unreachable(w, participant_id=person.id, field="email", reason="550")
    post.tick()
    assert (post.mails(), post.why(person, TODAY)) == ([], ["unreachable"])
    post.until("2026-01-16")
    assert post.why(person, date(2026, 1, 15)) == ["unreachable"]


def test_erasing_a_contact_takes_the_subscription_along(post: Post, enrolled: Enrol) -> None:
    person = enrolled()
    subscribes(post, person, Browser("https://push.test/x"))
    with post.runtime.work(people.everything) as w:
        contacts.erase(w, participant_id=person.id, reason="asked for it")
    assert contact_of(post, person) == Contact()

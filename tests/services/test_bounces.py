"""Mail that came back, on both databases: the delivery has failed, its address is left alone, and all of it once."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from pro_service.domain.audit import Actor
from pro_service.domain.bounces import Bounce
from pro_service.domain.deliveries import Delivery
from pro_service.domain.errors import Forbidden, NotFound
from pro_service.domain.participants import Contact, Participant
from pro_service.runtime import Runtime
from pro_service.services import bounces, contacts, explanations
from pro_service.storage.audit import audit_event
from tests.support import people
from tests.support.clock import Clock
from tests.support.post import TODAY, Enrol, Post


@pytest.fixture
def post(runtime: Runtime, clock: Clock) -> Post:
    return Post(runtime, clock)


def delivery_to(post: Post, person: Participant) -> Delivery:
    with post.runtime.work(people.system, writes=False) as w:
        (found,) = explanations.explain(w, participant_id=person.id, day=TODAY)
    return found.delivery


def record(post: Post, bounce: Bounce, actor: Actor = people.everything) -> bounces.Recorded:
    with post.runtime.work(actor) as w:
        return bounces.record(w, bounce=bounce)


def lines(post: Post) -> int:
    with post.runtime.work(people.everything, writes=False) as w:
        return int(w.session.execute(select(func.count()).select_from(audit_event)).scalar_one())


def test_a_message_that_came_back_has_failed_and_its_address_is_left_alone(post: Post, enrolled: Enrol) -> None:
    person = enrolled()
    post.tick()
    sent = delivery_to(post, person)
    report = Bounce(sent.id, status="5.1.1", recipient="PERSON1@example.org")
    assert record(post, report) == bounces.Recorded(sent.id, "failed", address_marked=True)
    after = delivery_to(post, person)
    assert (after.outcome, after.reason, after.sent_at) == ("failed", "came back: 5.1.1", sent.sent_at)
    before = lines(post)
    assert record(post, report) == bounces.Recorded(sent.id, "failed", address_marked=False)
    assert lines(post) == before
    post.until("2026-01-16")
    assert (len(post.mails()), post.why(person, date(2026, 1, 15))) == (1, ["unreachable"])
    with post.runtime.work(people.everything, writes=False) as w:
        told = str(w.session.execute(select(audit_event)).all())
    assert "person1@example.org" not in told.lower()


@pytest.mark.parametrize(
    ("bounce", "outcome"),
    [({"failed": False, "status": "4.4.1"}, "sent"), ({"status": "5.7.1"}, "failed"), ({"status": "5.2.2"}, "failed")],
    ids=["late", "policy", "mailbox full"],
)
def test_an_address_that_is_not_at_fault_is_written_to_again(
    post: Post, enrolled: Enrol, bounce: dict[str, object], outcome: str
) -> None:
    person = enrolled()
    post.tick()
    sent = delivery_to(post, person)
    found = record(post, Bounce(sent.id, **bounce))  # type: ignore[arg-type]
    assert (found.outcome, found.address_marked) == (outcome, False)
    post.until("2026-01-16")
    assert len(post.mails()) == 2


def test_an_address_that_is_another_one_by_now_is_not_marked(post: Post, enrolled: Enrol) -> None:
    person = enrolled()
    post.tick()
    sent = delivery_to(post, person)
    with post.runtime.work(people.everything) as w:
        contacts.save(w, participant_id=person.id, contact=Contact(email="new@example.org"))
    assert not record(post, Bounce(sent.id, status="5.1.1", recipient="person1@example.org")).address_marked


def test_only_who_may_tells_us(post: Post, enrolled: Enrol) -> None:
    person = enrolled()
    post.tick()
    bounce = Bounce(delivery_to(post, person).id)
    for actor in (people.nobody, people.coordinator_nki, people.investigator, people.patient(person.id)):
        with pytest.raises(Forbidden):
            record(post, bounce, actor)
    scoped = Actor("api_key", "mail", "admin", "scopes", "lumc", frozenset({"deliveries.bounce"}))
    with pytest.raises(NotFound):
        record(post, bounce, scoped)
    with pytest.raises(NotFound):
        record(post, Bounce(uuid4()))

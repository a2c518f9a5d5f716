"""What staff make of a message that failed or is in doubt: never sent twice by accident; on both databases."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import select

from pro_service.domain.audit import Actor
from pro_service.domain.errors import ChannelError, Conflict, Forbidden, NotFound
from pro_service.domain.participants import Participant
from pro_service.runtime import Runtime
from pro_service.services import health, outcomes
from pro_service.storage.audit import audit_event
from tests.support import people
from tests.support.clock import Clock
from tests.support.post import Enrol, Post, Provider, happened, submit

SILENT = ChannelError("no answer to the text", uncertain=True)
REFUSED = ChannelError("recipient refused: 550", permanent=True)


@pytest.fixture
def post(runtime: Runtime, clock: Clock) -> Post:
    return Post(runtime, clock)


@pytest.fixture
def person(enrolled: Enrol) -> Participant:
    return enrolled()


def ends_with(post: Post, error: ChannelError) -> UUID:
    """The one message there is has ended so; its id."""
    post.sweep()
    post.send(Provider([error]).channels())
    outcome = "unknown" if error.uncertain else "failed"
    with post.runtime.work(people.everything) as w:
        (one,) = outcomes.listing(w, study="scopes", outcome=outcome)
    return one.delivery.id


def resend(post: Post, one: UUID, actor: Actor = people.everything, attempts: int | None = None) -> None:
    with post.runtime.work(actor) as w:
        outcomes.resend(w, delivery_id=one, reason="asked on the telephone", attempts=attempts)


@pytest.mark.parametrize("error", [SILENT, REFUSED], ids=["in doubt", "failed"])
def test_it_is_sent_once_more_and_no_more(post: Post, person: Participant, error: ChannelError) -> None:
    one, provider = ends_with(post, error), Provider()
    resend(post, one)
    for _ in range(3):
        post.tick()
        post.send(provider.channels())
    with pytest.raises(Conflict, match="sent"):
        resend(post, one)
    assert post.why(person) == ["send sent"]


def test_who_looked_before_it_was_tried_again_is_told_to_look_again(post: Post, person: Participant) -> None:
    """Failure row 20: two people see one message in doubt; the second to ask is refused."""
    one = ends_with(post, SILENT)
    resend(post, one, attempts=1)
    with pytest.raises(Conflict, match="on its way"):
        resend(post, one, attempts=1)
    post.send(Provider([SILENT]).channels())
    with pytest.raises(Conflict, match="2 times"):
        resend(post, one, attempts=1)
    assert post.why(person) == ["send unknown"]


@pytest.mark.parametrize(
    ("meanwhile", "expected"),
    [
        (lambda post, person: submit(post, person, "baseline"), "submitted"),
        (lambda post, person: happened(post, person, "withdrawal", date(2026, 1, 12)), "withdrawn"),
        (lambda post, person: happened(post, person, "death", date(2026, 1, 12)), "died"),
    ],
    ids=["submitted", "withdrawn", "died"],
)
def test_whatever_speaks_against_it_still_does(
    post: Post, person: Participant, meanwhile: object, expected: str
) -> None:
    """Failure rows 6 and 16."""
    one, provider = ends_with(post, SILENT), Provider()
    assert callable(meanwhile)
    meanwhile(post, person)
    resend(post, one)
    post.send(provider.channels())
    assert provider.taken == []
    assert post.why(person) == [expected]


@pytest.mark.parametrize("outcome", ["sent", "failed"])
def test_what_was_found_out_settles_it(post: Post, person: Participant, outcome: str) -> None:
    one = ends_with(post, SILENT)
    with post.runtime.work(people.everything, writes=False) as w:
        (check,) = [each for each in health.checks(w) if each.name == "deliveries"]
    assert (check.ok, check.detail) == (False, "1 with unknown outcome")
    with post.runtime.work(people.coordinator_nki) as w:
        outcomes.settle(w, delivery_id=one, outcome=outcome, reason="she has it")
    with post.runtime.work(people.everything) as w, pytest.raises(Conflict, match="not in doubt"):
        outcomes.settle(w, delivery_id=one, outcome=outcome, reason="twice")
    with post.runtime.work(people.everything) as w:
        line = w.session.execute(select(audit_event).where(audit_event.c.action == "delivery.settle")).one()
        (check,) = [each for each in health.checks(w) if each.name == "deliveries"]
    assert (line.changes, line.reason) == ({"outcome": ["unknown", outcome]}, "she has it")
    assert check.ok
    assert post.why(person) == [f"send {outcome}"]


@pytest.mark.parametrize(
    ("actor", "error"),
    [
        (people.nobody, Forbidden),
        (people.investigator, Forbidden),
        (Actor(kind="staff", id="elsewhere", role="coordinator", study="scopes", site="lumc"), NotFound),
    ],
    ids=lambda value: getattr(value, "id", ""),
)
def test_only_who_may(post: Post, person: Participant, actor: Actor, error: type[Exception]) -> None:
    one = ends_with(post, SILENT)
    with pytest.raises(error):
        resend(post, one, actor)
    assert post.why(person) == ["send unknown"]


def test_a_site_sees_its_own(post: Post, person: Participant, enrolled: Enrol) -> None:
    enrolled(site="lumc")
    post.sweep()
    post.send(Provider([SILENT, SILENT]).channels())
    with post.runtime.work(people.coordinator_nki) as w:
        assert [one.code for one in outcomes.listing(w, study="scopes", outcome="unknown")] == [person.code]
    with post.runtime.work(people.everything) as w:
        assert len(outcomes.listing(w, study="scopes", outcome="unknown")) == 2

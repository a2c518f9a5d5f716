"""What staff make of messages to members of staff and to webhooks that failed or are in doubt; on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import select

from pro_service.domain.audit import Actor
from pro_service.domain.errors import ChannelError, Conflict, Forbidden, NotFound, ProError
from pro_service.domain.participants import Participant
from pro_service.runtime import Runtime
from pro_service.services import access, outcomes
from pro_service.services.outcomes import Trouble
from pro_service.storage.attempts import delivery_attempt
from pro_service.storage.audit import audit_event
from tests.services.test_digests import Team, alert
from tests.support import endpoint, people
from tests.support.clock import Clock
from tests.support.endpoint import Endpoint
from tests.support.post import Enrol, Provider
from tests.support.teller import Teller, teller

SILENT = ChannelError("no answer to the text", uncertain=True)
ANN = "ann@example.org"
whole_study = Actor("staff", "whole-study", "coordinator", study="scopes")
another_study = replace(people.everything, id="another-study", study="another")
ASKED = "asked on the telephone"


@pytest.fixture
def person(enrolled: Enrol) -> Participant:
    return enrolled()


@pytest.fixture
def team(runtime: Runtime, clock: Clock, person: Participant) -> Team:
    """One member of staff, told something urgent of which nobody knows whether it arrived."""
    found = Team(runtime, clock)
    found.add("ann")
    alert(found, person)
    found.send(Provider([SILENT]).channels())
    return found


@pytest.fixture
def other() -> Iterator[Endpoint]:
    with endpoint.listening() as one:
        yield one


@pytest.fixture
def told(runtime: Runtime, clock: Clock, scopes: object, other: Endpoint, enrolled: Enrol) -> Teller:
    """An endpoint that refused the one thing it was told."""
    found = teller(runtime, clock, other, events=["assessment.opened"])
    other.script = [400]
    enrolled()
    found.tick()
    return found


def trouble(runtime: Runtime, outcome: str, actor: Actor = people.everything) -> tuple[Trouble, ...]:
    with runtime.work(actor, writes=False) as w:
        return outcomes.listing(w, study="scopes", outcome=outcome)


def resend(runtime: Runtime, one: UUID, actor: Actor = people.everything, attempts: int | None = 1) -> None:
    with runtime.work(actor) as w:
        outcomes.resend(w, delivery_id=one, reason=ASKED, attempts=attempts)


def test_a_message_to_staff_in_doubt_is_sent_once_more_and_no_more(team: Team, runtime: Runtime) -> None:
    (one,) = trouble(runtime, "unknown")
    assert (one.delivery.recipient, one.code, one.site, len(one.attempts)) == ("staff", "", "", 1)
    resend(runtime, one.delivery.id, whole_study)
    with pytest.raises(Conflict, match="on its way"):
        resend(runtime, one.delivery.id)
    for _ in range(2):
        team.send()
    assert [str(mail["To"]) for mail in team.mails()] == [ANN]
    with pytest.raises(Conflict, match="was sent"):
        resend(runtime, one.delivery.id)
    with runtime.work(people.everything, writes=False) as w:
        line = w.session.execute(select(audit_event).where(audit_event.c.action == "delivery.resend")).one()
    assert (line.actor_id, line.changes, line.reason) == ("whole-study", {"outcome": ["unknown", None]}, ASKED)


def test_whose_account_is_closed_by_then_gets_it_no_more(team: Team, runtime: Runtime) -> None:
    """Failure row 6: what speaks against a message is asked again, for members of staff too."""
    (one,) = trouble(runtime, "unknown")
    with runtime.work(people.everything) as w:
        access.disable_staff(w, email=ANN)
    resend(runtime, one.delivery.id)
    team.send()
    assert team.mails() == []
    assert team.decisions() == [("disabled", None)]


@pytest.mark.parametrize("outcome", ["sent", "failed"])
def test_what_was_found_out_about_a_message_to_staff_settles_it(team: Team, runtime: Runtime, outcome: str) -> None:
    (one,) = trouble(runtime, "unknown")
    with runtime.work(whole_study) as w:
        after = outcomes.settle(w, delivery_id=one.delivery.id, outcome=outcome, reason="she has it, or not")
    with runtime.work(people.everything, writes=False) as w:
        handed_at = w.session.execute(select(delivery_attempt.c.handed_at)).scalar_one()
    assert (after.outcome, after.sent_at) == (outcome, handed_at if outcome == "sent" else None)
    team.send()
    assert team.mails() == []
    with pytest.raises(Conflict, match="not in doubt"), runtime.work(people.everything) as w:
        outcomes.settle(w, delivery_id=one.delivery.id, outcome=outcome, reason="twice")


@pytest.mark.parametrize(
    ("actor", "error"),
    [
        (people.nobody, Forbidden),
        (people.investigator, Forbidden),
        (people.coordinator_nki, NotFound),  # neither staff nor endpoints belong to one site
        (another_study, NotFound),
    ],
    ids=lambda value: getattr(value, "id", ""),
)
def test_only_who_sees_the_whole_study_decides(
    team: Team, runtime: Runtime, actor: Actor, error: type[ProError]
) -> None:
    (one,) = trouble(runtime, "unknown")
    with pytest.raises(error):
        resend(runtime, one.delivery.id, actor)
    with pytest.raises(error), runtime.work(actor) as w:
        outcomes.settle(w, delivery_id=one.delivery.id, outcome="sent", reason=ASKED)
    assert trouble(runtime, "unknown") == (one,)
    assert trouble(runtime, "unknown", people.coordinator_nki) == ()
    team.send()
    assert team.mails() == []


def test_a_call_that_an_endpoint_refused_is_made_once_more_with_the_same_id(
    told: Teller, runtime: Runtime, other: Endpoint
) -> None:
    (one,) = trouble(runtime, "failed")
    assert (one.delivery.recipient, one.code, one.attempts[-1].detail) == ("webhook", "", "400")
    with pytest.raises(Conflict, match="not in doubt"), runtime.work(people.everything) as w:
        outcomes.settle(w, delivery_id=one.delivery.id, outcome="sent", reason=ASKED)
    resend(runtime, one.delivery.id, whole_study)
    for _ in range(2):
        told.send()
    assert [each.id for each in other.told] == [str(one.delivery.id)] * 2
    assert other.told[0].content == other.told[1].content
    assert trouble(runtime, "failed") == ()


def test_an_endpoint_that_is_disabled_by_then_is_not_called(told: Teller, runtime: Runtime, other: Endpoint) -> None:
    (one,) = trouble(runtime, "failed")
    told.change(enabled=False)
    resend(runtime, one.delivery.id)
    told.send()
    assert len(other.told) == 1


def test_a_site_decides_nothing_about_an_endpoint(told: Teller, runtime: Runtime, other: Endpoint) -> None:
    (one,) = trouble(runtime, "failed")
    with pytest.raises(NotFound):
        resend(runtime, one.delivery.id, people.coordinator_nki)
    told.send()
    assert len(other.told) == 1

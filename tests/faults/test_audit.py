"""The audit itself: it finds a lost answer, a repeated message, one that never arrived, and a doubt without a cause."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from pro_service.domain.audit import AuditEvent
from pro_service.domain.participants import Participant
from pro_service.runtime import Runtime
from pro_service.services import assessments, responses
from pro_service.storage.deliveries import delivery
from tests.faults.audit import FATES, Audit
from tests.faults.mail import MailServer, Taken
from tests.faults.people import INSTRUMENT, Someone
from tests.support import people
from tests.support.clock import Clock
from tests.support.post import Post

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ANSWERS = {"q1": 1, "q2": 3}
ADDRESS = "someone@home.test"


@pytest.fixture
def audit(runtime: Runtime, clock: Clock, enrolled: Callable[..., Participant]) -> Audit:
    """Somebody whose two answers and one message are where they belong."""
    person = enrolled()
    with runtime.work(people.patient(person.id)) as w:
        form = assessments.listing(w, participant_id=person.id)[0].assessment.id
        for revision, (item, answer) in enumerate(ANSWERS.items()):
            responses.save(w, assessment_id=form, instrument=INSTRUMENT, answers={item: answer}, revision=revision)
    Post(runtime, clock).tick()
    found = Audit(runtime, MailServer(clock))
    found.everybody = [Someone(person.id, ADDRESS, "Europe/Amsterdam", form, dict(ANSWERS), acknowledged=2)]
    (message_id,) = [str(row.id) for row in found.rows(select(delivery.c.id))]
    found.mail.taken = [Taken(message_id, ADDRESS, clock())]
    return found


def lose_an_answer(audit: Audit) -> None:
    audit.everybody[0].saved["q3"] = 4


def save_twice(audit: Audit) -> None:
    audit.everybody[0].acknowledged -= 1


def lose_the_submission(audit: Audit) -> None:
    audit.everybody[0].submitted = True


def take_twice(audit: Audit) -> None:
    (one,) = audit.mail.taken
    audit.mail.taken.append(Taken(one.message_id, one.address, one.at + timedelta(days=1)))


def take_another(audit: Audit) -> None:
    audit.mail.taken.append(Taken("another", ADDRESS, audit.mail.taken[0].at))


def take_nothing(audit: Audit) -> None:
    audit.mail.taken.clear()


def call_it(outcome: str | None) -> Callable[[Audit], None]:
    """Change the outcome in the database."""

    def change(audit: Audit) -> None:
        with audit.runtime.work(people.everything) as w:
            w.session.execute(update(delivery).values(outcome=outcome))
            w.record(AuditEvent("delivery.decide", "participant", audit.everybody[0].id))

    return change


@pytest.mark.parametrize(
    ("taken", "arrived", "fate"),
    [(True, True, FATES[0]), (False, True, FATES[1]), (False, False, FATES[2])],
)
def test_the_audit_says_what_had_become_of_a_message_in_doubt(
    audit: Audit, taken: bool, arrived: bool, fate: str
) -> None:
    call_it("unknown")(audit)
    audit.excuse("a worker killed")
    message_id = audit.mail.taken[0].message_id
    audit.mail.arrived |= {message_id} if arrived else set()
    audit.mail.taken = audit.mail.taken if taken else []
    verdict = audit.verdict()
    assert (verdict.clean, verdict.unknown, verdict.fate) == (True, {"a worker killed": 1}, {fate: 1})


@pytest.mark.parametrize(
    ("happened", "found"),
    [
        pytest.param(lambda _: None, [], id="nothing"),
        pytest.param(lose_an_answer, ["lost"], id="an answer lost"),
        pytest.param(save_twice, ["lost"], id="an answer saved twice"),
        pytest.param(lose_the_submission, ["lost"], id="a submission lost"),
        pytest.param(take_twice, ["duplicated"], id="a message taken twice"),
        pytest.param(take_another, ["duplicated", "missing"], id="a message that is in no book"),
        pytest.param(take_nothing, ["missing"], id="a message called sent that never was"),
        pytest.param(call_it(None), ["missing"], id="a message without an end"),
        pytest.param(call_it("failed"), ["missing"], id="a failure that nobody caused"),
        pytest.param(call_it("unknown"), ["unexplained"], id="a doubt that nobody caused"),
    ],
)
def test_what_the_audit_finds(audit: Audit, happened: Callable[[Audit], None], found: list[str]) -> None:
    happened(audit)
    verdict = audit.verdict()
    kinds = ("lost", "duplicated", "missing", "unexplained")
    assert [kind for kind in kinds if getattr(verdict, kind)] == found
    assert verdict.clean == (not found)

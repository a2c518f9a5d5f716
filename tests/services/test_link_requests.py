"""Asking for a new link: the same for everybody who asks, and a message for whoever it is about."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date

import pytest
from sqlalchemy import Engine, event, select, text

from pro_service.domain.audit import Actor
from pro_service.domain.messages import Channel, Handing, Message, Receipt
from pro_service.domain.participants import Contact, Participant
from pro_service.domain.reminders import Kind
from pro_service.domain.responses import Draft
from pro_service.runtime import Runtime
from pro_service.services import access, contacts, deliveries, events, link_requests, preferences, responses
from pro_service.services.work import Work
from pro_service.storage.deliveries import delivery
from pro_service.storage.link_requests import link_request
from tests.services.forms import QLQ, THIRTY, assessment
from tests.support import people
from tests.support.clock import Clock

Begin = Callable[..., AbstractContextManager[Work]]
Enrol = Callable[..., Participant]
VISITOR = Actor("system", "web", "")
JAN = Contact(name="Jan Jansen", email="Jan@example.org", phone="+31612345678")


@pytest.fixture
def jan(enrolled: Enrol) -> Participant:
    return enrolled(contact=JAN)


@pytest.fixture
def taken() -> list[Message]:
    """What the providers were handed."""
    return []


@pytest.fixture
def asks(work: Begin, runtime: Runtime, taken: list[Message]) -> Callable[[str], list[str]]:
    """Somebody types this and the workers work: to which addresses messages go."""

    def take(message: Message, handing: Handing) -> Receipt:
        handing()
        taken.append(message)
        return Receipt()

    channels = {
        "email": Channel("email", take, deduplicates=False),
        "sms": Channel("sms", take, deduplicates=False, address="phone"),
    }

    def ask(typed: str) -> list[str]:
        before = len(taken)
        with work(VISITOR) as w:
            link_requests.ask(w, typed=typed)
        with work(people.system) as w:
            assert link_requests.answer(w) == 1
        deliveries.send_due(
            lambda **more: runtime.work(people.system, **more), channels=channels, base_url="https://pro.test"
        )
        return [message.to for message in taken[before:]]

    return ask


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("Jan@example.org", "Jan@example.org"),
        ("  JAN@EXAMPLE.ORG ", "Jan@example.org"),
        ("+31 6 12345678", "+31612345678"),
        ("06-12345678", "+31612345678"),
        ("NKI-001", "Jan@example.org"),
        ("nki-001", "Jan@example.org"),
    ],
)
def test_the_link_goes_to_the_address_we_know(
    asks: Callable[[str], list[str]], jan: Participant, taken: list[Message], work: Begin, typed: str, address: str
) -> None:
    assert asks(typed) == [address]
    token = taken[0].link.rpartition("/")[2]
    assert taken[0].link in taken[0].text
    with work(VISITOR) as w:
        assert access.sign_in_with_link(w, token=token).participant_id == jan.id


@pytest.mark.parametrize("typed", ["nobody@example.org", "+31612345679", "NKI-404", "'; --", "x" * 5000, "é", "\x00"])
def test_what_fits_nobody_is_forgotten(
    asks: Callable[[str], list[str]], jan: Participant, engine: Engine, typed: str
) -> None:
    del jan
    assert asks(typed) == []
    with engine.connect() as connection:
        assert connection.execute(select(link_request)).all() == []
        assert connection.execute(select(delivery)).all() == []


def test_asking_makes_the_same_steps_whoever_it_is(work: Begin, engine: Engine, jan: Participant) -> None:
    """And what was typed is not in the database: the row is sealed, and as long for everybody."""
    del jan
    steps, lengths = set(), set()
    for typed in ("Jan@example.org", "nobody@example.org", "NKI-001", "+31612345678", "x", "é" * 300, "東" * 254):
        seen: list[str] = []
        with work(VISITOR) as w:
            event.listen(w.session, "before_cursor_execute", lambda _c, _cur, sql, *_m, to=seen: to.append(sql))
            link_requests.ask(w, typed=typed)
        steps.add(tuple(seen))
    with engine.connect() as connection:
        rows = connection.execute(select(link_request)).all()
    lengths = {len(row.sealed) for row in rows}
    assert len(steps) == len(lengths) == 1
    assert not any("example" in str(row) for row in rows)


def test_asking_again_changes_nothing_for_a_while_and_a_day_has_an_end(
    asks: Callable[[str], list[str]], jan: Participant, clock: Clock
) -> None:
    del jan
    assert [len(asks("NKI-001")) for _ in range(3)] == [1, 0, 0]
    for expected in (1, 1, 1, 1, 0):
        clock.advance(minutes=10)
        assert len(asks("NKI-001")) == expected
    clock.advance(days=1)
    assert len(asks("NKI-001")) == 1


def test_a_household_that_shares_an_address_gets_one_message_each(
    asks: Callable[[str], list[str]], jan: Participant, enrolled: Enrol
) -> None:
    del jan
    enrolled(contact=JAN)
    assert asks("jan@example.org") == ["Jan@example.org"] * 2


def test_neither_night_nor_pause_nor_opt_out_holds_it_back(
    asks: Callable[[str], list[str]], work: Begin, jan: Participant, clock: Clock
) -> None:
    with work() as w:
        preferences.change(
            w, participant_id=jan.id, channels={}, choices={"channel": "none", "paused_until": "2026-02-01"}
        )
    clock.advance(hours=15)
    assert asks("NKI-001") == ["Jan@example.org"]


def withdraws(work: Begin, person: Participant) -> None:
    one = assessment(work, person).id
    with work(people.patient(person.id)) as w:
        responses.save(w, assessment_id=one, instrument=QLQ, answers={"q1": 1}, revision=0)
    with work() as w:
        events.record(w, participant_id=person.id, kind="withdrawal", on=date(2026, 1, 12))


def sends_all(work: Begin, person: Participant) -> None:
    one = assessment(work, person).id
    with work(people.patient(person.id)) as w:
        responses.submit(w, assessment_id=one, drafts={QLQ: Draft(THIRTY)})


@pytest.mark.parametrize("happens", [withdraws, sends_all])
def test_who_has_left_or_nothing_open_gets_none_and_it_is_on_record(
    *, asks: Callable[[str], list[str]], work: Begin, engine: Engine, jan: Participant,
    happens: Callable[[Begin, Participant], None],
) -> None:  # fmt: skip
    happens(work, jan)
    assert asks("NKI-001") == []
    with engine.connect() as connection:
        decided = connection.execute(select(delivery.c.decision).where(delivery.c.occasion == "link")).scalars()
        assert list(decided) == [Kind.NOTHING]


def test_a_request_nobody_took_up_in_time_is_forgotten(
    work: Begin, engine: Engine, jan: Participant, clock: Clock
) -> None:
    del jan
    with work(VISITOR) as w:
        link_requests.ask(w, typed="NKI-001")
    clock.advance(hours=2)
    with work(people.system) as w:
        assert link_requests.answer(w) == 1
    with engine.connect() as connection:
        assert connection.execute(select(delivery)).all() == []


def test_contacts_from_before_and_after_a_change_of_secret_are_found(
    asks: Callable[[str], list[str]], engine: Engine, jan: Participant
) -> None:
    del jan
    with engine.begin() as connection:
        connection.execute(text("UPDATE contact SET email_hash = NULL, phone_hash = NULL, index_key = 'older'"))
    assert asks("jan@example.org") == ["Jan@example.org"]


def test_a_new_address_is_found_and_the_old_one_is_not(
    asks: Callable[[str], list[str]], work: Begin, jan: Participant
) -> None:
    with work() as w:
        contacts.save(w, participant_id=jan.id, contact=Contact(email="new@example.org"))
    assert asks("jan@example.org") == []
    assert asks("new@example.org") == ["new@example.org"]

"""Names and addresses: sealed in the database, behind permissions, erased without touching the trial data."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, text

from pro_service.domain.audit import Actor
from pro_service.domain.errors import Conflict, Forbidden, NotFound, Unreadable
from pro_service.domain.participants import Contact
from pro_service.runtime import Runtime
from pro_service.services import access, contacts, sealing
from pro_service.services.work import Work
from pro_service.storage.audit import audit_event
from pro_service.storage.keyring import new_key, parse
from pro_service.storage.metadata import new_id
from tests.storage.rows import a_participant, a_study, someone
from tests.support import people

Begin = Callable[..., AbstractContextManager[Work]]
JAN = Contact(name="Jan Jansen", email="jan@example.org", phone="+31612345678", birth_year=1961)


@pytest.fixture
def person(engine: Engine) -> UUID:
    return someone(engine)


@pytest.fixture
def known(work: Begin, person: UUID) -> UUID:
    with work(people.coordinator_nki) as w:
        contacts.save(w, participant_id=person, contact=JAN)
    return person


def audit_lines(engine: Engine) -> list[tuple[str, object]]:
    with engine.connect() as connection:
        query = select(audit_event.c.action, audit_event.c.changes).order_by(audit_event.c.id)
        return [(action, changes) for action, changes in connection.execute(query)]


def test_what_is_saved_is_read_and_nothing_of_it_is_in_the_database(work: Begin, engine: Engine, known: UUID) -> None:
    with work(people.coordinator_nki, writes=False) as w:
        assert contacts.read(w, participant_id=known) == JAN
    with engine.connect() as connection:
        stored = " ".join(
            str(row)
            for table in ("contact", "audit_event")
            for row in connection.execute(text(f"SELECT * FROM {table}"))
        )
    for secret in ("Jan", "jan@", "+316", "1961"):
        assert secret not in stored


def test_the_audit_trail_names_fields_never_values(work: Begin, engine: Engine, known: UUID) -> None:
    with work() as w:
        contacts.save(w, participant_id=known, contact=replace(JAN, phone=None, email="new@example.org"))
    with work() as w:
        contacts.save(w, participant_id=known, contact=replace(JAN, phone=None, email="new@example.org"))
    assert audit_lines(engine) == [
        (
            "contact.save",
            {"name": [None, "set"], "email": [None, "set"], "phone": [None, "set"], "birth_year": [None, "set"]},
        ),
        ("contact.save", {"email": ["set", "set"], "phone": ["set", None]}),
    ]


def test_nobody_known_is_an_empty_contact_and_nobody_at_all_is_not_found(work: Begin, person: UUID) -> None:
    with work(writes=False) as w:
        assert contacts.read(w, participant_id=person) == Contact()
        assert contacts.read_many(w, participant_ids=[person]) == {}
        with pytest.raises(NotFound):
            contacts.read(w, participant_id=new_id())


@pytest.mark.parametrize(
    ("actor", "error"),
    [
        (people.investigator, Forbidden),
        (people.nobody, Forbidden),
        (Actor("staff", "x", "coordinator", "scopes", "lumc"), NotFound),
        (Actor("staff", "x", "coordinator", "other", "nki"), NotFound),
        (Actor("api_key", "x", "coordinator", "scopes", "nki", frozenset({"participants.*"})), Forbidden),
    ],
)
def test_who_may_not_see_a_name(work: Begin, known: UUID, actor: Actor, error: type[Exception]) -> None:
    for act in (
        lambda w: contacts.read(w, participant_id=known),
        lambda w: contacts.save(w, participant_id=known, contact=JAN),
        lambda w: contacts.erase(w, participant_id=known, reason="x"),
    ):
        with pytest.raises(error), work(actor) as w:
            act(w)
    with pytest.raises(Forbidden), work(people.coordinator_nki) as w:
        contacts.read_many(w, participant_ids=[known])


def test_erasing_leaves_the_trial_data_and_says_so(work: Begin, engine: Engine, known: UUID) -> None:
    with work() as w:
        assert contacts.erase(w, participant_id=known, reason="asked for it")
    with work() as w:
        assert not contacts.erase(w, participant_id=known, reason="asked for it")
        assert contacts.read(w, participant_id=known) == Contact()
        assert contacts.find(w, participant="NKI-001") == known
    assert audit_lines(engine)[1:] == [("contact.erase", {"contact": ["set", None]})]


def test_finding_by_id_or_code(work: Begin, engine: Engine, person: UUID) -> None:
    with work(writes=False) as w:
        assert contacts.find(w, participant=str(person)) == person
        assert contacts.find(w, participant="NKI-001") == person
        for unknown in ("NKI-999", str(new_id())):
            with pytest.raises(NotFound):
                contacts.find(w, participant=unknown)
    with engine.begin() as connection:
        a_participant(connection, *a_study(connection, "other"))
    with pytest.raises(Conflict, match="several studies"), work(writes=False) as w:
        contacts.find(w, participant="NKI-001")


def test_a_contact_moved_to_another_row_does_not_open(work: Begin, engine: Engine, known: UUID) -> None:
    with engine.begin() as connection:
        other = a_participant(connection, *a_study(connection, "other"))
        value = other.hex if engine.dialect.name == "sqlite" else str(other)
        connection.execute(text(f"UPDATE contact SET participant_id = '{value}'"))
    with pytest.raises(Unreadable, match="changed or moved"), work(writes=False) as w:
        contacts.read(w, participant_id=other)


def test_rotating_seals_everything_with_the_new_key(runtime: Runtime, work: Begin, known: UUID) -> None:
    with work() as w:
        access.create_staff(w, email="ann@example.org", password="correct horse battery", role="monitor")
    old, new = runtime.settings.contact_keys, new_key("new")
    both = replace(runtime, keys=parse(f"{new},{old}", runtime.settings.secret_key))
    only_new = replace(runtime, keys=parse(new, runtime.settings.secret_key))
    with both.work(people.everything) as w:
        assert sealing.waiting(w) == sealing.Waiting("new", contacts=1, accounts=1, webhooks=0)
        assert contacts.read(w, participant_id=known) == JAN
    for expected in (1, 1, 0):
        with both.work(people.everything) as w:
            assert sealing.reseal(w) == expected
    with only_new.work(people.everything) as w:
        assert sealing.waiting(w).total == 0
        assert contacts.read(w, participant_id=known) == JAN
    with pytest.raises(Unreadable, match="not in PRO_CONTACT_KEYS"), runtime.work(people.everything) as w:
        contacts.read(w, participant_id=known)

"""A calendar address: the person's own, one at a time, revocable, and never stored; on both databases."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from sqlalchemy import Engine, select

from pro_service.domain.errors import Forbidden, NotFound
from pro_service.domain.participants import Participant
from pro_service.services import contacts, feeds
from pro_service.services.work import Work
from pro_service.storage.audit import audit_event
from pro_service.storage.feeds import calendar_feed
from tests.support import people

Begin = Callable[..., AbstractContextManager[Work]]


def switch_on(work: Begin, person: Participant) -> str:
    with work(people.patient(person.id)) as w:
        return feeds.switch_on(w, participant_id=person.id)


def read(work: Begin, token: str) -> str:
    with work(people.nobody, writes=False) as w:
        return feeds.reader(w, token=token)[0].id


def test_it_is_off_until_switched_on_and_a_new_one_ends_the_one_before(
    work: Begin, enrolled: Callable[..., Participant], engine: Engine
) -> None:
    person = enrolled()
    with work(people.patient(person.id)) as w:
        assert feeds.of_participant(w, participant_id=person.id) is None
        feeds.switch_off(w, participant_id=person.id)  # harmless
    first = switch_on(work, person)
    assert read(work, first) == str(person.id)
    second = switch_on(work, person)
    assert read(work, second) == str(person.id)
    with pytest.raises(NotFound):
        read(work, first)
    with work(people.patient(person.id)) as w:
        feeds.switch_off(w, participant_id=person.id)
    with pytest.raises(NotFound):
        read(work, second)
    with engine.connect() as connection:
        stored = str(connection.execute(select(calendar_feed)).all())
        trail = connection.execute(select(audit_event.c.action).order_by(audit_event.c.id)).scalars().all()
        written = str(connection.execute(select(audit_event)).all())
    assert [one for one in trail if one.startswith("calendar")] == ["calendar.open", "calendar.close"] * 2
    for token in (first, second):
        assert token not in stored + written


def test_it_is_nobody_elses(work: Begin, enrolled: Callable[..., Participant]) -> None:
    anna, bob = enrolled(), enrolled()
    with pytest.raises(NotFound), work(people.patient(bob.id)) as w:
        feeds.switch_on(w, participant_id=anna.id)
    with pytest.raises(Forbidden), work(people.everything) as w:
        feeds.switch_on(w, participant_id=anna.id)
    token = switch_on(work, anna)
    for forged in ("", token[:-1], token + "x", "0" * 43):
        with pytest.raises(NotFound):
            read(work, forged)


def test_it_ends_with_the_contact(work: Begin, enrolled: Callable[..., Participant]) -> None:
    person = enrolled()
    token = switch_on(work, person)
    with work() as w:
        contacts.erase(w, participant_id=person.id, reason="asked for it")
    with pytest.raises(NotFound):
        read(work, token)

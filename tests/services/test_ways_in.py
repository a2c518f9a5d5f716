"""The ways in of one person: seen by who may make others, made, and ended all together; on both databases."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import Engine, select

from pro_service.domain.audit import Actor
from pro_service.domain.errors import Conflict, Forbidden, Invalid, LinkUnknown, NotFound, ProError, SignInFailed
from pro_service.domain.letters import Letter
from pro_service.domain.participants import Contact, Participant
from pro_service.services import access, contacts, events, feeds, letters, ways_in
from pro_service.services.ways_in import WaysIn
from pro_service.services.work import Work
from pro_service.storage.audit import audit_event
from tests.support import people
from tests.support.clock import Clock

Begin = Callable[..., AbstractContextManager[Work]]
Enrol = Callable[..., Participant]
VISITOR = Actor("system", "web", "")
BORN = Contact(email="jan@example.org", birth_year=1961)
SUBSCRIPTION = '{"endpoint": "https://fcm.googleapis.com/x"}'


@pytest.fixture
def jan(enrolled: Enrol) -> Participant:
    return enrolled(contact=BORN)


def seen(work: Begin, whose: UUID, actor: Actor = people.coordinator_nki) -> WaysIn:
    with work(actor, writes=False) as w:
        return ways_in.of_participant(w, participant_id=whose)


def letter_for(work: Begin, whose: UUID) -> Letter:
    with work(people.coordinator_nki) as w:
        return letters.for_participant(w, participant_id=whose, base_url="https://pro.test")


def everything_for(work: Begin, whose: UUID) -> tuple[str, Letter, str]:
    """A link, a letter, a session, a calendar, a subscribed browser: the link's token, the letter, the calendar's."""
    with work(people.coordinator_nki) as w:
        link = access.mint_link(w, participant_id=whose)
    with work(VISITOR) as w:
        access.sign_in_with_link(w, token=link)
    with work(people.patient(whose)) as w:
        contacts.subscribe(w, participant_id=whose, subscription=SUBSCRIPTION)
        calendar = feeds.switch_on(w, participant_id=whose)
    return link, letter_for(work, whose), calendar


def counted(found: WaysIn) -> tuple[int, int, bool, bool]:
    return found.links, found.sessions, found.letter is not None, found.on_calendar


def test_what_there_is_is_counted_until_it_is_ended(
    work: Begin, jan: Participant, engine: Engine, clock: Clock
) -> None:
    before = seen(work, jan.id)
    assert counted(before) == (0, 0, False, False)
    assert before.year_known
    assert before.left > 1
    link, letter, calendar = everything_for(work, jan.id)
    assert counted(seen(work, jan.id)) == (2, 1, True, True)
    with work(people.coordinator_nki) as w:
        ended = access.revoke_all(w, participant_id=jan.id, reason="the phone was stolen")
    assert ended == access.Ended(links=2, sessions=1, calendars=1, devices=1)
    assert counted(seen(work, jan.id)) == (0, 0, False, False)
    for token in (link, letter.link.rpartition("/")[2]):
        with pytest.raises(LinkUnknown), work(VISITOR) as w:
            access.sign_in_with_link(w, token=token)
    with pytest.raises(SignInFailed), work(VISITOR) as w:
        letters.sign_in(w, code=letter.code, birth_year=1961)
    with pytest.raises(NotFound), work(people.nobody, writes=False) as w:
        feeds.reader(w, token=calendar)
    with work() as w:
        known = contacts.read(w, participant_id=jan.id)
    assert (known.push, known.email) == (None, BORN.email)
    with engine.connect() as connection:
        last = connection.execute(select(audit_event.c.changes).where(audit_event.c.action == "link.revoke")).one()
    assert {name: change[1] for name, change in last.changes.items()} == {
        "links_ended": 2, "sessions_ended": 1, "calendars_ended": 1, "devices_ended": 1,
    }  # fmt: skip
    clock.advance(seconds=1)
    assert letter_for(work, jan.id).code
    assert counted(seen(work, jan.id)) == (1, 0, True, False)


def test_a_session_that_is_over_is_not_counted(work: Begin, jan: Participant, clock: Clock) -> None:
    everything_for(work, jan.id)
    clock.advance(hours=2)
    assert seen(work, jan.id).sessions == 0


def test_ending_what_is_not_there_is_harmless_and_needs_a_reason(work: Begin, jan: Participant) -> None:
    with work(people.coordinator_nki) as w:
        assert access.revoke_all(w, participant_id=jan.id, reason="to be sure") == access.Ended(0, 0, 0, 0)
    with pytest.raises(Invalid) as refused, work(people.coordinator_nki) as w:
        access.revoke_all(w, participant_id=jan.id, reason=" ")
    assert [problem.field for problem in refused.value.problems] == ["reason"]


def test_the_newest_letter_is_told_of_with_its_code_and_its_lock(
    work: Begin, jan: Participant, enrolled: Enrol, clock: Clock
) -> None:
    letter_for(work, jan.id)
    clock.advance(days=1)
    one = letter_for(work, jan.id)
    for year in range(1950, 1955):
        with pytest.raises(SignInFailed), work(VISITOR) as w:
            letters.sign_in(w, code=one.code, birth_year=year)
    found = seen(work, jan.id)
    assert found.letter is not None
    assert (found.letter.created_at, found.letter.has_code, found.letter.locked_at) == (clock.now, True, clock.now)
    assert found.links == 1  # the letter before has ended
    piet = enrolled(contact=Contact(email="piet@example.org"))
    assert letter_for(work, piet.id).code == ""
    other = seen(work, piet.id)
    assert other.letter is not None
    assert (other.letter.has_code, other.year_known) == (False, False)


def test_after_the_end_nothing_is_made_and_links_are_counted_no_more(work: Begin, jan: Participant) -> None:
    everything_for(work, jan.id)
    with work() as w:
        events.record(w, participant_id=jan.id, kind="withdrawal", on=date(2026, 1, 12))
    found = seen(work, jan.id)
    assert (found.left, found.links, found.letter) == (0, 0, None)
    with pytest.raises(Conflict, match="nothing is left to answer for NKI-001"):
        letter_for(work, jan.id)


def test_who_may_not(work: Begin, jan: Participant) -> None:
    refused: list[tuple[Actor, type[ProError]]] = [
        (people.investigator, Forbidden),
        (people.nobody, Forbidden),
        (people.patient(jan.id), Forbidden),
        (Actor("staff", "x", "coordinator", "scopes", "lumc"), NotFound),
        (Actor("staff", "x", "coordinator", "another", ""), NotFound),
    ]
    for actor, error in refused:
        with pytest.raises(error):
            seen(work, jan.id, actor)
        with pytest.raises(error), work(actor) as w:
            letters.for_participant(w, participant_id=jan.id, base_url="https://pro.test")
        with pytest.raises(error), work(actor) as w:
            access.revoke_all(w, participant_id=jan.id, reason="because")

"""Letters: a link and a code on paper. Neither is stored as it is, and who guesses learns nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date

import pytest
from sqlalchemy import Engine, event, func, select

from pro_service.domain.audit import Actor
from pro_service.domain.errors import (
    Conflict,
    Forbidden,
    Invalid,
    LinkExpired,
    LinkUnknown,
    NotFound,
    ProError,
    SignInFailed,
    Unauthenticated,
)
from pro_service.domain.letters import Letter
from pro_service.domain.participants import Contact, Participant
from pro_service.services import access, contacts, events, letters
from pro_service.services.work import Work
from pro_service.storage.access import sign_in_link
from pro_service.storage.audit import audit_event
from pro_service.storage.letters import letter
from tests.support import people

Begin = Callable[..., AbstractContextManager[Work]]
Enrol = Callable[..., Participant]
VISITOR = Actor("system", "web", "")
URL = "https://pro.test"
BORN = Contact(name="Jan Jansen", email="jan@example.org", birth_year=1961)


def written(work: Begin, *codes: str, actor: Actor = people.everything) -> tuple[Letter, ...]:
    with work(actor) as w:
        return letters.write(w, study="scopes", base_url=URL, codes=codes)


def enter(work: Begin, code: str, year: int) -> access.SignedIn:
    with work(VISITOR) as w:
        return letters.sign_in(w, code=code, birth_year=year)


def token(one: Letter) -> str:
    return one.link.rpartition("/")[2]


@pytest.fixture
def jan(enrolled: Enrol) -> Participant:
    return enrolled(contact=BORN, language="nl")


def test_a_letter_lets_in_by_link_and_by_code(work: Begin, jan: Participant) -> None:
    (one,) = written(work)
    assert (one.participant, one.language, one.title) == (jan.code, "nl", "Uw vragenlijsten")
    with work(VISITOR) as w:
        assert access.sign_in_with_link(w, token=token(one)).participant_id == jan.id
    for typed in (one.code, one.code.lower().replace("-", " ")):
        assert enter(work, typed, 1961).participant_id == jan.id


def test_nothing_of_a_letter_is_in_the_database(work: Begin, engine: Engine, jan: Participant) -> None:
    (one,) = written(work)
    enter(work, one.code, 1961)
    with pytest.raises(SignInFailed):
        enter(work, one.code, 1962)
    with engine.connect() as connection:
        rows = [
            str(row) for table in (letter, sign_in_link, audit_event) for row in connection.execute(select(table)).all()
        ]
    stored = " ".join(rows)
    for secret in (one.code, one.code.replace("-", ""), token(one), "1961", "1962"):
        assert secret not in stored
    assert one.code not in repr(one)
    assert token(one) not in repr(one)
    assert jan.code in repr(one)


def test_without_a_year_of_birth_there_is_no_code(work: Begin, enrolled: Enrol) -> None:
    enrolled()
    (one,) = written(work)
    assert (one.code, one.typing) == ("", "")
    assert one.link.startswith(f"{URL}/l/")


def test_a_new_letter_ends_the_one_before_and_no_other_link(work: Begin, jan: Participant) -> None:
    with work() as w:
        mailed = access.mint_link(w, participant_id=jan.id)
    (old,), (new,) = written(work), written(work)
    with pytest.raises(LinkUnknown), work(VISITOR) as w:
        access.sign_in_with_link(w, token=token(old))
    with pytest.raises(SignInFailed):
        enter(work, old.code, 1961)
    for good in (mailed, token(new)):
        with work(VISITOR) as w:
            assert access.sign_in_with_link(w, token=good).participant_id == jan.id
    assert enter(work, new.code, 1961).participant_id == jan.id


def test_after_five_wrong_years_a_code_is_spoilt_and_its_link_is_not(work: Begin, jan: Participant) -> None:
    (one,) = written(work)
    for year in range(1950, 1955):
        with pytest.raises(SignInFailed):
            enter(work, one.code, year)
    with pytest.raises(SignInFailed):
        enter(work, one.code, 1961)
    with work(VISITOR) as w:
        assert access.sign_in_with_link(w, token=token(one)).participant_id == jan.id
    (new,) = written(work)
    assert enter(work, new.code, 1961).participant_id == jan.id


def test_the_right_year_forgives_the_wrong_ones_before_it(work: Begin, jan: Participant) -> None:
    (one,) = written(work)
    for _ in range(2):
        for year in range(1950, 1954):
            with pytest.raises(SignInFailed):
                enter(work, one.code, year)
        assert enter(work, one.code, 1961).participant_id == jan.id


def test_whoever_guesses_hears_the_same_and_makes_the_same_work(work: Begin, jan: Participant) -> None:
    """A code that nobody has, a wrong year, a locked code, one that was replaced: one sentence, the same statements."""
    del jan
    (old,), (one,) = written(work), written(work)
    unknown = "28T-5CY-4TH"
    told, steps = set(), {}
    for name, code, year in [("nobody's", unknown, 1961), ("wrong year", one.code, 1950), ("replaced", old.code, 1950)]:
        seen: list[str] = []
        with work(VISITOR) as w:
            event.listen(w.session, "before_cursor_execute", lambda _c, _cur, sql, *_m, to=seen: to.append(sql))
            with pytest.raises(SignInFailed) as failed:
                letters.sign_in(w, code=code, birth_year=year)
        told.add(str(failed.value))
        steps[name] = tuple(seen)
    assert len(told) == 1
    assert len(set(steps.values())) == 1


def test_every_failure_is_on_record(work: Begin, engine: Engine, jan: Participant) -> None:
    (one,) = written(work)
    for code in (one.code, "28T-5CY-4TH"):
        with pytest.raises(SignInFailed):
            enter(work, code, 1950)
    with engine.connect() as connection:
        query = select(audit_event.c.participant_id, audit_event.c.subject_id).where(
            audit_event.c.action == "letter.sign_in_failed"
        )
        rows = connection.execute(query.order_by(audit_event.c.id)).all()
        (letter_id,) = connection.execute(select(letter.c.id)).scalars()
    assert [tuple(row) for row in rows] == [(jan.id, str(letter_id)), (None, "unknown")]


def test_a_slip_of_the_pen_counts_for_nothing(work: Begin, engine: Engine, jan: Participant) -> None:
    del jan
    (one,) = written(work)
    with pytest.raises(Invalid):
        enter(work, one.code[:-1] + ("2" if one.code[-1] != "2" else "3"), 1961)
    with engine.connect() as connection:
        assert connection.execute(select(letter.c.failed_attempts)).scalar_one() == 0


def test_only_the_right_person_hears_that_all_is_done(work: Begin, jan: Participant) -> None:
    (one,) = written(work)
    with work() as w:
        events.record(w, participant_id=jan.id, kind="withdrawal", on=date(2026, 1, 12))
    with pytest.raises(LinkExpired):
        enter(work, one.code, 1961)
    with pytest.raises(SignInFailed):
        enter(work, one.code, 1950)


def test_a_corrected_year_counts_and_an_erased_person_has_none(work: Begin, jan: Participant) -> None:
    (one,) = written(work)
    with work() as w:
        contacts.save(w, participant_id=jan.id, contact=Contact(birth_year=1962))
    assert enter(work, one.code, 1962).participant_id == jan.id
    with work() as w:
        contacts.erase(w, participant_id=jan.id, reason="asked for it")
    with pytest.raises(SignInFailed):
        enter(work, one.code, 1962)


@pytest.mark.parametrize(
    ("actor", "codes", "error"),
    [
        (people.everything, ("NKI-404",), NotFound),
        (people.coordinator_nki, ("LUM-001",), NotFound),
        (people.investigator, (), Forbidden),
        (people.nobody, (), Forbidden),
    ],
)
def test_who_may_not_or_is_not_there(
    *, work: Begin, engine: Engine, jan: Participant, enrolled: Enrol, actor: Actor, codes: tuple[str, ...],
    error: type[ProError],
) -> None:  # fmt: skip
    del jan
    enrolled(code="LUM-001", site="lumc")
    with pytest.raises(error):
        written(work, *codes, actor=actor)
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(letter)).scalar_one() == 0


def test_a_coordinator_writes_those_of_the_own_site(work: Begin, jan: Participant, enrolled: Enrol) -> None:
    enrolled(code="LUM-001", site="lumc")
    assert [one.participant for one in written(work, actor=people.coordinator_nki)] == [jan.code]


def test_who_has_nothing_left_to_answer_gets_no_letter(work: Begin, jan: Participant, enrolled: Enrol) -> None:
    other = enrolled()
    with work() as w:
        events.record(w, participant_id=jan.id, kind="withdrawal", on=date(2026, 1, 12))
    assert [one.participant for one in written(work)] == [other.code]
    with pytest.raises(Conflict, match=jan.code):
        written(work, jan.code)


def test_revoking_ends_links_letters_and_sessions(work: Begin, jan: Participant) -> None:
    (one,) = written(work)
    session = enter(work, one.code, 1961).access_token
    with work(people.coordinator_nki) as w:
        access.revoke_all(w, participant_id=jan.id, reason="the letter was lost")
    with pytest.raises(SignInFailed):
        enter(work, one.code, 1961)
    with pytest.raises(LinkUnknown), work(VISITOR) as w:
        access.sign_in_with_link(w, token=token(one))
    with pytest.raises(Unauthenticated), work(VISITOR) as w:
        access.who(w, token=session)

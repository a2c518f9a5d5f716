"""Coming in: links that live until their work is done, sessions, and API keys with scopes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, event, func, select, text, update

from pro_service.domain.audit import Actor
from pro_service.domain.errors import (
    Conflict,
    Forbidden,
    Invalid,
    LinkExpired,
    LinkUnknown,
    NotFound,
    ProError,
    Unauthenticated,
)
from pro_service.services import access
from pro_service.services.work import Work
from pro_service.storage.access import session, sign_in_link
from pro_service.storage.assessments import assessment
from pro_service.storage.audit import audit_event
from pro_service.storage.metadata import new_id
from tests.storage.rows import NOON, a_participant, a_study, an_assessment, someone
from tests.support import people
from tests.support.clock import Clock

Begin = Callable[..., AbstractContextManager[Work]]
VISITOR = Actor("system", "web", "")


@pytest.fixture
def person(engine: Engine, clock: Clock) -> UUID:
    clock.set(NOON + timedelta(hours=1))
    return someone(engine)


@pytest.fixture
def baseline(engine: Engine, person: UUID) -> UUID:
    with engine.begin() as connection:
        return an_assessment(connection, person, days=7)


@pytest.fixture
def link(work: Begin, person: UUID, baseline: UUID) -> str:
    with work() as w:
        return access.mint_link(w, participant_id=person, assessment_ids=[baseline])


def set_facts(engine: Engine, assessment_id: UUID, **facts: object) -> None:
    if not facts:
        return
    with engine.begin() as connection:
        connection.execute(update(assessment).where(assessment.c.id == assessment_id).values(**facts))


def rows(engine: Engine) -> tuple[int, ...]:
    with engine.connect() as connection:
        return tuple(
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (session, sign_in_link, audit_event)
        )


# A link: opening it changes nothing, and it may be used as often as there is something to do.


def test_opening_a_link_writes_nothing_and_spends_nothing(work: Begin, engine: Engine, link: str) -> None:
    before = rows(engine)
    for _ in range(3):
        with work(VISITOR, writes=False) as w:
            assert access.link_state(w, token=link) == "usable"
    assert rows(engine) == before


def test_a_link_signs_in_as_often_as_it_lives(work: Begin, link: str, person: UUID) -> None:
    tokens = set()
    for _ in range(3):
        with work(VISITOR) as w:
            signed_in = access.sign_in_with_link(w, token=link)
        assert (signed_in.participant_id, signed_in.participant_code) == (person, "NKI-001")
        tokens.add(signed_in.access_token)
    assert len(tokens) == 3
    with work(VISITOR, writes=False) as w:
        actors = {access.who(w, token=token) for token in tokens}
    assert actors == {Actor("participant", str(person), "participant", "scopes", "nki")}


@pytest.mark.parametrize(
    ("facts", "after", "state"),
    [
        ({}, timedelta(0), "usable"),
        ({}, timedelta(days=6), "usable"),
        ({}, timedelta(days=7), "expired"),
        ({"started_at": NOON}, timedelta(days=7) - timedelta(minutes=30), "usable"),
        ({"started_at": NOON}, timedelta(days=7), "expired"),
        ({"submitted_at": NOON}, timedelta(0), "expired"),
        ({"cancelled_at": NOON}, timedelta(0), "expired"),
        ({"opens_at": NOON + timedelta(days=30), "closes_at": NOON + timedelta(days=40)}, timedelta(days=20), "usable"),
        ({"opens_at": None, "due_at": None, "closes_at": None}, timedelta(days=90), "usable"),
    ],
)
def test_a_link_lives_until_its_work_is_done(
    *,
    work: Begin,
    engine: Engine,
    clock: Clock,
    link: str,
    baseline: UUID,
    facts: dict[str, object],
    after: timedelta,
    state: str,
) -> None:
    set_facts(engine, baseline, **facts)
    clock.set(NOON + timedelta(hours=1) + after)
    with work(VISITOR, writes=False) as w:
        assert access.link_state(w, token=link) == state
    if state == "expired":
        with pytest.raises(LinkExpired), work(VISITOR) as w:
            access.sign_in_with_link(w, token=link)


def test_a_link_for_two_lives_until_both_are_done(work: Begin, engine: Engine, person: UUID, baseline: UUID) -> None:
    with engine.begin() as connection:
        second = an_assessment(connection, person, "month_3")
    with work() as w:
        token = access.mint_link(w, participant_id=person, assessment_ids=[baseline, second])
    for done, state in [(baseline, "usable"), (second, "expired")]:
        set_facts(engine, done, submitted_at=NOON)
        with work(VISITOR, writes=False) as w:
            assert access.link_state(w, token=token) == state


def test_a_link_without_names_is_for_all_that_is_unfinished(
    work: Begin, engine: Engine, person: UUID, baseline: UUID
) -> None:
    with engine.begin() as connection:
        an_assessment(connection, person, "month_3")
    set_facts(engine, baseline, submitted_at=NOON)
    with work() as w:
        token = access.mint_link(w, participant_id=person)
        assert access.link_state(w, token=token) == "usable"


@pytest.mark.parametrize("token", ["", "nonsense", "x" * 43, "pro_x", "\0", "é" * 200])
def test_a_forged_link_is_unknown(work: Begin, link: str, token: str) -> None:
    with pytest.raises(LinkUnknown), work(VISITOR, writes=False) as w:
        access.link_state(w, token=token)
    with pytest.raises(LinkUnknown), work(VISITOR) as w:
        access.sign_in_with_link(w, token=token)
    assert token != link


def test_a_revoked_link_is_as_unknown_as_a_forged_one(work: Begin, engine: Engine, link: str) -> None:
    with engine.begin() as connection:
        connection.execute(update(sign_in_link).values(revoked_at=NOON))
    with pytest.raises(LinkUnknown), work(VISITOR, writes=False) as w:
        access.link_state(w, token=link)


def test_who_may_mint_a_link_and_for_what(work: Begin, engine: Engine, person: UUID, baseline: UUID) -> None:
    def mint(actor: Actor, *assessment_ids: UUID) -> None:
        with work(actor) as w:
            access.mint_link(w, participant_id=person, assessment_ids=assessment_ids)

    mint(people.coordinator_nki, baseline)
    mint(people.system, baseline)
    elsewhere = Actor("staff", "x", "coordinator", "scopes", "lumc")
    refused: list[tuple[Actor, UUID, type[ProError]]] = [
        (people.investigator, baseline, Forbidden),
        (elsewhere, baseline, NotFound),
        (people.patient(person), baseline, Forbidden),
        (people.everything, new_id(), NotFound),
    ]
    for actor, wanted, error in refused:
        with pytest.raises(error):
            mint(actor, wanted)
    set_facts(engine, baseline, submitted_at=NOON)
    with pytest.raises(Conflict, match="nothing left to answer"):
        mint(people.everything)


# Tokens.


def test_an_api_key_may_do_what_its_scopes_say_until_it_ends(work: Begin, clock: Clock) -> None:
    with work() as w:
        key = access.create_api_key(
            w, label="import", role="coordinator", scopes=["participants.*"], study="scopes", site="nki",
            expires_at=clock() + timedelta(days=1),
        )  # fmt: skip
    assert key.startswith("pro_")
    with work(VISITOR, writes=False) as w:
        actor = access.who(w, token=key)
    assert (actor.kind, actor.role, actor.study, actor.site) == ("api_key", "coordinator", "scopes", "nki")
    assert actor.scopes == {"participants.*"}
    clock.advance(days=1)
    with pytest.raises(Unauthenticated), work(VISITOR, writes=False) as w:
        access.who(w, token=key)


@pytest.mark.parametrize(
    ("change", "field"), [({"role": "king"}, "role"), ({"scopes": ["fly"]}, "scopes"), ({"scopes": []}, "scopes")]
)
def test_a_key_that_will_not_do(work: Begin, change: dict[str, object], field: str) -> None:
    facts: dict[str, object] = {"label": "x", "role": "monitor", "scopes": ["*"], **change}
    with pytest.raises(Invalid) as caught, work() as w:
        access.create_api_key(w, **facts)  # type: ignore[arg-type]  # a table of cases
    assert [problem.field for problem in caught.value.problems] == [field]


@pytest.mark.parametrize("token", ["", "x", "pro_", "pro_" + "x" * 43, "\0"])
def test_a_token_nobody_gave_out_is_nobody(work: Begin, token: str) -> None:
    with pytest.raises(Unauthenticated), work(VISITOR, writes=False) as w:
        access.who(w, token=token)


def test_signing_out_ends_the_session_and_is_harmless_twice(work: Begin, link: str) -> None:
    with work(VISITOR) as w:
        token = access.sign_in_with_link(w, token=link).access_token
    for _ in range(2):
        with work(VISITOR) as w:
            access.sign_out(w, token=token)
    with pytest.raises(Unauthenticated), work(VISITOR, writes=False) as w:
        access.who(w, token=token)


def test_no_token_is_stored_or_logged(work: Begin, engine: Engine, link: str) -> None:
    with work() as w:
        token = access.sign_in_with_link(w, token=link).access_token
        key = access.create_api_key(w, label="x", role="monitor", scopes=["*"])
    with engine.connect() as connection:
        stored = [
            str(row)
            for table in ("session", "sign_in_link", "api_key", "audit_event")
            for row in connection.execute(text(f"SELECT * FROM {table}"))
        ]
    assert stored
    assert not [row for row in stored for secret in (link, token, key, key.removeprefix("pro_")) if secret in row]


def test_who_is_one_query(work: Begin, engine: Engine, link: str) -> None:
    with work(VISITOR) as w:
        token = access.sign_in_with_link(w, token=link).access_token
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *about: statements.append(about[2]))
    with work(VISITOR, writes=False) as w:
        access.who(w, token=token)
    assert len(statements) == (1 if engine.dialect.name == "sqlite" else 0)  # there it goes straight to the driver


def test_a_participant_of_another_study_is_another_person(work: Begin, engine: Engine, person: UUID) -> None:
    with engine.begin() as connection:
        other = a_participant(connection, *a_study(connection, "other"))
        theirs = an_assessment(connection, other)
    with pytest.raises(NotFound), work() as w:
        access.mint_link(w, participant_id=person, assessment_ids=[theirs])


# A session of a patient: kept by answering, ended by silence, by a day, and by having sent everything.


def test_a_session_lasts_while_there_is_something_going_on(work: Begin, link: str, clock: Clock) -> None:
    hour = timedelta(hours=1)
    with work(VISITOR) as w:
        token = access.sign_in_with_link(w, token=link, idle=hour).access_token
    for _ in range(4):
        clock.advance(minutes=50)
        with work(VISITOR) as w:
            access.who(w, token=token, keep_for=hour)
    clock.advance(minutes=50)
    with work(VISITOR, writes=False) as w:
        access.who(w, token=token)
    clock.advance(minutes=10)
    with pytest.raises(Unauthenticated), work(VISITOR) as w:
        access.who(w, token=token, keep_for=hour)


@pytest.mark.parametrize("idle", [timedelta(minutes=5), timedelta(hours=1), timedelta(hours=8)])
@pytest.mark.parametrize("moment", [0.0, 0.08, 0.24, 0.26, 0.7])
def test_a_session_lasts_as_long_as_is_said_to_be_sure(
    work: Begin, link: str, clock: Clock, idle: timedelta, moment: float
) -> None:
    """At whatever moment of it the last answer came: the page asks then whether somebody is still there."""
    with work(VISITOR) as w:
        token = access.sign_in_with_link(w, token=link, idle=idle).access_token
    clock.advance(seconds=idle.total_seconds() * moment)
    with work(VISITOR) as w:
        access.who(w, token=token, keep_for=idle)
    clock.advance(seconds=access.surely_kept(idle).total_seconds())
    with work(VISITOR, writes=False) as w:
        access.who(w, token=token)


def test_no_session_lasts_longer_than_a_day(work: Begin, link: str, clock: Clock) -> None:
    with work(VISITOR) as w:
        signed_in = access.sign_in_with_link(w, token=link)
    assert signed_in.latest_at - signed_in.expires_at == timedelta(hours=23)
    for _ in range(47):
        clock.advance(minutes=30)
        with work(VISITOR) as w:
            access.who(w, token=signed_in.access_token, keep_for=timedelta(hours=1))
    clock.advance(minutes=30)
    with pytest.raises(Unauthenticated), work(VISITOR) as w:
        access.who(w, token=signed_in.access_token, keep_for=timedelta(hours=1))


@pytest.mark.parametrize(
    ("facts", "other", "ended"),
    [
        ({}, {}, 0),
        ({"submitted_at": 1}, {"submitted_at": 1}, 1),
        ({"submitted_at": 1}, {"cancelled_at": 1}, 1),
        ({"submitted_at": 1}, {}, 0),
        ({"submitted_at": 8}, {"submitted_at": 8}, 0),
        ({"submitted_at": -60}, {"submitted_at": -60}, 0),
    ],
)
def test_a_session_ends_soon_after_the_last_open_form_was_sent(
    *, work: Begin, engine: Engine, clock: Clock, person: UUID, baseline: UUID, link: str, facts: dict[str, int],
    other: dict[str, int], ended: int,
) -> None:  # fmt: skip
    """Minutes from the sign-in; it is ten minutes later. What was sent before it is no reason to end it."""
    with engine.begin() as connection:
        second = an_assessment(connection, person, days=7, timepoint="month_3")
    begun = clock.now
    with work(VISITOR) as w:
        token = access.sign_in_with_link(w, token=link).access_token
    for one, minutes in ((baseline, facts), (second, other)):
        set_facts(engine, one, **{name: begun + timedelta(minutes=n) for name, n in minutes.items()})
    clock.advance(minutes=10)
    with work(people.system) as w:
        assert access.end_finished(w) == ended
    with work(VISITOR, writes=False) as w:
        if ended:
            with pytest.raises(Unauthenticated):
                access.who(w, token=token)
        else:
            access.who(w, token=token)
    with work(people.system) as w:
        assert access.end_finished(w) == 0

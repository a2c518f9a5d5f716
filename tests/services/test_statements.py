"""How many SQL statements the busy verbs take: a budget, so that no query in a loop can creep in.

Counted as round trips are made: a statement that stores many rows counts once. BEGIN and COMMIT are not counted.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event

from pro_service.domain.errors import NotFound
from pro_service.domain.participants import Participant
from pro_service.domain.responses import Draft
from pro_service.services import access, assessments, events, participants, preferences, responses, wording
from pro_service.services.work import Work
from pro_service.storage.wordings import FRESH
from tests.services.forms import QLQ, THIRTY, Begin, Enrol, assessment
from tests.support import people
from tests.support.clock import Clock


@pytest.fixture
def anna(enrolled: Enrol, work: Begin) -> Participant:
    """Enrolled in a study whose protocol and wording this process has read, as it has after its first request."""
    person = enrolled()
    with work(people.system, writes=False) as w:
        assessments.listing(w, participant_id=person.id)
        wording.shown(w, w.catalogue[QLQ])
    return person


@contextmanager
def counted(work: Work, verbs: str) -> Iterator[None]:
    """Asserts the first words of the statements that reach the database, such as 'SELECT INSERT INSERT'."""
    seen: list[str] = []
    if work.session.dialect.name == "sqlite":
        event.listen(work.session, "before_cursor_execute", lambda _connection, _cursor, sql, *_more: seen.append(sql))
        yield
    else:
        driver: Any = work.session.connection.driver_connection
        prepared = dict(driver.execute("SELECT name, statement FROM pg_prepared_statements").fetchall())
        with tempfile.TemporaryFile("w+") as spoken:
            driver.pgconn.trace(spoken.fileno())
            driver.pgconn.set_trace_flags(psycopg.pq.Trace.SUPPRESS_TIMESTAMPS)
            yield
            driver.pgconn.untrace()
            spoken.seek(0)
            seen += trips(spoken, prepared)
    assert " ".join(statement.split(maxsplit=1)[0] for statement in seen) == verbs


FRONTEND = re.compile(r'F\t\d+\t(Parse|Bind|Query|Sync)\t?(?: "([^"]*)"?)?(?: "([^"]*))?')


def trips(spoken: Iterable[str], prepared: dict[str, str]) -> Iterator[str]:
    """The statement of each round trip in what libpq wrote down of a conversation; many rows at once are one trip."""
    bound = False
    for line in spoken:
        said = FRONTEND.match(line)
        if said is None:
            continue
        kind, first, second = said.groups()
        if kind == "Parse":
            prepared[first] = second
        elif kind == "Bind" and not bound:
            bound = True
            yield prepared[second]
        elif kind == "Sync":
            bound = False
        elif kind == "Query" and first not in {"BEGIN", "COMMIT", "ROLLBACK"}:
            yield first


WRITE = {"postgresql": "WITH", "sqlite": "UPDATE INSERT INSERT"}
"""The assessment, the responses and the audit line: one statement on PostgreSQL."""


def test_submitting_thirty_answers_takes_two(work: Begin, anna: Participant, engine: Engine) -> None:
    """Read; write."""
    one = assessment(work, anna)
    with work(people.patient(anna.id)) as w, counted(w, f"SELECT {WRITE[engine.dialect.name]}"):
        responses.submit(w, assessment_id=one.id, drafts={QLQ: Draft(THIRTY)})
    with work(people.patient(anna.id)) as w, counted(w, "SELECT"):
        responses.submit(w, assessment_id=one.id, drafts={QLQ: Draft(THIRTY)})


def signed_in(work: Begin, anna: Participant) -> str:
    with work(people.everything) as w:
        token = access.mint_link(w, participant_id=anna.id)
        return access.sign_in_with_link(w, token=token).access_token


def test_asking_who_it_is_reads_the_sheet_along(work: Begin, anna: Participant, engine: Engine) -> None:
    one, token = assessment(work, anna), signed_in(work, anna)
    with work(people.system) as w, counted(w, f"SELECT {WRITE[engine.dialect.name]}"):
        me = replace(w, actor=access.who(w, token=token, assessment_id=one.id))
        responses.submit(me, assessment_id=one.id, drafts={QLQ: Draft(THIRTY)})


def test_a_sheet_read_along_is_used_once_and_never_after_a_write(work: Begin, anna: Participant) -> None:
    one, token = assessment(work, anna), signed_in(work, anna)
    with work(people.system) as w:
        me = replace(w, actor=access.who(w, token=token, assessment_id=one.id))
        responses.save(me, assessment_id=one.id, instrument=QLQ, answers={"q1": 1}, revision=0)
        again = responses.save(me, assessment_id=one.id, instrument=QLQ, answers={"q2": 2}, revision=1)
        assert again.answers == {"q1": 1, "q2": 2}
    with work(people.system) as w:
        me = replace(w, actor=access.who(w, token=token, assessment_id=one.id))
        preferences.change(me, participant_id=anna.id, channels={}, choices={"text_size": "large"})
        assert assessments.form(me, assessment_id=one.id).participant.preferences["text_size"] == "large"


def test_a_sheet_of_somebody_else_is_not_read_along(work: Begin, enrolled: Enrol, anna: Participant) -> None:
    theirs, token = assessment(work, enrolled()), signed_in(work, anna)
    with work(people.system) as w:
        me = replace(w, actor=access.who(w, token=token, assessment_id=theirs.id))
        with pytest.raises(NotFound):
            responses.submit(me, assessment_id=theirs.id, drafts={QLQ: Draft(THIRTY)})


def test_submitting_every_questionnaire_takes_no_more(work: Begin, anna: Participant, engine: Engine) -> None:
    one = assessment(work, anna)
    drafts = {QLQ: Draft(THIRTY), "eq-5d-5l": Draft({"MO": 1, "VAS": 80}), "tess-le": Draft({"q1": 5, "q2": "na"})}
    with work(people.patient(anna.id)) as w, counted(w, f"SELECT {WRITE[engine.dialect.name]}"):
        responses.submit(w, assessment_id=one.id, drafts=drafts)


def test_submitting_what_was_saved_before_takes_one_more(work: Begin, anna: Participant, engine: Engine) -> None:
    """What waits to be scored from now on is marked."""
    one = assessment(work, anna)
    with work(people.patient(anna.id)) as w:
        responses.save(w, assessment_id=one.id, instrument=QLQ, answers=THIRTY, revision=0)
    written = {"postgresql": "WITH", "sqlite": "UPDATE INSERT"}[engine.dialect.name]
    with work(people.patient(anna.id)) as w, counted(w, f"SELECT {written} UPDATE"):
        responses.submit(w, assessment_id=one.id)


def test_saving_takes_two(work: Begin, anna: Participant, engine: Engine) -> None:
    one = assessment(work, anna)
    with work(people.patient(anna.id)) as w, counted(w, f"SELECT {WRITE[engine.dialect.name]}"):
        responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q1": 1}, revision=0)
    with work(people.patient(anna.id)) as w, counted(w, f"SELECT {WRITE[engine.dialect.name]}"):
        responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q2": 1, "q3": 1}, revision=1)
    with work(people.patient(anna.id)) as w, counted(w, "SELECT"):
        responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q2": 1}, revision=0)


def test_showing_a_form_or_a_list_takes_a_handful(work: Begin, anna: Participant) -> None:
    one = assessment(work, anna)
    with work(people.patient(anna.id), writes=False) as w, counted(w, "SELECT"):
        assessments.form(w, assessment_id=one.id)
    with work(people.patient(anna.id), writes=False) as w, counted(w, "SELECT SELECT SELECT"):
        assessments.listing(w, participant_id=anna.id)


def test_looking_for_new_wording_takes_one_more_every_few_seconds(work: Begin, anna: Participant, clock: Clock) -> None:
    one = assessment(work, anna)
    clock.advance(seconds=FRESH.total_seconds())
    for statements in ("SELECT SELECT", "SELECT"):
        with work(people.patient(anna.id), writes=False) as w, counted(w, statements):
            assessments.form(w, assessment_id=one.id)


def test_moving_an_event_takes_the_same_however_much_moves(work: Begin, anna: Participant) -> None:
    steps = "SELECT SELECT SELECT INSERT INSERT UPDATE INSERT"
    with work(people.coordinator_nki) as w, counted(w, steps):
        events.record(w, participant_id=anna.id, kind="surgery", on=date(2026, 2, 20), actual=False)
    with work(people.coordinator_nki) as w, counted(w, steps):
        events.record(w, participant_id=anna.id, kind="death", on=date(2026, 1, 12))


@pytest.mark.parametrize("count", [1, 9])
def test_a_page_of_people_takes_two(work: Begin, enrolled: Enrol, count: int) -> None:
    for _ in range(count):
        enrolled()
    with work(people.everything, writes=False) as w, counted(w, "SELECT SELECT"):
        assert len(participants.listing(w, study="scopes")) == count


def test_closing_what_is_overdue_takes_one(work: Begin, enrolled: Enrol, clock: Clock) -> None:
    for _ in range(3):
        person = enrolled()
        with work(people.patient(person.id)) as w:
            one = assessments.listing(w, participant_id=person.id)[0].assessment
            responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q1": 1}, revision=0)
    clock.advance(days=60)
    with work(people.system) as w, counted(w, "UPDATE"):
        assert assessments.close_overdue(w, limit=100) == 3

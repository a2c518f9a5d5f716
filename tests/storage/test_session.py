"""The unit of work: what commits, what refuses to, and what a database's complaints become."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import Connection, Engine, bindparam, func, insert, literal, select, text, update

from pro_service.domain.audit import AuditEvent
from pro_service.domain.errors import AlreadyEnrolled, Conflict, Invalid, ProError, SignInFailed, Unaudited, Unavailable
from pro_service.storage import audit
from pro_service.storage.access import staff
from pro_service.storage.audit import heartbeat
from pro_service.storage.complaints import NAMED
from pro_service.storage.engine import make_engine
from pro_service.storage.metadata import new_id
from pro_service.storage.migrations.models import metadata
from pro_service.storage.prepared import Prepared
from pro_service.storage.session import Session, unit_of_work
from pro_service.storage.studies import study
from tests.storage.rows import NOON, a_participant, a_study, an_assessment
from tests.support import people

EVENT = AuditEvent("test", "study", "x")


def add_study(session: Session, code: str = "one") -> None:
    session.execute(insert(study), {"id": new_id(), "code": code, "created_at": NOON})


def record(session: Session) -> None:
    audit.append(session, [EVENT], actor=people.everything, at=NOON)


def studies(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(study)).scalar_one()


def insert_text(session: Session) -> None:
    session.execute(
        text("INSERT INTO study (id, code, created_at) VALUES (:id, 'raw', :at)"),
        {"id": new_id().hex, "at": NOON.isoformat()},
    )


def update_returning(session: Session) -> None:
    add_study(session, "two")
    session.execute(update(study).values(code="three").returning(study.c.id)).all()


ADD_STUDY = Prepared(insert(study))


def add_prepared(session: Session) -> None:
    ADD_STUDY.run(session, {"id": new_id(), "code": "prepared", "created_at": NOON})


def writing_cte(session: Session) -> None:
    made = insert(study).values(id=new_id(), code="cte", created_at=NOON).returning(study.c.id).cte("made")
    session.execute(select(made.c.id)).all()


@pytest.mark.parametrize("write", [add_study, add_prepared, insert_text, update_returning])
def test_a_write_without_an_audit_line_does_not_commit(engine: Engine, write: Callable[[Session], None]) -> None:
    with pytest.raises(Unaudited, match="study changed without an audit line"), unit_of_work(engine) as session:
        write(session)
    assert studies(engine) == 0


def test_a_write_inside_a_query_is_seen(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        return  # SQLite has no writing CTEs
    with pytest.raises(Unaudited), unit_of_work(engine) as session:
        writing_cte(session)


@pytest.mark.parametrize("write", [add_study, add_prepared, insert_text, update_returning])
def test_a_write_with_an_audit_line_commits(engine: Engine, write: Callable[[Session], None]) -> None:
    with unit_of_work(engine) as session:
        write(session)
        record(session)
    assert studies(engine) == 1


def test_bookkeeping_needs_no_audit_line(engine: Engine) -> None:
    with unit_of_work(engine) as session:
        session.execute(insert(heartbeat), {"process": "beat", "at": NOON})
        session.execute(
            insert(study),
            {"id": new_id(), "code": "one", "created_at": NOON},
            execution_options={"housekeeping": True},
        )
    assert studies(engine) == 1


def test_a_change_of_nothing_needs_no_audit_line(engine: Engine) -> None:
    with unit_of_work(engine) as session:
        assert session.execute(update(study).values(code="none").returning(study.c.id)).all() == []
        assert session.execute(update(study).values(code="none")).rowcount == 0


@pytest.mark.parametrize("write", [add_study, add_prepared, insert_text])
def test_a_reading_transaction_cannot_write(engine: Engine, write: Callable[[Session], None]) -> None:
    with pytest.raises(Unaudited, match="opened for reading"), unit_of_work(engine, writes=False) as session:
        write(session)
    assert studies(engine) == 0


def fail(engine: Engine, error: ProError, then: Callable[[Session], None]) -> None:
    """Write, do something more, and fail."""
    with unit_of_work(engine) as session:
        add_study(session)
        then(session)
        raise error


def test_an_error_takes_everything_back(engine: Engine) -> None:
    with pytest.raises(Conflict):
        fail(engine, Conflict("no"), record)
    assert studies(engine) == 0


def test_an_error_that_must_leave_a_trace_does(engine: Engine) -> None:
    with pytest.raises(SignInFailed):
        fail(engine, SignInFailed("no"), record)
    assert studies(engine) == 1


def test_a_trace_needs_its_audit_line_too(engine: Engine) -> None:
    with pytest.raises(Unaudited):
        fail(engine, SignInFailed("no"), lambda session: None)
    assert studies(engine) == 0


def second_participant(connection: Connection) -> None:
    ids = a_study(connection)
    a_participant(connection, *ids)
    a_participant(connection, *ids)


def second_assessment(connection: Connection) -> None:
    person = a_participant(connection, *a_study(connection))
    an_assessment(connection, person)
    an_assessment(connection, person)


def second_heartbeat(connection: Connection) -> None:
    connection.execute(insert(heartbeat), {"process": "beat", "at": NOON})
    connection.execute(insert(heartbeat), {"process": "beat", "at": NOON})


def nobodys_assessment(connection: Connection) -> None:
    an_assessment(connection, new_id())


@pytest.mark.parametrize(
    ("write", "kind", "message"),
    [
        (second_participant, AlreadyEnrolled, "already enrolled"),
        (second_assessment, Conflict, "this assessment exists already"),
        (second_heartbeat, Conflict, "this exists already"),
        (nobodys_assessment, Conflict, "refers to something that does not exist"),
    ],
)
def test_a_broken_rule_is_a_conflict_that_tells_no_values(
    engine: Engine, write: Callable[[Connection], None], kind: type[Conflict], message: str
) -> None:
    with pytest.raises(kind, match=message) as caught, unit_of_work(engine) as session:
        write(session)
    assert type(caught.value) is kind
    assert "NKI-001" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_every_complaint_with_words_of_its_own_is_about_a_constraint_there_is() -> None:
    names = {str(rule.name) for table in metadata.tables.values() for rule in table.constraints}
    assert set(NAMED) <= names


def test_a_missing_value_is_our_own_fault_not_a_conflict(engine: Engine) -> None:
    with pytest.raises(Exception, match=r"(?i)null") as caught, unit_of_work(engine) as session:
        session.execute(insert(staff), {"id": new_id(), "email": None})
    assert not isinstance(caught.value, Conflict)


@pytest.mark.parametrize("code", ["a\0b", "\ud800"])
def test_a_text_that_cannot_be_stored_is_invalid(engine: Engine, code: str) -> None:
    if engine.dialect.name == "sqlite" and "\0" in code:
        return  # SQLite stores it
    with pytest.raises(Invalid, match="cannot be stored"), unit_of_work(engine) as session:
        add_study(session, code)


def test_a_number_out_of_range_is_invalid(engine: Engine) -> None:
    with pytest.raises(Invalid, match="cannot be stored"), unit_of_work(engine) as session:
        session.execute(update(staff).values(totp_last_step=2**70))


def test_when_every_connection_is_taken_the_next_one_is_told_so(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"POOL_SIZE": 1, "MOST_CONNECTIONS": 1, "POOL_SECONDS": 0.05}.items():
        monkeypatch.setattr(f"pro_service.storage.engine.{name}", value)
    crowded = make_engine(engine.url.render_as_string(hide_password=False))
    with unit_of_work(crowded), pytest.raises(Unavailable, match="too busy"), unit_of_work(crowded, writes=False):
        pass
    crowded.dispose()


def test_an_unmigrated_database_says_what_to_do(engine: Engine) -> None:
    with pytest.raises(Unavailable, match="pro db upgrade"), unit_of_work(engine) as session:
        session.execute(text("SELECT * FROM no_such_table"))


@pytest.mark.parametrize("url", ["postgresql://nobody@127.0.0.1:1/none", "sqlite:////proc/none/pro.sqlite"])
def test_a_database_that_does_not_answer_is_unavailable(url: str) -> None:
    if url.startswith("sqlite"):
        with pytest.raises(OSError, match="none"):
            make_engine(url)
        return
    with pytest.raises(Unavailable), unit_of_work(make_engine(url)) as session:
        session.execute(text("SELECT 1"))


def test_two_writers_queue_and_none_is_lost(engine: Engine) -> None:
    """Each reads the newest code and adds one of its own: begun plainly, SQLite would refuse half of them."""
    start = threading.Barrier(4)

    def write(name: str) -> None:
        start.wait()
        for number in range(5):
            with unit_of_work(engine) as session:
                session.execute(select(func.max(study.c.code))).scalar_one()
                add_study(session, f"{name}{number}")
                record(session)

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert studies(engine) == 20


def test_a_reader_does_not_wait_for_a_writer(engine: Engine) -> None:
    with unit_of_work(engine) as writing, unit_of_work(engine, writes=False) as reading:
        add_study(writing)
        assert reading.execute(select(func.count()).select_from(study)).scalar_one() == 0
        record(writing)


AUDITED_STUDY = Prepared(
    select(literal(1)).add_cte(
        insert(study).values(id=bindparam("id", type_=study.c.id.type), code="own", created_at=NOON).cte("made"),
        insert(audit.audit_event).values(**audit.values(EVENT, people.everything, NOON)).cte("noted"),
    )
)


def close_and_write_on(engine: Engine) -> None:
    with unit_of_work(engine) as session:
        AUDITED_STUDY.rows(session, {"id": new_id()}, closing=True)
        assert session.execute(select(study.c.code)).scalar_one() == "own"
        add_study(session, "apart")


def write_close_and_fail(engine: Engine) -> None:
    with unit_of_work(engine) as session:
        add_study(session, "before")
        AUDITED_STUDY.rows(session, {"id": new_id()}, closing=True)
        raise Conflict("no")


def test_a_closing_statement_is_its_own_transaction(engine: Engine) -> None:
    """It stands even where what comes after fails, so nothing may be written after it."""
    if engine.dialect.name == "sqlite":
        return  # SQLite has no writing CTEs
    with pytest.raises(Unaudited, match="last write"):
        close_and_write_on(engine)
    assert studies(engine) == 1


def test_a_closing_statement_joins_the_transaction_that_has_begun(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        return  # SQLite has no writing CTEs
    with pytest.raises(Conflict):
        write_close_and_fail(engine)
    assert studies(engine) == 0

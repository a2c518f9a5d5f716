"""Migrations: head equals models, data survives, and the database itself refuses to rewrite history."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, insert, select, text, update

from pro_service.domain.audit import AuditEvent
from pro_service.domain.errors import Conflict
from pro_service.storage import audit, inspection, migrations
from pro_service.storage.assessments import assessment
from pro_service.storage.attempts import delivery_attempt
from pro_service.storage.audit import audit_seal
from pro_service.storage.deliveries import delivery
from pro_service.storage.engine import make_engine
from pro_service.storage.events import trial_event
from pro_service.storage.metadata import new_id
from pro_service.storage.responses import correction, response
from pro_service.storage.scores import score_set
from pro_service.storage.session import unit_of_work
from tests.storage.rows import NOON, a_participant, a_study, an_assessment
from tests.support import people


def history(connection: Connection) -> UUID:
    """One row in every table that may not be rewritten; the id of the response."""
    person = a_participant(connection, *a_study(connection))
    answered = new_id()
    connection.execute(
        insert(trial_event),
        {
            "participant_id": person,
            "kind": "surgery",
            "on_date": NOON.date(),
            "actual": True,
            "recorded_at": NOON,
            "recorded_by": "x",
        },
    )
    connection.execute(
        insert(response),
        {
            "id": answered,
            "assessment_id": an_assessment(connection, person),
            "instrument": "eq-5d-5l",
            "instrument_version": "1",
            "language": "en",
            "answers": {"mobility": 1},
            "stamps": {},
            "revision": 1,
            "created_at": NOON,
            "updated_at": NOON,
        },
    )
    facts = {"response_id": answered, "revision": 1}
    connection.execute(
        insert(correction),
        {**facts, "before": {}, "after": {}, "corrected_by": "x", "corrected_at": NOON, "reason": "typing error"},
    )
    scales = {
        "index": {"value": 0.5, "n_answered": 5, "n_items": 5},
        "vas": {"value": None, "n_answered": 0, "n_items": 1},
        "profile": {"value": "11121", "n_answered": 5, "n_items": 5},
        "band": {"value": "mild", "n_answered": 5, "n_items": 5},
    }
    scored = {"instrument": "eq-5d-5l", "instrument_version": "1", "scorer_version": "1", "missing_rule": "none"}
    connection.execute(insert(score_set), {**facts, **scored, "input_hash": "0", "scales": scales, "computed_at": NOON})
    audit.append(connection, [AuditEvent("test", "study", "x")], actor=people.everything, at=NOON)
    seal = {"first_id": 1, "last_id": 1, "digests": b"", "hash": "0", "sealed_at": NOON}
    connection.execute(insert(audit_seal), seal)
    return answered


def rewrites() -> list[tuple[str, str]]:
    return [
        (table, statement)
        for table in inspection.GUARDED
        for statement in (f"UPDATE {table} SET {column(table)} = {column(table)}", f"DELETE FROM {table}")
    ]


def column(table: str) -> str:
    return {"audit_seal": "hash", "study_version": "document", "score_set": "scales"}.get(table, "reason")


@pytest.mark.parametrize(("table", "statement"), rewrites(), ids=lambda value: value.replace(" ", "-"))
def test_history_cannot_be_rewritten(engine: Engine, table: str, statement: str) -> None:
    with engine.begin() as connection:
        history(connection)
    with pytest.raises(Conflict, match=r"append-only|immutable"), unit_of_work(engine) as session:
        session.execute(text(statement))
    with engine.connect() as connection:
        assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 1


@pytest.mark.parametrize("table", inspection.GUARDED)
def test_history_cannot_be_truncated(engine: Engine, table: str) -> None:
    if engine.dialect.name == "sqlite":
        return  # SQLite has no TRUNCATE
    with engine.begin() as connection:
        history(connection)
    with pytest.raises(Conflict, match=r"append-only|immutable"), unit_of_work(engine) as session:
        session.execute(text(f"TRUNCATE {table} CASCADE"))


def test_a_study_version_can_change_until_it_is_active(engine: Engine) -> None:
    with engine.begin() as connection:
        _, version_id = a_study(connection, active=False)
        connection.execute(text("UPDATE study_version SET document = 'better'"))
        connection.execute(text("UPDATE study_version SET activated_at = created_at"))
    with pytest.raises(Conflict, match="immutable"), engine.begin() as connection:
        connection.execute(text("UPDATE study_version SET activated_at = NULL"))
    assert version_id


def test_the_view_score_has_one_row_per_scale_and_says_what_made_it(engine: Engine) -> None:
    """A scale that is a text, such as a profile or the name of a band, has it in a column of its own."""
    with engine.begin() as connection:
        answered = history(connection)
        columns = "scale, value, value_text, n_answered, n_items, instrument, missing_rule, input_hash, response_id"
        rows = [tuple(row) for row in connection.execute(text(f"SELECT {columns} FROM score ORDER BY scale"))]
    assert [row[:8] for row in rows] == [
        ("band", None, "mild", 5, 5, "eq-5d-5l", "none", "0"),
        ("index", 0.5, None, 5, 5, "eq-5d-5l", "none", "0"),
        ("profile", None, "11121", 5, 5, "eq-5d-5l", "none", "0"),
        ("vas", None, None, 0, 1, "eq-5d-5l", "none", "0"),
    ]
    assert {UUID(str(row[8])) for row in rows} == {answered}


def test_the_newest_migration_makes_what_the_code_expects(engine: Engine) -> None:
    assert inspection.problems(engine) == []
    assert inspection.standing(engine) == (migrations.head(), migrations.head())


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ("DROP VIEW score", "score: the view is missing"),
        ("ALTER TABLE study ADD COLUMN colour text", "differs from the code: remove_column"),
        ("DROP INDEX ix_delivery_due", "differs from the code: add_index"),
    ],
)
def test_a_difference_is_named(engine: Engine, damage: str, problem: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(damage))
    assert any(problem in line for line in inspection.problems(engine))


def test_a_missing_guard_is_named(engine: Engine) -> None:
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.execute(text("DROP TRIGGER audit_event_no_update"))
        else:
            connection.execute(text("ALTER TABLE audit_event DISABLE TRIGGER ALL"))
    assert inspection.problems(engine) == ["audit_event: nothing refuses to rewrite it"]


def test_an_empty_database_is_told_to_migrate(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'new.sqlite'}")
    assert inspection.problems(engine) == [
        f"the database stands at nothing, the code at {migrations.head()}; run `pro db upgrade`"
    ]
    engine.dispose()


def test_two_processes_may_migrate_at_once(engine: Engine) -> None:
    migrations.downgrade(engine, "base")
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(migrations.upgrade, [engine, engine])) == [None, None]
    assert inspection.problems(engine) == []


def test_going_down_and_up_again_leaves_nothing_behind(engine: Engine) -> None:
    migrations.downgrade(engine, "base")
    with engine.connect() as connection:
        assert migrations.current(connection) is None
    migrations.upgrade(engine)
    assert inspection.problems(engine) == []


def test_data_survives_every_later_migration(engine: Engine) -> None:
    """Data put in at the tables' first version is still there, and guarded, at head."""
    migrations.downgrade(engine, "0002")
    with engine.begin() as connection:
        answered = history(connection)
    migrations.upgrade(engine)
    with engine.connect() as connection:
        found = connection.execute(select(response.c.answers).where(response.c.id == answered)).scalar_one()
    assert found == {"mobility": 1}
    assert inspection.problems(engine) == []


def test_what_was_submitted_before_says_when_it_last_changed(engine: Engine) -> None:
    """A submission after the last answer was no change of the answers then, and is one now; a correction stays one."""
    migrations.downgrade(engine, "0014")
    with engine.begin() as connection:
        person = a_participant(connection, *a_study(connection))
        facts = {"instrument_version": "1", "language": "en", "answers": {}, "stamps": {}, "revision": 1}
        submitted, begun = (an_assessment(connection, person, timepoint) for timepoint in ("baseline", "month_1"))
        connection.execute(update(assessment).where(assessment.c.id == submitted).values(submitted_at=NOON))
        hour = timedelta(hours=1)
        told = [(submitted, "saved", NOON - hour), (submitted, "corrected", NOON + hour), (begun, "begun", NOON)]
        rows = [
            {"assessment_id": one, "instrument": code, "created_at": at, "updated_at": at, **facts}
            for one, code, at in told
        ]
        connection.execute(insert(response), rows)
    migrations.upgrade(engine)
    with engine.connect() as connection:
        after = connection.execute(select(response.c.instrument, response.c.updated_at)).all()
    found = {row.instrument: row.updated_at for row in after}
    assert found == {"saved": NOON, "corrected": NOON + hour, "begun": NOON}


def test_messages_sent_before_are_messages_to_participants(engine: Engine) -> None:
    """Deliveries and their attempts from before there were other recipients survive the way up, and down again."""
    migrations.downgrade(engine, "0004")
    with engine.begin() as connection:
        person, message = a_participant(connection, *a_study(connection)), new_id()
        facts = {"m": message.hex, "p": person.hex, "at": "2026-01-12T09:00:00.000000Z"}
        connection.execute(
            text(
                "INSERT INTO delivery (id, participant_id, key, occasion, assessment_ids, local_day, channel, decision,"
                " reason, decided_at) VALUES (:m, :p, 'k', 'invitation', '[]', '2026-01-12', '', 'send', 'due', :at)"
            ),
            facts,
        )
        connection.execute(
            text(
                "INSERT INTO delivery_attempt (id, delivery_id, number, started_at, detail)"
                " VALUES (:m, :m, 1, :at, 'kept')"
            ),
            facts,
        )
    migrations.upgrade(engine)
    with engine.connect() as connection:
        kept = connection.execute(select(delivery.c.recipient, delivery.c.participant_id, delivery.c.about)).one()
        tried = connection.execute(select(delivery_attempt.c.detail, delivery_attempt.c.repeatable)).one()
    assert tuple(kept) == ("participant", person, {})
    assert tuple(tried) == ("kept", False)
    with engine.connect() as connection:  # begun by a version that did not say how far it got: it may have arrived
        assert connection.execute(select(delivery_attempt.c.handed_at)).scalar_one() == NOON.replace(hour=9)
    migrations.downgrade(engine, "0004")
    migrations.upgrade(engine)
    with engine.connect() as connection:
        assert connection.execute(select(delivery_attempt.c.detail)).scalars().all() == ["kept"]
    assert inspection.problems(engine) == []

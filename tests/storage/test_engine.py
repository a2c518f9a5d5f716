"""Engines: what SQLite promises, that a dropped connection goes unnoticed, and that a fork shares nothing."""

from __future__ import annotations

import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, insert, select, text
from sqlalchemy.dialects import sqlite

from pro_service.storage.audit import heartbeat
from pro_service.storage.engine import make_engine
from pro_service.storage.exports import export
from pro_service.storage.metadata import Instant, new_id
from pro_service.storage.migrations import versions
from pro_service.storage.session import unit_of_work
from tests.storage.rows import NOON, a_study

AT = Instant()
DIALECT = sqlite.dialect()


def test_sqlite_keeps_what_was_saved_through_a_power_cut(engine: Engine) -> None:
    if engine.dialect.name != "sqlite":
        return
    with engine.connect() as connection:
        pragmas = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 15000}


def test_an_sqlite_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'new.sqlite'}")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE one (id integer)")
    engine.dispose()
    assert stat.S_IMODE((tmp_path / "new.sqlite").stat().st_mode) == 0o600


def test_a_connection_the_server_dropped_is_replaced_without_an_error(engine: Engine, database_url: str) -> None:
    if engine.dialect.name == "sqlite":
        return
    with unit_of_work(engine, writes=False) as session:
        pooled = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with psycopg.connect(database_url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 10000)", [pooled])
    with unit_of_work(engine, writes=False) as session:
        assert session.execute(text("SELECT pg_backend_pid()")).scalar_one() != pooled


def test_reading_leaves_no_transaction_open_and_the_next_writer_has_one(engine: Engine) -> None:
    for writes in (False, True, False, True):
        with unit_of_work(engine, writes=writes) as session:
            session.execute(text("SELECT 1"))
            if engine.dialect.name == "postgresql":
                driver = session.connection.driver_connection
                assert isinstance(driver, psycopg.Connection)
                expected = psycopg.pq.TransactionStatus.INTRANS if writes else psycopg.pq.TransactionStatus.IDLE
                assert driver.info.transaction_status == expected


FORK = """
import os, sys
from sqlalchemy import text
from pro_service.storage.engine import make_engine
engine = make_engine(sys.argv[1])
with engine.connect() as connection:
    connection.execute(text("SELECT 1"))
child = os.fork()
if not child:
    assert engine.pool.checkedin() == 0, "the child must not talk through its parent's connections"
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
with engine.connect() as connection:
    connection.execute(text("SELECT 1"))
"""


def test_a_forked_child_starts_with_connections_of_its_own(database_url: str) -> None:
    outcome = subprocess.run([sys.executable, "-c", FORK, database_url], capture_output=True, text=True, check=False)
    assert (outcome.returncode, outcome.stderr) == (0, "")


ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANTS = st.datetimes(datetime(1900, 1, 2), datetime(2200, 1, 1), timezones=ZONES)  # noqa: DTZ001  # the zone is drawn beside it


@given(INSTANTS, INSTANTS)
def test_instants_on_sqlite_come_back_and_sort_as_time_does(one: datetime, other: datetime) -> None:
    first, second = AT.process_bind_param(one, DIALECT), AT.process_bind_param(other, DIALECT)
    assert AT.process_result_value(first, DIALECT) == one
    assert (first < second) is (one < other)


def test_an_instant_comes_back_aware_in_utc(engine: Engine) -> None:
    there = timezone(timedelta(hours=5, minutes=30))
    with engine.begin() as connection:
        connection.execute(insert(heartbeat), {"process": "x", "at": NOON.astimezone(there)})
        found = connection.execute(select(heartbeat.c.at)).scalar_one()
    assert (found, found.tzinfo) == (NOON, UTC)


def test_an_instant_must_say_its_zone() -> None:
    with pytest.raises(ValueError, match="aware"):
        AT.process_bind_param(datetime(2026, 1, 1), DIALECT)  # noqa: DTZ001  # what must not pass


def test_nothing_in_a_json_column_is_null_in_sql(engine: Engine) -> None:
    with engine.begin() as connection:
        study_id, _ = a_study(connection)
        row = {
            "id": new_id(),
            "study_id": study_id,
            "format": "csv",
            "masked": False,
            "asked_by": "x",
            "asked_at": NOON,
        }
        connection.execute(insert(export), {**row, "manifest": None})
        assert connection.execute(text("SELECT count(*) FROM export WHERE manifest IS NULL")).scalar_one() == 1


def test_migrations_ship_with_the_package() -> None:
    """They are found as packages: a folder without __init__.py would stay behind."""
    folder = Path(versions.__file__).parent
    assert sorted(path.stem[:5] for path in folder.glob("v*.py"))[0] == "v0001"

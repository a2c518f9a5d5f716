"""Engines: what SQLite promises, that a dropped connection goes unnoticed, and that a fork shares nothing."""

from __future__ import annotations

import stat
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, insert, select, text, update
from sqlalchemy.dialects import sqlite

from pro_service.domain.errors import Unavailable
from pro_service.storage import inspection, migrations
from pro_service.storage.audit import heartbeat
from pro_service.storage.engine import Patience, make_engine
from pro_service.storage.exports import export
from pro_service.storage.metadata import Instant, new_id
from pro_service.storage.migrations import versions
from pro_service.storage.session import unit_of_work
from tests.storage.rows import NOON, a_study
from tests.support.ports import wait_until

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


def waited(engine: Engine, heartbeat_of: str) -> None:
    """Change a row that another transaction may hold."""
    with unit_of_work(engine) as session:
        session.execute(update(heartbeat).where(heartbeat.c.process == heartbeat_of).values(at=NOON))


def stand_still(engine: Engine, meanwhile: Callable[[], object]) -> None:
    """Write, do nothing until something else is done, and go on as if nothing were."""
    with unit_of_work(engine) as session:
        session.execute(update(heartbeat).values(at=NOON + timedelta(days=1)).execution_options(housekeeping=True))
        meanwhile()
        session.execute(text("SELECT 1"))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_process_that_stands_still_in_a_transaction_holds_up_nobody_for_long(
    engine: Engine, database_url: str
) -> None:
    """Failure row 20: its locks are taken from it; what it wrote is undone, and going on it is told so."""
    with unit_of_work(engine) as session:
        session.execute(insert(heartbeat).values(process="beat", at=NOON))
    limited = make_engine(database_url, Patience(idle=1, lock=30))
    with ThreadPoolExecutor(1) as other:
        with pytest.raises(Unavailable):
            stand_still(limited, lambda: other.submit(waited, limited, "beat").result(timeout=60))
        with unit_of_work(limited, writes=False) as session:
            assert session.execute(select(heartbeat.c.at)).scalars().all() == [NOON]
    limited.dispose()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("patience", "statement"),
    [
        pytest.param(Patience(lock=1), "UPDATE heartbeat SET process = process", id="somebody else's lock"),
        pytest.param(Patience(statement=1), "SELECT pg_sleep(60)", id="a statement without end"),
    ],
)
def test_who_waits_too_long_is_told_to_try_again(
    engine: Engine, database_url: str, patience: Patience, statement: str
) -> None:
    with unit_of_work(engine) as session:
        session.execute(insert(heartbeat).values(process="beat", at=NOON))
    limited = make_engine(database_url, patience)
    with unit_of_work(engine) as holder:
        holder.execute(update(heartbeat).values(at=NOON))
        with pytest.raises(Unavailable), unit_of_work(limited) as session:
            session.execute(text(statement).execution_options(housekeeping=True))
    with unit_of_work(limited) as session:  # and may: the connection is as good as new
        session.execute(update(heartbeat).values(at=NOON))
    limited.dispose()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_migration_takes_its_time(engine: Engine, database_url: str) -> None:
    """The service's limits are not for it; nor do they replace what the address itself asks for."""
    migrations.downgrade(engine, "0011")
    limited = make_engine(f"{database_url}?options=-c%20work_mem%3D5MB", Patience(idle=1, lock=1, statement=1))
    with limited.connect() as connection:
        names = ("work_mem", "lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
        assert [connection.execute(text(f"SHOW {name}")).scalar_one() for name in names] == ["5MB", "1s", "1s", "1s"]
    with ThreadPoolExecutor(1) as other:
        with engine.begin() as holder:
            holder.execute(text("LOCK TABLE delivery_attempt"))
            migrating = other.submit(migrations.upgrade, limited)
            wait_until(lambda: waits(engine), what="the migration waiting for a lock")
            assert not wait((migrating,), timeout=1.2).done  # longer than any of the limits
        migrating.result(timeout=60)
    assert inspection.problems(engine) == []
    limited.dispose()


def waits(engine: Engine) -> bool:
    """Does somebody wait for a lock?"""
    with engine.connect() as connection:
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return bool(connection.execute(text(waiting)).scalar_one())


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

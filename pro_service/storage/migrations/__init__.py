"""Migrations: one set for PostgreSQL and SQLite, run by Alembic, configured here in code."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

ONE_AT_A_TIME = 0x50524F
"""Key of the advisory lock on PostgreSQL; on SQLite, writers queue anyway."""


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the database to that revision, in one transaction. Two at once queue; the second finds nothing to do."""
    with engine.begin() as connection:
        _take_time(connection)
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})
        command.upgrade(_config(connection), revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Take the database back to that revision (`base`: empty), in one transaction."""
    with engine.begin() as connection:
        _take_time(connection)
        command.downgrade(_config(connection), revision)


def head() -> str:
    """The newest revision there is."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def current(connection: Connection) -> str | None:
    """The revision the database stands at; None before the first migration."""
    return MigrationContext.configure(connection).get_current_revision()


def _take_time(connection: Connection) -> None:
    """Exempt this transaction from what the service's connections are limited to: a large table takes its time."""
    if connection.dialect.name == "postgresql":
        for limit in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
            connection.execute(text(f"SET LOCAL {limit} = 0"))


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config

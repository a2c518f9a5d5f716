"""Is the database what the code thinks it is? Head equals models, guards in place, constraints hold."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, text

from pro_service.storage import migrations
from pro_service.storage.migrations.models import metadata

GUARDED = ("audit_event", "audit_seal", "trial_event", "correction", "score_set", "study_version")


def standing(engine: Engine) -> tuple[str, str]:
    """The revision the database stands at (empty before the first migration), and the newest there is."""
    with engine.connect() as connection:
        return migrations.current(connection) or "", migrations.head()


def version(engine: Engine) -> str:
    """Name and version of the database."""
    with engine.connect() as connection:
        numbers = ".".join(str(part) for part in connection.dialect.server_version_info or ())
    return f"{engine.dialect.name} {numbers}"


def problems(engine: Engine) -> list[str]:
    """Everything that is not as it should be, one line each; empty when all is well."""
    with engine.connect() as connection:
        here, head = migrations.current(connection) or "nothing", migrations.head()
        if here != head:
            return [f"the database stands at {here}, the code at {head}; run `pro db upgrade`"]
        return [*_differences(connection), *_missing_guards(connection), *_broken_constraints(connection)]


def _differences(connection: Connection) -> list[str]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return [f"differs from the code: {_told(difference)}" for difference in compare_metadata(context, metadata)]


def _told(difference: object) -> str:
    """One difference as Alembic tells it: (verb, things...) or a list of these."""
    first = difference[0] if isinstance(difference, list) and difference else difference
    return " ".join(str(part) for part in first if part is not None) if isinstance(first, tuple) else str(first)


def _missing_guards(connection: Connection) -> list[str]:
    """Tables that must refuse to be rewritten but have no trigger (or a disabled one), and the view `score`."""
    if connection.dialect.name == "sqlite":
        found = "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' GROUP BY tbl_name HAVING count(*) >= 2"
        views = "SELECT name FROM sqlite_master WHERE type = 'view'"
    else:
        found = (
            "SELECT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
            "WHERE NOT tgisinternal AND tgenabled IN ('O', 'A') GROUP BY relname HAVING count(*) >= 2"
        )
        views = "SELECT viewname FROM pg_views WHERE schemaname = current_schema()"
    guarded = set(connection.execute(text(found)).scalars())
    missing = [f"{table}: nothing refuses to rewrite it" for table in GUARDED if table not in guarded]
    if "score" not in set(connection.execute(text(views)).scalars()):
        missing.append("score: the view is missing")
    return missing


def _broken_constraints(connection: Connection) -> list[str]:
    if connection.dialect.name == "sqlite":
        rows = connection.execute(text("PRAGMA foreign_key_check")).all()
        broken = [f"{row[0]}: row {row[1]} refers to a missing row of {row[2]}" for row in rows]
        damage = connection.execute(text("PRAGMA integrity_check(10)")).scalars()
        return broken + [f"the file is damaged: {line}" for line in damage if line != "ok"]
    query = (
        "SELECT conrelid::regclass::text || ': ' || conname FROM pg_constraint "
        "WHERE NOT convalidated AND connamespace = current_schema()::regnamespace"
    )
    return [f"{name} was never checked" for name in connection.execute(text(query)).scalars()]

"""What the database itself watches over: rows that may not change, and the view `score`, one row per scale.

Both databases refuse in their own words; `storage/complaints.py` turns either into a Conflict.
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision: str | None = "0002"

APPEND_ONLY = ("audit_event", "audit_seal", "trial_event", "correction", "score_set")
VIEW = """
CREATE VIEW score AS
SELECT score_set.id AS score_set_id, score_set.response_id, score_set.revision, score_set.instrument,
  score_set.instrument_version, score_set.scorer_version, score_set.value_set, score_set.missing_rule,
  score_set.computed_at, {columns}
FROM score_set {join}
"""
POSTGRESQL_VIEW = VIEW.format(
    columns="scale.key AS scale, (scale.value ->> 'value')::double precision AS value, "
    "(scale.value ->> 'n_answered')::integer AS n_answered, (scale.value ->> 'n_items')::integer AS n_items",
    join="CROSS JOIN LATERAL jsonb_each(score_set.scales) AS scale",
)
SQLITE_VIEW = VIEW.format(
    columns="scale.key AS scale, json_extract(scale.value, '$.value') AS value, "
    "json_extract(scale.value, '$.n_answered') AS n_answered, json_extract(scale.value, '$.n_items') AS n_items",
    join="CROSS JOIN json_each(score_set.scales) AS scale",
)
REFUSE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""
REFUSE_ACTIVE = """
CREATE FUNCTION refuse_change_of_active() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'an active study version is immutable' USING ERRCODE = 'restrict_violation';
END $$
"""


def upgrade() -> None:
    """Make the view, the functions and the triggers."""
    if op.get_bind().dialect.name == "postgresql":
        _postgresql()
    else:
        _sqlite()


def downgrade() -> None:
    """Drop them; the triggers go by name on SQLite and with their functions on PostgreSQL."""
    op.execute("DROP VIEW score")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change() CASCADE")
        op.execute("DROP FUNCTION refuse_change_of_active() CASCADE")
        return
    for table in (*APPEND_ONLY, "study_version"):
        op.execute(f"DROP TRIGGER {table}_no_update")
        op.execute(f"DROP TRIGGER {table}_no_delete")


def _postgresql() -> None:
    op.execute(POSTGRESQL_VIEW)
    op.execute(REFUSE)
    op.execute(REFUSE_ACTIVE)
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute(
        "CREATE TRIGGER study_version_immutable BEFORE UPDATE OR DELETE ON study_version "
        "FOR EACH ROW WHEN (OLD.activated_at IS NOT NULL) EXECUTE FUNCTION refuse_change_of_active()"
    )
    op.execute(
        "CREATE TRIGGER study_version_no_truncate BEFORE TRUNCATE ON study_version "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_active()"
    )


def _sqlite() -> None:
    op.execute(SQLITE_VIEW)
    for verb in ("UPDATE", "DELETE"):
        for table in APPEND_ONLY:
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        op.execute(
            f"CREATE TRIGGER study_version_no_{verb.lower()} BEFORE {verb} ON study_version "
            "WHEN OLD.activated_at IS NOT NULL "
            "BEGIN SELECT RAISE(ABORT, 'an active study version is immutable'); END"
        )

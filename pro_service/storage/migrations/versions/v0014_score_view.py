"""The view `score` tells texts from numbers, and says of every score which answers it was made of.

A scale whose score is a text (a profile, the name of a band) made the whole view fail on PostgreSQL.
"""

from __future__ import annotations

from alembic import op

from pro_service.storage.migrations.versions import v0003_guards

revision = "0014"
down_revision: str | None = "0013"

VIEW = """
CREATE VIEW score AS
SELECT score_set.id AS score_set_id, score_set.response_id, score_set.revision, score_set.instrument,
  score_set.instrument_version, score_set.scorer_version, score_set.value_set, score_set.missing_rule,
  score_set.input_hash, score_set.computed_at, {columns}
FROM score_set {join}
"""
POSTGRESQL_VIEW = VIEW.format(
    columns="scale.key AS scale, "
    "CASE WHEN jsonb_typeof(scale.value -> 'value') = 'number' "
    "THEN (scale.value ->> 'value')::double precision END AS value, "
    "CASE WHEN jsonb_typeof(scale.value -> 'value') = 'string' THEN scale.value ->> 'value' END AS value_text, "
    "(scale.value ->> 'n_answered')::integer AS n_answered, (scale.value ->> 'n_items')::integer AS n_items",
    join="CROSS JOIN LATERAL jsonb_each(score_set.scales) AS scale",
)
SQLITE_VIEW = VIEW.format(
    columns="scale.key AS scale, "
    "CASE WHEN json_type(scale.value, '$.value') IN ('integer', 'real') "
    "THEN json_extract(scale.value, '$.value') END AS value, "
    "CASE WHEN json_type(scale.value, '$.value') = 'text' "
    "THEN json_extract(scale.value, '$.value') END AS value_text, "
    "json_extract(scale.value, '$.n_answered') AS n_answered, json_extract(scale.value, '$.n_items') AS n_items",
    join="CROSS JOIN json_each(score_set.scales) AS scale",
)


def upgrade() -> None:
    """Make the view anew."""
    op.execute("DROP VIEW score")
    op.execute(POSTGRESQL_VIEW if op.get_bind().dialect.name == "postgresql" else SQLITE_VIEW)


def downgrade() -> None:
    """Make it as it was."""
    op.execute("DROP VIEW score")
    before = v0003_guards
    op.execute(before.POSTGRESQL_VIEW if op.get_bind().dialect.name == "postgresql" else before.SQLITE_VIEW)

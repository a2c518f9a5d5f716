"""Definitions of questionnaires that studies bring along; one that is there can change no more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from pro_service.storage.metadata import Id, Instant

revision = "0009"
down_revision: str | None = "0008"


def upgrade() -> None:
    """A table to which rows are only added."""
    op.create_table(
        "instrument",
        sa.Column("id", Id, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_instrument"),
        sa.UniqueConstraint("code", name="uq_instrument_code"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER instrument_append_only BEFORE UPDATE OR DELETE ON instrument "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            "CREATE TRIGGER instrument_no_truncate BEFORE TRUNCATE ON instrument "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER instrument_no_{verb.lower()} BEFORE {verb} ON instrument "
            "BEGIN SELECT RAISE(ABORT, 'instrument is append-only'); END"
        )


def downgrade() -> None:
    """Forget them; the triggers go with their table."""
    op.drop_table("instrument")

"""Webhooks; and windows and scores found by when they open, close or were made, for those who are told of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from pro_service.storage.metadata import Id, Instant, Json

revision = "0007"
down_revision: str | None = "0006"

UNFINISHED = sa.text("submitted_at IS NULL AND closes_at IS NOT NULL")
DATED = sa.text("opens_at IS NOT NULL")


def upgrade() -> None:
    """A new table, three indexes."""
    op.create_table(
        "webhook",
        sa.Column("id", Id, nullable=False),
        sa.Column("study_id", Id, nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("events", Json, nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("previous_until", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("enabled_at", Instant(), nullable=False),
        sa.Column("disabled_at", Instant(), nullable=True),
        sa.Column("disabled_because", sa.Text(), nullable=False),
        sa.Column("audit_id", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("opened_id", Id, nullable=False),
        sa.Column("closed_at", Instant(), nullable=False),
        sa.Column("closed_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name="fk_webhook_study_id_study"),
        sa.PrimaryKeyConstraint("id", name="pk_webhook"),
    )
    op.create_index("ix_webhook_study_id", "webhook", ["study_id"])
    op.create_index("ix_assessment_opening", "assessment", ["opens_at"], postgresql_where=DATED, sqlite_where=DATED)
    op.create_index(
        "ix_assessment_closing", "assessment", ["closes_at"], postgresql_where=UNFINISHED, sqlite_where=UNFINISHED
    )
    op.create_index("ix_score_set_computed_at", "score_set", ["computed_at"], postgresql_using="brin")


def downgrade() -> None:
    """Forget the endpoints."""
    op.drop_index("ix_score_set_computed_at", "score_set")
    op.drop_index("ix_assessment_closing", "assessment")
    op.drop_index("ix_assessment_opening", "assessment")
    op.drop_table("webhook")

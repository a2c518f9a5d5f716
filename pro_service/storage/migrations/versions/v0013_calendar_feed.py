"""Calendar addresses: at most one alive for each participant."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from pro_service.storage.metadata import Id, Instant

revision = "0013"
down_revision: str | None = "0012"


def upgrade() -> None:
    """A table of addresses; one that was taken back stays, so that its token is never given out again."""
    op.create_table(
        "calendar_feed",
        sa.Column("id", Id, nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("participant_id", Id, nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_calendar_feed"),
        sa.UniqueConstraint("token_hash", name="uq_calendar_feed_token_hash"),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participant.id"], name="fk_calendar_feed_participant_id_participant"
        ),
    )
    op.create_index(
        "uq_calendar_feed_alive",
        "calendar_feed",
        ["participant_id"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
        sqlite_where=sa.text("revoked_at IS NULL"),
    )


def downgrade() -> None:
    """Forget every address."""
    op.drop_table("calendar_feed")

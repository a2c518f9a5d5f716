"""What members of staff want to be told, in which language, and when their next digest is due."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from pro_service.storage.metadata import Instant

revision = "0008"
down_revision: str | None = "0007"

THEIRS = sa.text("staff_id IS NOT NULL")


def upgrade() -> None:
    """Everybody gets what there is, in English, until they say otherwise."""
    op.add_column("staff", sa.Column("language", sa.Text(), nullable=False, server_default=sa.text("'en'")))
    op.add_column("staff", sa.Column("wish", sa.Text(), nullable=False, server_default=sa.text("'all'")))
    op.add_column("staff", sa.Column("next_digest_at", Instant(), nullable=True))
    op.create_index(
        "ix_delivery_staff_id_local_day",
        "delivery",
        ["staff_id", "local_day"],
        postgresql_where=THEIRS,
        sqlite_where=THEIRS,
    )


def downgrade() -> None:
    """Forget what they want."""
    op.drop_index("ix_delivery_staff_id_local_day", "delivery")
    for name in ("next_digest_at", "wish", "language"):
        op.drop_column("staff", name)

"""A counter on each assessment, raised by whatever changes its dates or its answers: drafts are guarded by it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision: str | None = "0003"


def upgrade() -> None:
    """Every assessment starts at 0."""
    op.add_column("assessment", sa.Column("revision", sa.Integer(), nullable=False, server_default=sa.text("0")))


def downgrade() -> None:
    """Forget the counters."""
    op.drop_column("assessment", "revision")

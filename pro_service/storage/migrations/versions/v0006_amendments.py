"""Which timepoints an earlier version of the protocol governs for a participant; finding who is under a version."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from pro_service.storage.metadata import Json

revision = "0006"
down_revision: str | None = "0005"


def upgrade() -> None:
    """Everybody follows the version they are under, in everything."""
    op.add_column("participant", sa.Column("follows", Json, nullable=False, server_default=sa.text("'{}'")))
    op.create_index("ix_participant_study_version_id", "participant", ["study_version_id"])


def downgrade() -> None:
    """Forget the exceptions."""
    op.drop_index("ix_participant_study_version_id", "participant")
    op.drop_column("participant", "follows")

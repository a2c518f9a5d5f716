"""An attempt says from when on it may have arrived: what dies before that is certain not to have."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from pro_service.storage.metadata import Instant

revision = "0012"
down_revision: str | None = "0011"


def upgrade() -> None:
    """What is under way now was begun by a version that did not say: it may have arrived.

    On PostgreSQL a worker of that version may go on until it is replaced: what it begins counts as handed over, by the
    column's default. This version always says.
    """
    op.add_column("delivery_attempt", sa.Column("handed_at", Instant(), nullable=True, server_default=sa.text("NULL")))
    op.execute("UPDATE delivery_attempt SET handed_at = started_at WHERE outcome IS NULL")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE delivery_attempt ALTER COLUMN handed_at SET DEFAULT now()")


def downgrade() -> None:
    """Forget it."""
    op.drop_column("delivery_attempt", "handed_at")

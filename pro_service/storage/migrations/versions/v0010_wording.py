"""Wording packs: the licensed words of questionnaires. One that is there can change no more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from pro_service.storage.metadata import Id, Instant

revision = "0010"
down_revision: str | None = "0009"


def upgrade() -> None:
    """A table to which rows are only added."""
    op.create_table(
        "wording_pack",
        sa.Column("id", Id, nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("instrument_version", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("licence", sa.Text(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_wording_pack"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER wording_pack_append_only BEFORE UPDATE OR DELETE ON wording_pack "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            "CREATE TRIGGER wording_pack_no_truncate BEFORE TRUNCATE ON wording_pack "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER wording_pack_no_{verb.lower()} BEFORE {verb} ON wording_pack "
            "BEGIN SELECT RAISE(ABORT, 'wording_pack is append-only'); END"
        )


def downgrade() -> None:
    """Forget them; the triggers go with their table."""
    op.drop_table("wording_pack")

"""Ways back in: letters with a link and a short code, and requests for a new link."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from pro_service.storage.metadata import Id, Instant

revision = "0011"
down_revision: str | None = "0010"

HASHES = ("email_hash", "phone_hash")


def upgrade() -> None:
    """Two tables, an index over the sessions that live, and contacts that can be found by an address."""
    op.create_table(
        "letter",
        sa.Column("id", Id, nullable=False),
        sa.Column("participant_id", Id, nullable=False),
        sa.Column("link_id", Id, nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=True),
        sa.Column("failed_attempts", sa.Integer(), nullable=False),
        sa.Column("locked_at", Instant, nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_letter"),
        sa.ForeignKeyConstraint(["participant_id"], ["participant.id"], name="fk_letter_participant_id_participant"),
        sa.ForeignKeyConstraint(["link_id"], ["sign_in_link.id"], name="fk_letter_link_id_sign_in_link"),
        sa.UniqueConstraint("code_hash", name="uq_letter_code_hash"),
        sa.UniqueConstraint("link_id", name="uq_letter_link_id"),
    )
    op.create_index("ix_letter_participant_id", "letter", ["participant_id"])
    alive = sa.text("revoked_at IS NULL")
    op.create_index("ix_session_live", "session", ["expires_at"], postgresql_where=alive, sqlite_where=alive)
    op.create_table(
        "link_request",
        sa.Column("id", Id, nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_link_request"),
    )
    op.create_index("ix_link_request_created_at", "link_request", ["created_at"])
    for name in HASHES:
        op.add_column("contact", sa.Column(name, sa.LargeBinary(), nullable=True))
        op.create_index(f"ix_contact_{name}", "contact", [name])
    op.add_column("contact", sa.Column("index_key", sa.Text(), nullable=False, server_default=sa.text("''")))
    op.create_index("ix_contact_index_key", "contact", ["index_key"])


def downgrade() -> None:
    """Forget them; their links go on."""
    for name in (*HASHES, "index_key"):
        op.drop_index(f"ix_contact_{name}", "contact")
        op.drop_column("contact", name)
    op.drop_table("link_request")
    op.drop_index("ix_session_live", "session")
    op.drop_table("letter")

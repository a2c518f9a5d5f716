"""A delivery goes to a participant, a member of staff or a webhook; an attempt says whether it may be repeated.

SQLite cannot change a column: the table is made anew, and so is that of its attempts, which refers to it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from pro_service.storage.metadata import Id, Instant, Json

revision = "0005"
down_revision: str | None = "0004"

ONE_RECIPIENT = (
    "CASE recipient"
    " WHEN 'participant' THEN participant_id IS NOT NULL AND staff_id IS NULL AND webhook_id IS NULL"
    " WHEN 'staff' THEN staff_id IS NOT NULL AND participant_id IS NULL AND webhook_id IS NULL"
    " WHEN 'webhook' THEN webhook_id IS NOT NULL AND participant_id IS NULL AND staff_id IS NULL"
    " ELSE false END"
)
TROUBLE = sa.text("outcome IN ('failed', 'unknown')")
NEW = ("recipient", "staff_id", "webhook_id", "study_id", "about")


def upgrade() -> None:
    """What is there goes to participants, and no attempt of theirs may be repeated."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    if not postgresql:
        _set_attempts_aside()
    with op.batch_alter_table("delivery", recreate="auto" if postgresql else "always") as table:
        table.alter_column("participant_id", existing_type=Id, nullable=True)
        table.add_column(sa.Column("recipient", sa.Text(), nullable=False, server_default=sa.text("'participant'")))
        table.add_column(sa.Column("staff_id", Id, nullable=True))
        table.add_column(sa.Column("webhook_id", Id, nullable=True))
        table.add_column(sa.Column("study_id", Id, nullable=True))
        table.add_column(sa.Column("about", Json, nullable=False, server_default=sa.text("'{}'")))
        table.create_foreign_key("fk_delivery_staff_id_staff", "staff", ["staff_id"], ["id"])
        table.create_foreign_key("fk_delivery_study_id_study", "study", ["study_id"], ["id"])
        table.create_check_constraint("ck_delivery_one_recipient", ONE_RECIPIENT)
    op.create_index("ix_delivery_trouble", "delivery", ["outcome"], postgresql_where=TROUBLE, sqlite_where=TROUBLE)
    if not postgresql:
        _put_attempts_back()
    op.add_column(
        "delivery_attempt", sa.Column("repeatable", sa.Boolean(), nullable=False, server_default=sa.text("false"))
    )


def downgrade() -> None:
    """Forget what went to staff and webhooks."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    op.drop_column("delivery_attempt", "repeatable")
    others = "SELECT id FROM delivery WHERE recipient <> 'participant'"
    op.execute(f"DELETE FROM delivery_attempt WHERE delivery_id IN ({others})")  # noqa: S608  # our own words
    op.execute("DELETE FROM delivery WHERE recipient <> 'participant'")
    op.drop_index("ix_delivery_trouble", "delivery")
    if not postgresql:
        _set_attempts_aside()
    with op.batch_alter_table("delivery", recreate="auto" if postgresql else "always") as table:
        table.drop_constraint("ck_delivery_one_recipient", type_="check")
        table.drop_constraint("fk_delivery_staff_id_staff", type_="foreignkey")
        table.drop_constraint("fk_delivery_study_id_study", type_="foreignkey")
        for name in NEW:
            table.drop_column(name)
        table.alter_column("participant_id", existing_type=Id, nullable=False)
    if not postgresql:
        _put_attempts_back()


def _set_attempts_aside() -> None:
    op.execute("CREATE TABLE attempt_aside AS SELECT * FROM delivery_attempt")
    op.drop_table("delivery_attempt")


def _put_attempts_back() -> None:
    op.create_table(
        "delivery_attempt",
        sa.Column("id", Id, nullable=False),
        sa.Column("delivery_id", Id, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("permanent", sa.Boolean(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name="fk_delivery_attempt_delivery_id_delivery"),
        sa.PrimaryKeyConstraint("id", name="pk_delivery_attempt"),
        sa.UniqueConstraint("delivery_id", "number", name="uq_delivery_attempt_delivery_id_number"),
    )
    op.execute("INSERT INTO delivery_attempt SELECT * FROM attempt_aside")
    op.drop_table("attempt_aside")

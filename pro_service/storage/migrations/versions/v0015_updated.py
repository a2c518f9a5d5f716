"""A submission is a change of its responses, and what changed since an instant is found by an index.

FHIR clients ask for it every few minutes. What was submitted before says so too from here on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision: str | None = "0014"

_NOTE_SUBMISSIONS = """
UPDATE response SET updated_at = (SELECT submitted_at FROM assessment WHERE assessment.id = response.assessment_id)
WHERE updated_at < (SELECT submitted_at FROM assessment WHERE assessment.id = response.assessment_id)
"""


def upgrade() -> None:
    """Note submissions that came after the last answer, then index what is to be scored by its last change."""
    op.execute(_NOTE_SUBMISSIONS)
    op.create_index(
        "ix_response_updated",
        "response",
        ["updated_at"],
        postgresql_where=sa.text("to_score"),
        sqlite_where=sa.text("to_score = 1"),
    )


def downgrade() -> None:
    """Do without the index; the instants stay."""
    op.drop_index("ix_response_updated", "response")

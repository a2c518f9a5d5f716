"""The tables of a trial: studies, participants, their events, assessments, responses and scores."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

from pro_service.storage.metadata import Id, Instant, Json

revision = "0001"
down_revision: str | None = None


def upgrade() -> None:
    """Make the tables."""
    for make_table in TABLES.values():
        make_table()


def downgrade() -> None:
    """Drop the tables."""
    for table in reversed(TABLES):
        op.drop_table(table)


def _study() -> None:
    op.create_table(
        "study",
        sa.Column("id", Id, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_study"),
        sa.UniqueConstraint("code", name="uq_study_code"),
    )


def _study_version() -> None:
    op.create_table(
        "study_version",
        sa.Column("id", Id, nullable=False),
        sa.Column("study_id", Id, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("activated_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name="fk_study_version_study_id_study"),
        sa.PrimaryKeyConstraint("id", name="pk_study_version"),
        sa.UniqueConstraint("study_id", "version", name="uq_study_version_study_id_version"),
    )


def _participant() -> None:
    op.create_table(
        "participant",
        sa.Column("id", Id, nullable=False),
        sa.Column("study_id", Id, nullable=False),
        sa.Column("study_version_id", Id, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("arm", sa.Text(), nullable=True),
        sa.Column("stratum", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("eligibility", Json, nullable=False),
        sa.Column("consented_on", sa.Date(), nullable=True),
        sa.Column("enrolled_at", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("preferences", Json, nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name="fk_participant_study_id_study"),
        sa.ForeignKeyConstraint(
            ["study_version_id"], ["study_version.id"], name="fk_participant_study_version_id_study_version"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_participant"),
        sa.UniqueConstraint("study_id", "code", name="uq_participant_study_id_code"),
    )
    op.create_index("ix_participant_study_id_site", "participant", ["study_id", "site"], unique=False)


def _assessment() -> None:
    op.create_table(
        "assessment",
        sa.Column("id", Id, nullable=False),
        sa.Column("participant_id", Id, nullable=False),
        sa.Column("timepoint", sa.Text(), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("anchor", sa.Text(), nullable=True),
        sa.Column("anchor_on", sa.Date(), nullable=True),
        sa.Column("target_on", sa.Date(), nullable=True),
        sa.Column("opens_at", Instant(), nullable=True),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("closes_at", Instant(), nullable=True),
        sa.Column("instruments", Json, nullable=False),
        sa.Column("next_reminder_at", Instant(), nullable=True),
        sa.Column("claimed_until", Instant(), nullable=True),
        sa.Column("started_at", Instant(), nullable=True),
        sa.Column("submitted_at", Instant(), nullable=True),
        sa.Column("cancelled_at", Instant(), nullable=True),
        sa.Column("cancel_reason", sa.Text(), nullable=True),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("missing_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participant.id"], name="fk_assessment_participant_id_participant"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_assessment"),
        sa.UniqueConstraint(
            "participant_id", "timepoint", "occurrence", name="uq_assessment_participant_id_timepoint_occurrence"
        ),
    )
    op.create_index(
        "ix_assessment_due",
        "assessment",
        ["next_reminder_at"],
        unique=False,
        postgresql_where=sa.text("next_reminder_at IS NOT NULL"),
        sqlite_where=sa.text("next_reminder_at IS NOT NULL"),
    )


def _contact() -> None:
    op.create_table(
        "contact",
        sa.Column("participant_id", Id, nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["participant_id"], ["participant.id"], name="fk_contact_participant_id_participant"),
        sa.PrimaryKeyConstraint("participant_id", name="pk_contact"),
    )


def _trial_event() -> None:
    op.create_table(
        "trial_event",
        sa.Column("id", Id, nullable=False),
        sa.Column("participant_id", Id, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=True),
        sa.Column("actual", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("supersedes_id", Id, nullable=True),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participant.id"], name="fk_trial_event_participant_id_participant"
        ),
        sa.ForeignKeyConstraint(["supersedes_id"], ["trial_event.id"], name="fk_trial_event_supersedes_id_trial_event"),
        sa.PrimaryKeyConstraint("id", name="pk_trial_event"),
        sa.UniqueConstraint("supersedes_id", name="uq_trial_event_supersedes_id"),
    )
    op.create_index("ix_trial_event_participant_id_kind", "trial_event", ["participant_id", "kind"], unique=False)


def _response() -> None:
    op.create_table(
        "response",
        sa.Column("id", Id, nullable=False),
        sa.Column("assessment_id", Id, nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("instrument_version", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("answers", Json, nullable=False),
        sa.Column("stamps", Json, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("to_score", sa.Boolean(), nullable=False),
        sa.Column("scored_revision", sa.Integer(), nullable=False),
        sa.Column("claimed_until", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["assessment_id"], ["assessment.id"], name="fk_response_assessment_id_assessment"),
        sa.PrimaryKeyConstraint("id", name="pk_response"),
        sa.UniqueConstraint("assessment_id", "instrument", name="uq_response_assessment_id_instrument"),
    )
    op.create_index(
        "ix_response_pending",
        "response",
        ["claimed_until"],
        unique=False,
        postgresql_where=sa.text("to_score AND scored_revision < revision"),
        sqlite_where=sa.text("to_score AND scored_revision < revision"),
    )
    op.create_index(
        "ix_response_unsettled",
        "response",
        ["assessment_id"],
        unique=False,
        postgresql_where=sa.text("NOT to_score"),
        sqlite_where=sa.text("NOT to_score"),
    )


def _correction() -> None:
    op.create_table(
        "correction",
        sa.Column("id", Id, nullable=False),
        sa.Column("response_id", Id, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("before", Json, nullable=False),
        sa.Column("after", Json, nullable=False),
        sa.Column("corrected_by", sa.Text(), nullable=False),
        sa.Column("corrected_at", Instant(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["response_id"], ["response.id"], name="fk_correction_response_id_response"),
        sa.PrimaryKeyConstraint("id", name="pk_correction"),
        sa.UniqueConstraint("response_id", "revision", name="uq_correction_response_id_revision"),
    )


def _score_set() -> None:
    op.create_table(
        "score_set",
        sa.Column("id", Id, nullable=False),
        sa.Column("response_id", Id, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("instrument_version", sa.Text(), nullable=False),
        sa.Column("scorer_version", sa.Text(), nullable=False),
        sa.Column("value_set", sa.Text(), nullable=False),
        sa.Column("missing_rule", sa.Text(), nullable=False),
        sa.Column("input_hash", sa.Text(), nullable=False),
        sa.Column("scales", Json, nullable=False),
        sa.Column("computed_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["response_id"], ["response.id"], name="fk_score_set_response_id_response"),
        sa.PrimaryKeyConstraint("id", name="pk_score_set"),
        sa.UniqueConstraint(
            "response_id",
            "revision",
            "scorer_version",
            "value_set",
            name="uq_score_set_response_id_revision_scorer_version_value_set",
        ),
    )


TABLES: dict[str, Callable[[], None]] = {
    "study": _study,
    "study_version": _study_version,
    "participant": _participant,
    "assessment": _assessment,
    "contact": _contact,
    "trial_event": _trial_event,
    "response": _response,
    "correction": _correction,
    "score_set": _score_set,
}
"""In an order in which every table finds those it refers to."""

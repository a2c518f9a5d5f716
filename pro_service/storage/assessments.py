"""Assessments: one row per participant, timepoint and occurrence. Its id never changes when dates move."""

from __future__ import annotations

from sqlalchemy import Column, Date, ForeignKey, Index, Integer, Table, Text, UniqueConstraint, text

from pro_service.storage.metadata import Id, Instant, Json, metadata, new_id

assessment = Table(
    "assessment",
    metadata,
    Column("id", Id, primary_key=True, default=new_id),
    Column("participant_id", Id, ForeignKey("participant.id"), nullable=False),
    Column("timepoint", Text, nullable=False),
    Column("occurrence", Integer, nullable=False, default=1),
    Column("anchor", Text),
    Column("anchor_on", Date),
    Column("target_on", Date),
    Column("opens_at", Instant),
    Column("due_at", Instant),
    Column("closes_at", Instant),
    Column("instruments", Json, nullable=False),
    Column("next_reminder_at", Instant),
    Column("claimed_until", Instant),
    Column("started_at", Instant),
    Column("submitted_at", Instant),
    Column("cancelled_at", Instant),
    Column("cancel_reason", Text),
    Column("mode", Text, nullable=False, default="self"),
    Column("missing_reason", Text),
    UniqueConstraint("participant_id", "timepoint", "occurrence"),
    Index(
        "ix_assessment_due",
        "next_reminder_at",
        postgresql_where=text("next_reminder_at IS NOT NULL"),
        sqlite_where=text("next_reminder_at IS NOT NULL"),
    ),
)

"""Trial events: append-only facts. Correcting a date adds a row that supersedes the earlier one."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Table, Text

from pro_service.storage.metadata import Id, Instant, metadata, new_id

trial_event = Table(
    "trial_event",
    metadata,
    Column("id", Id, primary_key=True, default=new_id),
    Column("participant_id", Id, ForeignKey("participant.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("on_date", Date),  # NULL: the event did not happen after all (a retraction)
    Column("actual", Boolean, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Column("supersedes_id", Id, ForeignKey("trial_event.id"), unique=True),
    Index("ix_trial_event_participant_id_kind", "participant_id", "kind"),
)

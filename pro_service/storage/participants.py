"""Participants: pseudonymous codes with the facts a schedule needs. Names and addresses live in contacts.py."""

from __future__ import annotations

from sqlalchemy import Column, Date, ForeignKey, Index, Table, Text, UniqueConstraint

from pro_service.storage.metadata import Id, Instant, Json, metadata, new_id

participant = Table(
    "participant",
    metadata,
    Column("id", Id, primary_key=True, default=new_id),
    Column("study_id", Id, ForeignKey("study.id"), nullable=False),
    Column("study_version_id", Id, ForeignKey("study_version.id"), nullable=False),
    Column("code", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("arm", Text),  # NULL while in screening
    Column("stratum", Text),
    Column("language", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("eligibility", Json, nullable=False),  # criterion code -> yes | no | not_sure
    Column("consented_on", Date),
    Column("enrolled_at", Instant),  # NULL: parked in screening
    Column("created_at", Instant, nullable=False),
    Column("preferences", Json, nullable=False, default=dict),  # channel, quiet_from, quiet_until, text_size
    UniqueConstraint("study_id", "code"),
    Index("ix_participant_study_id_site", "study_id", "site"),
)

"""Exports asked for through the API: a claimed row is the work, the file lies under the data directory."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Table, Text, text

from pro_service.storage.metadata import Id, Instant, Json, metadata, new_id

export = Table(
    "export",
    metadata,
    Column("id", Id, primary_key=True, default=new_id),
    Column("study_id", Id, ForeignKey("study.id"), nullable=False),
    Column("format", Text, nullable=False),
    Column("as_of", Date),
    Column("masked", Boolean, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("claimed_until", Instant),
    Column("finished_at", Instant),
    Column("outcome", Text),  # done | failed
    Column("manifest", Json),
    Index(
        "ix_export_pending",
        "asked_at",
        postgresql_where=text("finished_at IS NULL"),
        sqlite_where=text("finished_at IS NULL"),
    ),
)

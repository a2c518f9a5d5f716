"""Studies and their protocol versions. A version is immutable once it has been activated (database trigger)."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, Table, Text, UniqueConstraint

from pro_service.storage.metadata import Id, Instant, metadata, new_id

study = Table(
    "study",
    metadata,
    Column("id", Id, primary_key=True, default=new_id),
    Column("code", Text, nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
)

study_version = Table(
    "study_version",
    metadata,
    Column("id", Id, primary_key=True, default=new_id),
    Column("study_id", Id, ForeignKey("study.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("document", Text, nullable=False),  # the study file as it was loaded, byte for byte
    Column("sha256", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("activated_at", Instant),
    UniqueConstraint("study_id", "version"),
)

"""Responses: the answers to one instrument in one assessment, as one JSON document, with a revision."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint, text

from pro_service.storage.metadata import Id, Instant, Json, metadata, new_id

response = Table(
    "response",
    metadata,
    Column("id", Id, primary_key=True, default=new_id),
    Column("assessment_id", Id, ForeignKey("assessment.id"), nullable=False),
    Column("instrument", Text, nullable=False),
    Column("instrument_version", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("wording", Text, nullable=False, default="placeholder"),  # hash of the wording pack that was shown
    Column("answers", Json, nullable=False),  # item -> code, number, text, "na" or "declined"
    Column("stamps", Json, nullable=False),  # item -> {"seen": instant, "answered": instant, "revision": n}
    Column("revision", Integer, nullable=False),
    Column("to_score", Boolean, nullable=False, default=False),  # submitted, or closed with answers
    Column("scored_revision", Integer, nullable=False, default=0),
    Column("claimed_until", Instant),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    UniqueConstraint("assessment_id", "instrument"),
    Index(
        "ix_response_pending",
        "claimed_until",
        postgresql_where=text("to_score AND scored_revision < revision"),
        sqlite_where=text("to_score AND scored_revision < revision"),
    ),
)

correction = Table(
    "correction",
    metadata,
    Column("id", Id, primary_key=True, default=new_id),
    Column("response_id", Id, ForeignKey("response.id"), nullable=False),
    Column("revision", Integer, nullable=False),  # the revision this correction made
    Column("before", Json, nullable=False),
    Column("after", Json, nullable=False),
    Column("corrected_by", Text, nullable=False),
    Column("corrected_at", Instant, nullable=False),
    Column("reason", Text, nullable=False),
    UniqueConstraint("response_id", "revision"),
)

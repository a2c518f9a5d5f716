"""The audit trail: append-only (triggers on both databases refuse UPDATE and DELETE), sealed into a hash chain."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from pro_service.storage.metadata import Id, Instant, Json, metadata

_serial = BigInteger().with_variant(Integer(), "sqlite")

audit_event = Table(
    "audit_event",
    metadata,
    Column("id", _serial, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("actor_kind", Text, nullable=False),
    Column("actor_id", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject_kind", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("study_id", Id),
    Column("participant_id", Id),
    Column("changes", Json, nullable=False),  # field -> [old, new]
    Column("reason", Text, nullable=False),
    Index("ix_audit_event_subject", "subject_kind", "subject_id"),
    Index("ix_audit_event_participant_id", "participant_id"),
)

audit_seal = Table(
    "audit_seal",
    metadata,
    Column("last_id", _serial, primary_key=True, autoincrement=False),  # the newest event under this seal
    Column("first_id", _serial, nullable=False),
    Column("hash", Text, nullable=False),  # SHA-256 of the previous seal's hash and the canonical events
    Column("sealed_at", Instant, nullable=False),
)

heartbeat = Table(
    "heartbeat",
    metadata,
    Column("process", Text, primary_key=True),
    Column("at", Instant, nullable=False),
)

"""Who may come in: staff, sessions, sign-in links, API keys. Secrets are stored only as keyed hashes."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from pro_service.storage.metadata import Id, Instant, Json, metadata, new_id

staff = Table(
    "staff",
    metadata,
    Column("id", Id, primary_key=True, default=new_id),
    Column("email", Text, nullable=False, unique=True),  # lower case; a login name, never logged
    Column("password_hash", Text, nullable=False),
    Column("totp_sealed", LargeBinary),
    Column("totp_key_id", Text),
    Column("totp_last_step", BigInteger, nullable=False, default=0),
    Column("role", Text, nullable=False),
    Column("study", Text, nullable=False, default=""),  # study code; empty: every study
    Column("site", Text, nullable=False, default=""),  # site code; empty: every site
    Column("organisation", Text, nullable=False, default=""),
    Column("failed_attempts", Integer, nullable=False, default=0),
    Column("locked_until", Instant),
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
)

session = Table(
    "session",
    metadata,
    Column("id", Id, primary_key=True, default=new_id),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("participant_id", Id, ForeignKey("participant.id")),
    Column("staff_id", Id, ForeignKey("staff.id")),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    CheckConstraint("(participant_id IS NULL) <> (staff_id IS NULL)", name="one_person"),
    Index("ix_session_participant_id", "participant_id"),
    Index("ix_session_staff_id", "staff_id"),
)

sign_in_link = Table(
    "sign_in_link",
    metadata,
    Column("id", Id, primary_key=True, default=new_id),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("participant_id", Id, ForeignKey("participant.id"), nullable=False),
    Column("assessment_ids", Json, nullable=False),  # lives until all of these are submitted or closed
    Column("created_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Index("ix_sign_in_link_participant_id", "participant_id"),
)

api_key = Table(
    "api_key",
    metadata,
    Column("id", Id, primary_key=True, default=new_id),
    Column("key_hash", LargeBinary, nullable=False, unique=True),
    Column("label", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("study", Text, nullable=False, default=""),
    Column("site", Text, nullable=False, default=""),
    Column("scopes", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("key_hash", LargeBinary, primary_key=True),  # of actor, method, path and the client's key
    Column("request_hash", LargeBinary, nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("headers", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
)

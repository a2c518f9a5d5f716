"""Deliveries: every message decided on, with the decision, its reason, each attempt and the outcome.

`key` is what makes a message the same message (participant, local day, occasion): the database refuses a second one.
A delivery's id is its Message-ID. An attempt is on disk before the provider is called.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Integer, Table, Text, UniqueConstraint, text

from pro_service.storage.metadata import Id, Instant, Json, metadata, new_id

delivery = Table(
    "delivery",
    metadata,
    Column("id", Id, primary_key=True, default=new_id),
    Column("participant_id", Id, ForeignKey("participant.id"), nullable=False),
    Column("key", Text, nullable=False, unique=True),
    Column("occasion", Text, nullable=False),  # invitation | reminder
    Column("assessment_ids", Json, nullable=False),
    Column("local_day", Date, nullable=False),
    Column("channel", Text, nullable=False, default=""),
    Column("decision", Text, nullable=False),  # send | superseded | submitted | closed | withdrawn | ...
    Column("reason", Text, nullable=False, default=""),
    Column("decided_at", Instant, nullable=False),
    Column("due_at", Instant),  # when to (re)try sending; NULL: nothing left to do
    Column("claimed_until", Instant),
    Column("outcome", Text),  # sent | failed | unknown; NULL: not yet
    Column("sent_at", Instant),
    Index(
        "ix_delivery_due",
        "due_at",
        postgresql_where=text("due_at IS NOT NULL"),
        sqlite_where=text("due_at IS NOT NULL"),
    ),
    Index("ix_delivery_participant_id_local_day", "participant_id", "local_day"),
)

delivery_attempt = Table(
    "delivery_attempt",
    metadata,
    Column("id", Id, primary_key=True, default=new_id),
    Column("delivery_id", Id, ForeignKey("delivery.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("outcome", Text),  # sent | failed | unknown
    Column("permanent", Boolean),
    Column("detail", Text, nullable=False, default=""),  # a provider's status code, never an address
    UniqueConstraint("delivery_id", "number"),
)

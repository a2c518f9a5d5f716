"""Score sets: all scales of one response revision under one scorer version. Re-scoring adds, never overwrites.

The SQL view `score` (made in the migrations, one text per dialect) gives one row per scale.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, Table, Text, UniqueConstraint

from pro_service.storage.metadata import Id, Instant, Json, metadata, new_id

score_set = Table(
    "score_set",
    metadata,
    Column("id", Id, primary_key=True, default=new_id),
    Column("response_id", Id, ForeignKey("response.id"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("instrument", Text, nullable=False),
    Column("instrument_version", Text, nullable=False),
    Column("scorer_version", Text, nullable=False),
    Column("value_set", Text, nullable=False, default=""),
    Column("missing_rule", Text, nullable=False),
    Column("input_hash", Text, nullable=False),  # SHA-256 of the canonical answers, instrument and version
    Column("scales", Json, nullable=False),  # scale -> {"value", "n_answered", "n_items"}
    Column("computed_at", Instant, nullable=False),
    UniqueConstraint("response_id", "revision", "scorer_version", "value_set"),
)

"""Names, addresses and phone numbers, sealed, in a table of their own. Only services.contacts imports this module.

`sealed` is AES-256-GCM over a JSON document, bound to its row by its associated data; `key_id` names the key of the
ring that sealed it, so that keys can be rotated.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, LargeBinary, Table, Text

from pro_service.storage.metadata import Id, Instant, metadata

contact = Table(
    "contact",
    metadata,
    Column("participant_id", Id, ForeignKey("participant.id"), primary_key=True),
    Column("key_id", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

"""What an audit event is. Sealing into a hash chain happens in batches, in a table of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does it. `id` is a participant's or staff member's id, or a process name; never a name or an address."""

    kind: Literal["participant", "staff", "api_key", "system", "cli"]
    id: str
    role: str = ""
    study: str = ""  # study code; empty: every study
    site: str = ""  # site code; empty: every site
    scopes: frozenset[str] = frozenset()
    organisation: str = ""


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One line of the audit trail. `changes` maps a field to its old and new value, the first value included."""

    action: str
    subject_kind: str
    subject_id: UUID | str
    changes: Mapping[str, tuple[object, object]] = field(default_factory=dict)
    reason: str = ""
    study_id: UUID | None = None
    participant_id: UUID | None = None

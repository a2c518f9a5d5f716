"""What an audit event is, and how stored events are sealed into a hash chain.

A seal covers a range of event ids. It keeps, per event, the id (8 bytes) and the SHA-256 of its canonical text
(32 bytes), and a hash over the previous seal's hash and all of these. So an altered, removed or added event is found
by name, and an altered seal breaks the chain. Whoever writes down the newest hash can later tell whether the whole
chain was made anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

ID_BYTES = 8
ENTRY_BYTES = ID_BYTES + hashlib.sha256().digest_size
START = "0" * 64
"""What the first seal takes for the hash of the seal before it."""


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


@dataclass(frozen=True, slots=True)
class AuditLine:
    """An audit event as it is stored; `changes` maps a field to [old, new]."""

    id: int
    at: datetime
    actor_kind: str
    actor_id: str
    role: str
    organisation: str
    action: str
    subject_kind: str
    subject_id: str
    study_id: UUID | None
    participant_id: UUID | None
    changes: Mapping[str, Sequence[object]]
    reason: str


@dataclass(frozen=True, slots=True)
class Seal:
    """The seal over the events `first_id` to `last_id` (ids that were never used leave no trace)."""

    first_id: int
    last_id: int
    digests: bytes
    hash: str


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that is not as it was sealed. `event_id` names the event, or the last event under a seal."""

    event_id: int
    what: Literal["altered", "missing", "added", "seal altered", "chain broken", "noted head missing"]

    def __str__(self) -> str:
        if self.what in ("altered", "missing", "added"):
            return f"event {self.event_id}: {self.what}"
        return f"seal up to event {self.event_id}: {self.what}"


def seal(previous: Seal | None, events: Sequence[AuditLine]) -> Seal:
    """The seal that follows `previous` over these events (at least one, by id)."""
    first_id = previous.last_id + 1 if previous else 1
    digests = b"".join(event.id.to_bytes(ID_BYTES, "big") + _digest(event) for event in events)
    last_id = events[-1].id
    return Seal(first_id, last_id, digests, _chained(previous, first_id, last_id, digests))


def damage(previous: Seal | None, sealed: Seal, events: Sequence[AuditLine]) -> tuple[Damage, ...]:
    """What differs between a seal and the events found in its range, and whether it follows the seal before it."""
    found: list[Damage] = []
    if sealed.first_id != (previous.last_id + 1 if previous else 1):
        found.append(Damage(sealed.last_id, "chain broken"))
    if sealed.hash != _chained(previous, sealed.first_id, sealed.last_id, sealed.digests):
        found.append(Damage(sealed.last_id, "seal altered"))
    expected, actual = _entries(sealed.digests), {event.id: _digest(event) for event in events}
    for event_id in sorted(expected.keys() | actual.keys()):
        if event_id not in actual:
            found.append(Damage(event_id, "missing"))
        elif event_id not in expected:
            found.append(Damage(event_id, "added"))
        elif expected[event_id] != actual[event_id]:
            found.append(Damage(event_id, "altered"))
    return tuple(found)


def _chained(previous: Seal | None, first_id: int, last_id: int, digests: bytes) -> str:
    head = f"{previous.hash if previous else START}:{first_id}:{last_id}:".encode()
    return hashlib.sha256(head + digests).hexdigest()


def _entries(digests: bytes) -> dict[int, bytes]:
    entries = (digests[start : start + ENTRY_BYTES] for start in range(0, len(digests), ENTRY_BYTES))
    return {int.from_bytes(entry[:ID_BYTES], "big"): entry[ID_BYTES:] for entry in entries}


def _digest(event: AuditLine) -> bytes:
    """SHA-256 of the event as one line of JSON with a fixed order of fields and sorted keys."""
    fields = [
        event.id,
        event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        event.actor_kind,
        event.actor_id,
        event.role,
        event.organisation,
        event.action,
        event.subject_kind,
        event.subject_id,
        str(event.study_id or ""),
        str(event.participant_id or ""),
        event.changes,
        event.reason,
    ]
    return hashlib.sha256(json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()).digest()

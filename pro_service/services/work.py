"""Work: what every use case is handed first. Frozen; made by runtime.work(...) around one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pro_service.domain.audit import Actor, AuditEvent
from pro_service.domain.instruments import Instrument
from pro_service.storage import audit
from pro_service.storage.keyring import KeyRing
from pro_service.storage.session import Session
from pro_service.storage.wordings import Wordings


@dataclass(frozen=True, slots=True)
class Work:
    """One transaction's worth of work: whose, when, with what catalogue. `now` is an aware UTC instant."""

    session: Session
    actor: Actor
    now: datetime
    catalogue: Mapping[str, Instrument]
    keys: KeyRing
    wordings: Wordings = field(default_factory=Wordings)

    def record(self, *events: AuditEvent) -> None:
        """Write audit lines in this transaction; many at once cost one statement."""
        audit.append(self.session, events, actor=self.actor, at=self.now)

"""Sealing anew what an older key of the ring sealed: contacts, second factors and webhook secrets, in small steps."""

from __future__ import annotations

from dataclasses import dataclass

from pro_service.domain.roles import require
from pro_service.services import contacts, staff, webhooks
from pro_service.services.work import Work


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much is not sealed with the ring's first key, `key_id`."""

    key_id: str
    contacts: int
    accounts: int
    webhooks: int

    @property
    def total(self) -> int:
        """All together."""
        return self.contacts + self.accounts + self.webhooks


def waiting(work: Work) -> Waiting:
    """How much there is to seal anew; writes nothing."""
    require(work.actor, "keys.manage")
    return Waiting(
        work.keys.first,
        contacts.waiting_to_reseal(work),
        staff.waiting_to_reseal(work),
        webhooks.waiting_to_reseal(work),
    )


def reseal(work: Work, *, limit: int = 500) -> int:
    """Seal up to `limit` contacts, or then accounts, or then webhooks, with the first key; how many, 0 when all are."""
    return (
        contacts.reseal(work, limit=limit) or staff.reseal_totp(work, limit=limit) or webhooks.reseal(work, limit=limit)
    )

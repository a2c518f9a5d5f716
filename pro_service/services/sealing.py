"""Sealing anew what was sealed with an older key of the ring: contacts and second factors, in small steps."""

from __future__ import annotations

from dataclasses import dataclass

from pro_service.domain.roles import require
from pro_service.services import contacts, staff
from pro_service.services.work import Work


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much is not sealed with the ring's first key, `key_id`."""

    key_id: str
    contacts: int
    accounts: int

    @property
    def total(self) -> int:
        """Both together."""
        return self.contacts + self.accounts


def waiting(work: Work) -> Waiting:
    """How much there is to seal anew; writes nothing."""
    require(work.actor, "keys.manage")
    return Waiting(work.keys.first, contacts.waiting_to_reseal(work), staff.waiting_to_reseal(work))


def reseal(work: Work, *, limit: int = 500) -> int:
    """Seal up to `limit` contacts, or then accounts, with the ring's first key; how many, 0 when all are."""
    return contacts.reseal(work, limit=limit) or staff.reseal_totp(work, limit=limit)

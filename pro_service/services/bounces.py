"""Bounces: a message that came back has failed, and where the address is at fault it is left alone from now on."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from pro_service.domain.bounces import Bounce
from pro_service.domain.roles import require
from pro_service.services import contacts
from pro_service.services.carriers import event
from pro_service.services.work import Work
from pro_service.storage import belonging, deliveries, participants

FIELD = "email"
"""Only mail comes back this way."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a report has changed: the message's outcome now, and whether its address was marked by this report."""

    delivery_id: UUID
    outcome: str | None
    address_marked: bool


def record(work: Work, *, bounce: Bounce) -> Recorded:
    """Put a report on record; the same again changes nothing. NotFound where the message is none of ours.

    A report that a message is merely late changes nothing either. An address that is another one by now is not marked.
    """
    require(work.actor, "deliveries.bounce")
    delivery = deliveries.by_id(work.session, bounce.delivery_id)
    owner = delivery.participant_id
    if owner is not None:
        place = belonging.by_participant(work.session, owner)
        require(work.actor, "deliveries.bounce", study=place.study, site=place.site)
        participants.by_id(work.session, owner, lock=True)
    if not bounce.failed:
        return Recorded(delivery.id, delivery.outcome, address_marked=False)
    why = f"came back: {bounce.status or 'no status given'}"
    if delivery.outcome != "failed":
        deliveries.change_all(work.session, {delivery.id: {"outcome": "failed", "due_at": None, "reason": why}})
        changes = {"outcome": (delivery.outcome, "failed"), "reason": (delivery.reason, why)}
        work.record(event("delivery.bounce", delivery, changes))
    marked = (
        owner is not None
        and bounce.address_at_fault
        and contacts.mark_unreachable(work, participant_id=owner, field=FIELD, address=bounce.recipient, reason=why)
    )
    return Recorded(delivery.id, "failed", address_marked=marked)

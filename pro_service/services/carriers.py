"""Carriers: what differs between a message to a participant, to a member of staff, and to a webhook's endpoint.

A carrier is one function, `prepare(work, claimed, outside)`. It is handed deliveries of its kind of recipient that are
about to be sent, all claimed by us, and decides about each again:

    a `Letter`     it is to go now: this is the call to make
    a `Decision`   it is not: the reason goes on record; with `until` it is asked again then, without, never

Everything around it is the same for all of them and lies in `deliveries.py`: claims and leases, the attempt on disk
before the call, the outcome after it, retries, doubt and the audit trail. To carry something new: write the function,
name it in `deliveries.CARRIERS`, and put rows in with `queue`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from pro_service.domain.audit import AuditEvent
from pro_service.domain.deliveries import PAUSES, Delivery
from pro_service.domain.messages import Channel, Handing, Receipt
from pro_service.domain.reminders import Decision
from pro_service.posting import Post
from pro_service.services.work import Work
from pro_service.storage import deliveries


@dataclass(frozen=True, slots=True)
class Outside:
    """What messages leave by: channels by name, the address links begin with, and how endpoints are called."""

    channels: Mapping[str, Channel]
    base_url: str
    post: Post


@dataclass(frozen=True, slots=True)
class Letter:
    """A message composed and ready. `call` hands it over and is made with no transaction open, in any thread.

    It is handed what it must call right before the other side could take the message, and may raise `ChannelError`.
    `channel` is the name to put on record; `repeatable`: the other side knows the delivery's id again, so that a call
    that died half-way may be made once more. `lost` is told, in the transaction that puts the outcome on record, when
    the address has proved wrong. `pauses` lie between attempts.
    """

    channel: str
    repeatable: bool
    call: Callable[[Handing], Receipt] = field(repr=False)
    assessment_ids: tuple[UUID, ...] = ()
    lost: Callable[[Work, str], object] | None = field(default=None, repr=False)
    pauses: tuple[timedelta, ...] = PAUSES


Carrier = Callable[[Work, Sequence[Delivery], Outside], Mapping[UUID, Letter | Decision]]
"""Decides about each of these deliveries, by id. A delivery that breaks it is tried alone: it keeps no other back."""


def queue(work: Work, *new: Delivery) -> tuple[Delivery, ...]:
    """Store deliveries to be sent at their `due_at`; those whose key is taken are left out, the others returned."""
    stored = deliveries.add_missing(work.session, new)
    added = tuple(one for one in new if one.id in stored)
    work.record(*(decided(one) for one in added))
    return added


def decided(one: Delivery) -> AuditEvent:
    """The audit line of a new delivery."""
    changes: dict[str, tuple[object, object]] = {"decision": (None, one.decision), "reason": (None, one.reason)}
    if one.assessment_ids:
        changes["assessment_ids"] = (None, one.assessment_ids)
    return event("delivery.decide", one, changes)


def event(action: str, one: Delivery, changes: Mapping[str, tuple[object, object]], reason: str = "") -> AuditEvent:
    """An audit line about a delivery."""
    return AuditEvent(
        action, "delivery", one.id, changes, reason, study_id=one.study_id, participant_id=one.participant_id
    )

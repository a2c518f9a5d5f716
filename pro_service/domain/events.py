"""Trial events as recorded: append-only, each row superseding the one before it, so that any past day can be retold.

`EventRecord` is a row of that history; `schedule.TrialEvent` is what is believed now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from pro_service.domain import schedule
from pro_service.domain.errors import Conflict, Invalid, Problem
from pro_service.domain.protocol import Study
from pro_service.domain.schedule import Change, TrialEvent


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One line of history. `on` is None for a retraction: the event did not happen after all."""

    id: UUID
    participant_id: UUID
    kind: str
    on: date | None
    actual: bool
    recorded_at: datetime
    recorded_by: str
    reason: str = ""
    supersedes_id: UUID | None = None


def known(records: Sequence[EventRecord], at: datetime | None = None) -> tuple[EventRecord, ...]:
    """The newest record of each kind, retractions included, as it was known at `at` (None: as it is known now)."""
    seen = [record for record in records if at is None or record.recorded_at <= at]
    superseded = {record.supersedes_id for record in seen}
    return tuple(record for record in seen if record.id not in superseded)


def current(records: Sequence[EventRecord], at: datetime | None = None) -> tuple[TrialEvent, ...]:
    """The events that have a date, as known at `at`: what planning is handed."""
    return tuple(TrialEvent(one.kind, one.on, one.actual) for one in known(records, at) if one.on is not None)


def check(study: Study, event: TrialEvent, today: date) -> None:
    """Raise UnknownEvent, EventTooEarly or Invalid unless the protocol and the calendar allow the event.

    `today` is the participant's own date. What lies ahead can only be planned: a year typed wrongly is caught here.
    """
    schedule.check_event(study, event.kind, event.on)
    limit = today.replace(year=today.year + 10, day=min(today.day, 28))
    if event.on > limit:
        raise _invalid("on", f"{event.kind} on {event.on} lies more than ten years ahead")
    if event.actual and event.on > today:
        raise _invalid("on", f"{event.kind} on {event.on} lies ahead: it can be planned, it cannot have happened")


def check_succession(held: EventRecord | None, on: date | None, *, actual: bool, reason: str) -> None:
    """Raise Invalid or Conflict unless a record with that date may supersede the one that is held."""
    happened = held is not None and held.on is not None and held.actual
    if on is None and (held is None or held.on is None):
        raise Conflict("there is no such event to take back")
    if happened and on is not None and not actual:
        raise Conflict("this event has happened; correct its date, or take it back before planning it again")
    if (happened or on is None) and not reason.strip():
        raise _invalid("reason", "say why: the event was recorded as having happened, or is taken back")


def ends_of(study: Study) -> frozenset[str]:
    """The kinds of event that end participation: withdrawal and death."""
    return frozenset(kind.code for kind in study.events if kind.ends)


def stopped(change: Change, ends: frozenset[str]) -> bool:
    """Whether the end of participation stops an assessment in the middle of being answered.

    Re-planning keeps what was begun; but nobody is asked on after a withdrawal or a death. What was answered stays.
    """
    one = change.existing
    return (
        change.kind == "kept"
        and one is not None
        and one.submitted_at is None
        and one.cancelled_at is None
        and change.planned.state == "cancelled"
        and change.planned.reason in ends
    )


def resumed(change: Change, ends: frozenset[str]) -> bool:
    """Whether an assessment stopped that way goes on, because the end of participation was taken back or moved."""
    one = change.existing
    return (
        change.kind == "kept"
        and one is not None
        and one.submitted_at is None
        and one.cancel_reason in ends
        and change.planned.state != "cancelled"
    )


def _invalid(field: str, message: str) -> Invalid:
    return Invalid(message, problems=[Problem(message, field=field)])

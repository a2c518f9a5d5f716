"""Trial events as recorded: append-only, each row superseding the one before it, so that any past day can be retold.

`EventRecord` is a row of that history; `schedule.TrialEvent` is what is believed now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from uuid import UUID

from pro_service.domain import calendar, reasons, schedule
from pro_service.domain.assessments import Assessment
from pro_service.domain.errors import Conflict, Invalid, Problem
from pro_service.domain.protocol import Study
from pro_service.domain.schedule import Change, Facts, Planned, TrialEvent

YEARS_AHEAD = 10
"""No event is planned further ahead than this."""


LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)
"""Nothing was known by then; asking for an earlier instant is the same question."""


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


def asked_for(at: datetime | None, on: date | None, *, timezone: str, now: datetime) -> datetime:
    """The instant meant by "as known at" an instant, or by the end of a local day; now, where neither is given.

    What lies ahead is not known yet: it means now. Invalid where both are given.
    """
    if at is not None and on is not None:
        raise _invalid("known_on", "expected either an instant (known_at) or a day (known_on), not both")
    zone = calendar.zone(timezone)
    at = None if at is None else max(at, LONG_AGO)
    if on is not None and on < calendar.local_date(now, zone):
        return calendar.day_end(on, zone) - timedelta(microseconds=1)
    return min(at or now, now)


def current(records: Sequence[EventRecord], at: datetime | None = None) -> tuple[TrialEvent, ...]:
    """The events that have a date, as known at `at`: what planning is handed."""
    return tuple(TrialEvent(one.kind, one.on, one.actual) for one in known(records, at) if one.on is not None)


def check(study: Study, event: TrialEvent, today: date) -> None:
    """Raise UnknownEvent, EventTooEarly or Invalid unless the protocol and the calendar allow the event.

    `today` is the participant's own date. What lies ahead can only be planned: a year typed wrongly is caught here.
    """
    schedule.check_event(study, event.kind, event.on)
    if event.on > today.replace(year=today.year + YEARS_AHEAD, day=min(today.day, 28)):
        raise _invalid("on", f"{event.kind} on {event.on} lies more than {YEARS_AHEAD} years ahead")
    if event.actual and event.on > today:
        raise _invalid("on", f"{event.kind} on {event.on} lies ahead: it can be planned, it cannot have happened yet")


def next_record(held: EventRecord | None, record: EventRecord) -> EventRecord:
    """The record as it follows the one that is held; the very same as held where it says nothing new.

    Raises Conflict where it cannot follow: an event that happened is not planned again, and what was never recorded
    is not taken back. A reason is compulsory to change what has happened, or to take an event back.
    """
    if held is not None and (held.on, held.actual or held.on is None) == (
        record.on,
        record.actual or record.on is None,
    ):
        return held
    happened = held is not None and held.on is not None and held.actual
    if record.on is None and (held is None or held.on is None):
        raise Conflict("there is no such event to take back")
    if happened and record.on is not None and not record.actual:
        raise Conflict("this event has happened: correct its date, or take it back before planning it again")
    if happened or record.on is None:
        reasons.given(record.reason, what="what was recorded changes")
    return replace(record, reason=reasons.kept(record.reason), supersedes_id=None if held is None else held.id)


def require_newest(held: EventRecord | None, seen: UUID | None) -> None:
    """Raise Conflict where the record that somebody saw, and means to correct, is not the one that counts now."""
    if seen is not None and (held is None or held.id != seen):
        raise Conflict("this event has been recorded anew since it was looked at; look again before correcting it")


def ends_of(study: Study) -> frozenset[str]:
    """The kinds of event that end participation: withdrawal and death."""
    return frozenset(kind.code for kind in study.events if kind.ends)


def with_ends(changes: Sequence[Change], ends: frozenset[str]) -> tuple[Change, ...]:
    """The changes, in which the end of participation also stops what was begun and not submitted.

    Re-planning keeps what was begun; but nobody is asked on after a withdrawal or a death. The assessment is
    cancelled where it stands, its answers stay and are scored as far as they go. When the end is taken back, or moved
    beyond the window, it goes on.
    """
    return tuple(_with_end(change, ends) for change in changes)


def replanned(
    study: Study, facts: Facts, events: Sequence[TrialEvent], existing: Sequence[Assessment]
) -> tuple[Change, ...]:
    """What must change for the assessments of one person to say what the protocol and these events say."""
    changes = schedule.changes(existing, schedule.plan(study, facts, events))
    return with_ends(changes, ends_of(study))


def _with_end(change: Change, ends: frozenset[str]) -> Change:
    one, planned = change.existing, change.planned
    if change.kind != "kept" or one is None or one.submitted_at is not None:
        return change
    if one.cancelled_at is None and planned.state == "cancelled" and planned.reason in ends:
        return Change("cancel", _where_it_stands(one, "cancelled", planned.reason), one)
    if one.cancel_reason in ends and planned.state != "cancelled":
        return Change("revive", _where_it_stands(one, "planned", None), one)
    return change


def _where_it_stands(one: Assessment, state: Literal["planned", "cancelled"], reason: str | None) -> Planned:
    return Planned(
        timepoint=one.timepoint,
        occurrence=one.occurrence,
        state=state,
        instruments=one.instruments,
        anchor=one.anchor,
        anchor_on=one.anchor_on,
        target_on=one.target_on,
        opens_at=one.opens_at,
        due_at=one.due_at,
        closes_at=one.closes_at,
        reason=reason,
    )


def _invalid(field: str, message: str) -> Invalid:
    return Invalid(message, problems=[Problem(message, field=field)])

"""From events to assessments: `plan` computes what should be, `changes` what differs from what is.

All arithmetic is on local calendar dates in the participant's zone and resolved to UTC last, so a clock change moves
nothing. Neither function knows what time it is.

How a window is computed, for a timepoint with target date T = anchor date + `target`:

    opens_at    00:00 local of T + `opens`
    due_at      24:00 local of T
    closes_at   24:00 local of T + `closes`, but no later than
                24:00 local of the event named by `not_after`, and
                00:00 local of the event named by `before`, where that event has a date

A cap moves `closes_at` alone: `due_at` stays where the protocol wants the answer, even when a cap closes earlier.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from pro_service.domain import calendar
from pro_service.domain.assessments import Assessment
from pro_service.domain.errors import EventTooEarly, Invalid, UnknownArm, UnknownEvent, UnknownStratum
from pro_service.domain.protocol import Study, Timepoint

NO_WINDOW = "no-window"
"""A cap left no time at all between opening and closing."""

NOT_IN_PROTOCOL = "not-in-protocol"
"""The protocol, as it now reads, does not ask this timepoint of this person."""

BY_HAND = "by-hand"
"""A cancel reason that starts so was given by a person: planning leaves such an assessment alone."""

LONGEST_STUDY = timedelta(days=36525)
"""No event lies later than this after the study was born; a year typed wrongly is caught here."""


@dataclass(frozen=True, slots=True)
class TrialEvent:
    """One event as known now: the newest row of its kind (an actual date supersedes a planned one)."""

    kind: str
    on: date
    actual: bool = True


@dataclass(frozen=True, slots=True)
class Facts:
    """What planning needs to know of a participant. Zone is an IANA name."""

    arm: str
    stratum: str
    timezone: str


@dataclass(frozen=True, slots=True)
class Planned:
    """What one assessment should be. `waiting` has no dates; `cancelled` says why in `reason`.

    `reason` of a cancelled one is `no-window`, `not-in-protocol`, or the kind of the event that ended participation.
    `anchor_on` is the date of the event itself, before any days per arm are added.
    """

    timepoint: str
    occurrence: int
    state: Literal["planned", "waiting", "cancelled"]
    instruments: tuple[str, ...]
    anchor: str | None = None
    anchor_on: date | None = None
    target_on: date | None = None
    opens_at: datetime | None = None
    due_at: datetime | None = None
    closes_at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a re-plan. `kept` says a begun or submitted assessment stays although the plan differs."""

    kind: Literal["create", "move", "cancel", "revive", "kept"]
    planned: Planned
    existing: Assessment | None = None

    @property
    def writes(self) -> bool:
        """Whether applying this line writes anything; a `kept` line is information only."""
        return self.kind != "kept"

    def fields(self, at: datetime) -> dict[str, object]:
        """Every assessment field this line sets, by name, when it is applied at the instant `at`."""
        if not self.writes:
            return {}
        values: dict[str, object] = {name: getattr(self.planned, name) for name in _PLANNED_FIELDS}
        cancelled = self.planned.state == "cancelled"
        values["cancelled_at"] = self._cancelled_at(at) if cancelled else None
        values["cancel_reason"] = self.planned.reason if cancelled else None
        return values

    def differences(self, at: datetime) -> dict[str, tuple[object, object]]:
        """Old and new value of each field that applying this line at `at` changes: what the audit line says."""
        return {
            name: (old, new)
            for name, new in self.fields(at).items()
            if (old := getattr(self.existing, name, None)) != new
        }

    def _cancelled_at(self, at: datetime) -> datetime:
        """The instant of the cancellation: an assessment cancelled for the same reason stays cancelled since then."""
        if self.existing is not None and self.existing.cancel_reason == self.planned.reason:
            return self.existing.cancelled_at or at
        return at


@dataclass(frozen=True, slots=True)
class _Person:
    """What the windows of one participant depend on: dates by kind of event, and the event that ended it all."""

    arm: str
    known: Mapping[str, date]
    end: tuple[str, date] | None
    zone: ZoneInfo


_PLANNED_FIELDS = ("anchor", "anchor_on", "target_on", "opens_at", "due_at", "closes_at", "instruments")


def plan(study: Study, facts: Facts, events: Sequence[TrialEvent]) -> tuple[Planned, ...]:
    """Every assessment of the protocol for one participant, in protocol order.

    `events` holds at most one event per kind, in any order. A timepoint that asks nothing of the participant's
    stratum is left out. Raises UnknownArm, UnknownStratum, and Invalid for a zone that does not exist or an event
    given twice.
    """
    if facts.arm not in study.arm_codes:
        raise UnknownArm(f"no arm '{facts.arm}'; the arms are {', '.join(study.arm_codes)}")
    if facts.stratum not in study.stratum_codes:
        raise UnknownStratum(f"no stratum '{facts.stratum}'; the strata are {', '.join(study.stratum_codes)}")
    known = {event.kind: event.on for event in events}
    if len(known) != len(events):
        raise Invalid("an event is given more than once; hand in the current date of each kind")
    person = _Person(facts.arm, known, _end(study, known), calendar.zone(facts.timezone))
    return tuple(
        _planned(timepoint, instruments, person)
        for timepoint in study.timepoints
        if (instruments := study.instruments_for(timepoint, facts.stratum))
    )


def check_event(study: Study, kind: str, on: date) -> None:
    """Raise UnknownEvent, EventTooEarly or Invalid unless this study can have such an event on that date."""
    if kind not in study.event_codes:
        raise UnknownEvent(f"no event '{kind}'; the events are {', '.join(study.event_codes)}")
    if on < study.born_on:
        raise EventTooEarly(f"{kind} on {on} lies before the study was born on {study.born_on}")
    if on - study.born_on > LONGEST_STUDY:
        raise Invalid(f"{kind} on {on} lies more than a hundred years after the study was born; is the year right?")


def _end(study: Study, known: Mapping[str, date]) -> tuple[str, date] | None:
    """The first event that ended participation (withdrawal, death), if one did."""
    ends = [(known[kind.code], kind.code) for kind in study.events if kind.ends and kind.code in known]
    return (min(ends)[1], min(ends)[0]) if ends else None


def _planned(timepoint: Timepoint, instruments: tuple[str, ...], person: _Person) -> Planned:
    """What one timepoint should be for one participant."""
    anchor = next((anchor for anchor in timepoint.anchors if anchor.event in person.known), None)
    if anchor is None:
        reason = person.end[0] if person.end else None
        return Planned(timepoint.code, 1, "cancelled" if reason else "waiting", instruments, reason=reason)
    anchor_on, zone = person.known[anchor.event], person.zone
    target_on = calendar.add(anchor_on + timedelta(days=anchor.days_by_arm.get(person.arm, 0)), timepoint.target)
    opens_at = calendar.day_start(target_on + timedelta(days=timepoint.opens), zone)
    closes_at = min([calendar.day_end(target_on + timedelta(days=timepoint.closes), zone), *_caps(timepoint, person)])
    reason = _reason(opens_at, closes_at, person)
    return Planned(
        timepoint=timepoint.code,
        occurrence=1,
        state="cancelled" if reason else "planned",
        instruments=instruments,
        anchor=anchor.event,
        anchor_on=anchor_on,
        target_on=target_on,
        opens_at=opens_at,
        due_at=calendar.day_end(target_on, zone),
        closes_at=closes_at,
        reason=reason,
    )


def _caps(timepoint: Timepoint, person: _Person) -> list[datetime]:
    """The instants no window of this timepoint may outlast: those whose event has a date."""
    caps = []
    if timepoint.not_after is not None and timepoint.not_after in person.known:
        caps.append(calendar.day_end(person.known[timepoint.not_after], person.zone))
    if timepoint.before is not None and timepoint.before in person.known:
        caps.append(calendar.day_start(person.known[timepoint.before], person.zone))
    return caps


def _reason(opens_at: datetime, closes_at: datetime, person: _Person) -> str | None:
    """Why an assessment with this window is cancelled; None when it is not."""
    if closes_at <= opens_at:
        return NO_WINDOW
    if person.end is not None and closes_at > calendar.day_end(person.end[1], person.zone):
        return person.end[0]
    return None


def changes(existing: Sequence[Assessment], planned: Sequence[Planned]) -> tuple[Change, ...]:
    """What re-planning would do, in protocol order; no line that writes when nothing would change.

    An assessment keeps its id for good: it moves, is cancelled and comes back as the same one. One that has been
    started or submitted is never moved, cancelled or issued again; a `kept` line says where the plan differs from it.
    """
    held = {(assessment.timepoint, assessment.occurrence): assessment for assessment in existing}
    lines = [_change(held.pop((one.timepoint, one.occurrence), None), one) for one in planned]
    lines += [_change(assessment, _dropped(assessment)) for assessment in held.values()]
    return tuple(line for line in lines if line is not None)


def _change(existing: Assessment | None, planned: Planned) -> Change | None:
    if existing is None:
        return Change("create", planned)
    if (existing.cancel_reason or "").startswith(BY_HAND) or _agrees(existing, planned):
        return None
    if existing.started_at is not None or existing.submitted_at is not None:
        return Change("kept", planned, existing)
    if planned.state == "cancelled":
        return Change("cancel", planned, existing)
    return Change("revive" if existing.cancelled_at is not None else "move", planned, existing)


def _agrees(existing: Assessment, planned: Planned) -> bool:
    """Whether the stored assessment already is what the plan wants."""
    if (existing.cancelled_at is not None) != (planned.state == "cancelled"):
        return False
    if existing.cancelled_at is not None and existing.cancel_reason != planned.reason:
        return False
    return all(getattr(existing, name) == getattr(planned, name) for name in _PLANNED_FIELDS)


def _dropped(existing: Assessment) -> Planned:
    """What becomes of an assessment the protocol no longer asks: cancelled where it stands."""
    window = {name: getattr(existing, name) for name in _PLANNED_FIELDS}
    return Planned(existing.timepoint, existing.occurrence, "cancelled", reason=NOT_IN_PROTOCOL, **window)

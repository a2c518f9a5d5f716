"""What a re-plan means beyond its dates: which messages change, and what stays because it was begun.

Messages are those the study's reminder rule makes of a window. What was due before now has been said and can't be
unsaid; what falls on one day is sent as one message, whatever number of assessments it speaks of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from pro_service.domain.assessments import Assessment
from pro_service.domain.participants import Participant
from pro_service.domain.preferences import NO_CHANNEL, wants
from pro_service.domain.protocol import ReminderRule
from pro_service.domain.reminders import Occasion, instants, local_day
from pro_service.domain.schedule import Change, Planned

Instants = tuple[datetime, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """One message to come. `at` is None for one that is due at once: it goes as soon as the quiet hours allow."""

    occasion: Occasion
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Consequence:
    """One line of a re-plan with the messages that fall away and those that come instead, oldest first.

    `stays` says why the assessment stays although the plan differs: it was begun, or it was submitted.
    """

    change: Change
    fall_away: tuple[Note, ...] = ()
    come_instead: tuple[Note, ...] = ()

    @property
    def stays(self) -> Literal["begun", "submitted"] | None:
        """Why nothing about this assessment is written; None for a line that writes."""
        existing = self.change.existing
        if self.change.writes or existing is None:
            return None
        return "begun" if existing.submitted_at is None else "submitted"


def consequences(
    changes: Sequence[Change], *, rule: ReminderRule, participant: Participant, now: datetime
) -> tuple[Consequence, ...]:
    """Every line of a re-plan with what becomes of its messages."""
    if participant.preferences.get("channel") == NO_CHANNEL:
        return tuple(Consequence(change) for change in changes)
    found = (_consequence(change, rule, participant.timezone, now) for change in changes)
    return tuple(_without_unwanted(one, participant) for one in found)


def _without_unwanted(one: Consequence, participant: Participant) -> Consequence:
    gone, new = (
        tuple(note for note in notes if wants(participant.preferences, note.occasion))
        for notes in (one.fall_away, one.come_instead)
    )
    return replace(one, fall_away=gone, come_instead=new)


def _consequence(change: Change, rule: ReminderRule, zone: str, now: datetime) -> Consequence:
    if not change.writes:
        return Consequence(change)
    before, after = _before(change.existing, rule, zone), _after(change.planned, rule, zone, now)
    gone = tuple(_note(before, at) for at in before if at > now and at not in after)
    new = tuple(_note(after, at) for at in after if at > now and at not in before)
    return Consequence(change, gone, (*_at_once(before, after, zone, now), *new))


def _before(existing: Assessment | None, rule: ReminderRule, zone: str) -> Instants:
    """When messages about the assessment were due as it stands; none about one that is cancelled."""
    if existing is None or existing.cancelled_at is not None:
        return ()
    return instants(rule, existing.opens_at, existing.closes_at, zone)


def _after(planned: Planned, rule: ReminderRule, zone: str, now: datetime) -> Instants:
    """When messages are due under the plan; none about a window that has passed already."""
    if planned.state != "planned" or planned.closes_at is None or planned.closes_at <= now:
        return ()
    return instants(rule, planned.opens_at, planned.closes_at, zone)


def _at_once(before: Instants, after: Instants, zone: str, now: datetime) -> tuple[Note, ...]:
    """The one message that a window which is open already brings at once, unless that day's has been said."""
    due, said = [at for at in after if at <= now], [at for at in before if at <= now]
    if not due or (said and local_day(due[-1], zone) <= local_day(said[-1], zone)):
        return ()
    return (Note(_note(after, due[-1]).occasion, None),)


def _note(of: Instants, at: datetime) -> Note:
    return Note("invitation" if at == of[0] else "reminder", at)

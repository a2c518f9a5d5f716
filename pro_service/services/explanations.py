"""Explanations: why a participant did, or did not, get a message on a day; also where nothing at all was decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from pro_service.domain.deliveries import Explanation
from pro_service.domain.events import ends_of
from pro_service.domain.silence import Asked, Silence, silence
from pro_service.services.permissions import on_record, require_staff
from pro_service.services.work import Work
from pro_service.storage import assessments, attempts, deliveries, participants


@dataclass(frozen=True, slots=True)
class Day:
    """One local day of a person: everything decided, oldest first; and why there is nothing, where there is nothing."""

    timezone: str
    decided: tuple[Explanation, ...]
    silence: Silence | None


def explain(work: Work, *, participant_id: UUID, day: date) -> tuple[Explanation, ...]:
    """Everything decided about this person's messages of one local day, with each attempt: why sent, why not."""
    return tuple(
        one for one in history(work, participant_id=participant_id, since=day) if one.delivery.local_day == day
    )


def history(work: Work, *, participant_id: UUID, since: date = date.min) -> tuple[Explanation, ...]:
    """Everything decided about this person's messages since a local day, oldest first."""
    participant = participants.by_id(work.session, participant_id)
    require_staff(work, participant, "deliveries.read")
    on_record(work, participant, "deliveries")
    found = deliveries.of_participants(work.session, [participant_id], since=since).get(participant_id, [])
    tried = attempts.of_deliveries(work.session, [one.id for one in found])
    return tuple(Explanation(one, tuple(tried.get(one.id, ()))) for one in found)


def of_day(work: Work, *, participant_id: UUID, day: date) -> Day:
    """What was decided of a day; where that is nothing, why: no window, no message due, submitted, ended."""
    participant = participants.by_id(work.session, participant_id)
    study = require_staff(work, participant, "deliveries.read")
    decided = explain(work, participant_id=participant_id, day=day)
    if decided:
        return Day(participant.timezone, decided, None)
    ends = deliveries.ends(work.session, participant_ids=[participant_id], kinds=ends_of(study))
    asked = Asked(
        day=day,
        now=work.now,
        rule=study.reminders,
        timezone=participant.timezone,
        assessments=assessments.of_participant(work.session, participant_id),
        ended_on=next((one.on for one in ends.get(participant_id, ())), None),
    )
    return Day(participant.timezone, (), silence(asked))

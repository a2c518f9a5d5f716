"""Explanations: why a participant did, or did not, get a message on a day."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from pro_service.domain.deliveries import Explanation
from pro_service.services.permissions import require_staff
from pro_service.services.work import Work
from pro_service.storage import deliveries, participants


def explain(work: Work, *, participant_id: UUID, day: date) -> tuple[Explanation, ...]:
    """Everything decided about this person's messages of one local day, with each attempt: why sent, why not."""
    return tuple(
        one for one in history(work, participant_id=participant_id, since=day) if one.delivery.local_day == day
    )


def history(work: Work, *, participant_id: UUID, since: date = date.min) -> tuple[Explanation, ...]:
    """Everything decided about this person's messages since a local day, oldest first."""
    participant = participants.by_id(work.session, participant_id)
    require_staff(work, participant, "deliveries.read")
    found = deliveries.of_participants(work.session, [participant_id], since=since).get(participant_id, [])
    tried = deliveries.attempts(work.session, [one.id for one in found])
    return tuple(Explanation(one, tuple(tried.get(one.id, ()))) for one in found)

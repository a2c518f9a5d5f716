"""What a digest is made of: questionnaires past their day, and messages that failed or are in doubt."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select

from pro_service.domain.assessments import GRACE, Assessment
from pro_service.domain.digests import Trouble
from pro_service.storage import assessments
from pro_service.storage.assessments import assessment
from pro_service.storage.deliveries import delivery
from pro_service.storage.participants import participant
from pro_service.storage.session import Session
from pro_service.storage.studies import study

TROUBLE = ("failed", "unknown")


def past_due(
    session: Session, *, study_id: UUID, due_by: datetime, now: datetime
) -> tuple[tuple[str, str, Assessment], ...]:
    """Participant code, site and assessment of all that were due by then and can still be answered."""
    query = (
        select(participant.c.code, participant.c.site, *assessments.COLUMNS)
        .join(participant, participant.c.id == assessment.c.participant_id)
        .where(
            participant.c.study_id == study_id,
            assessment.c.submitted_at.is_(None),
            assessment.c.cancelled_at.is_(None),
            assessment.c.due_at <= due_by,
            assessment.c.closes_at > now - GRACE,
        )
    )
    return tuple((row[0], row[1], assessments.from_values(row[2:])) for row in session.execute(query))


def troubles(session: Session, *, studies: Collection[str], since: date) -> tuple[Trouble, ...]:
    """The messages to participants of these studies, for local days from `since` on, that did not surely arrive."""
    query = (
        select(delivery.c.id, study.c.code, participant.c.site, participant.c.code, delivery.c.outcome)
        .join(participant, participant.c.id == delivery.c.participant_id)
        .join(study, study.c.id == participant.c.study_id)
        .where(delivery.c.outcome.in_(TROUBLE), delivery.c.local_day >= since, study.c.code.in_(studies))
    )
    return tuple(Trouble(*row) for row in session.execute(query))


def told(session: Session, staff_ids: Collection[UUID], *, occasion: str, since: date) -> dict[UUID, set[UUID]]:
    """The troubles that digests, sent or about to be sent, have told each of these members of staff of."""
    query = select(delivery.c.staff_id, delivery.c.about).where(
        delivery.c.staff_id.in_(staff_ids),
        delivery.c.local_day >= since,
        delivery.c.occasion == occasion,
        delivery.c.decision == "send",
        delivery.c.outcome.is_distinct_from("failed"),
    )
    found: dict[UUID, set[UUID]] = {}
    for staff_id, about in session.execute(query):
        listed: Sequence[str] = about.get("troubles", ())
        found.setdefault(staff_id, set()).update(map(UUID, listed))
    return found

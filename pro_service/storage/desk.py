"""What the study team's desk reads: every assessment of a study beside whose it is, in one query."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select

from pro_service.domain.assessments import Assessment
from pro_service.storage import assessments
from pro_service.storage.assessments import assessment
from pro_service.storage.participants import participant
from pro_service.storage.session import Session

Line = tuple[str, str, Assessment]
"""Participant code, site, assessment."""


def lines(session: Session, *, study_id: UUID, site: str) -> tuple[Line, ...]:
    """Every assessment that was planned, by participant and opening; an empty site means every site."""
    query = (
        select(participant.c.code, participant.c.site, *assessments.COLUMNS)
        .join(participant, participant.c.id == assessment.c.participant_id)
        .where(participant.c.study_id == study_id)
        .order_by(participant.c.code, assessment.c.opens_at.is_(None), assessment.c.opens_at)
    )
    if site:
        query = query.where(participant.c.site == site)
    return tuple((row[0], row[1], assessments.from_values(row[2:])) for row in session.execute(query))


def people(session: Session, *, study_id: UUID, site: str) -> dict[str, tuple[int, int]]:
    """Site -> participants, and how many of them still wait in screening."""
    query = select(participant.c.site, func.count(), func.count() - func.count(participant.c.enrolled_at)).where(
        participant.c.study_id == study_id
    )
    if site:
        query = query.where(participant.c.site == site)
    rows = session.execute(query.group_by(participant.c.site).order_by(participant.c.site))
    return {row[0]: (row[1], row[2]) for row in rows}

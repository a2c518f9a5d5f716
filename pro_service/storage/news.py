"""What a reader of news asks of the trial: sealed audit lines, windows by when they open or close, new scores."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Row, Select, and_, func, or_, select

from pro_service.domain.audit import AuditLine
from pro_service.domain.news import Dated, Scored, Whose
from pro_service.domain.webhooks import Mark
from pro_service.storage import assessments
from pro_service.storage.assessments import assessment
from pro_service.storage.audit import audit_event, audit_seal
from pro_service.storage.participants import participant
from pro_service.storage.responses import response
from pro_service.storage.scores import score_set
from pro_service.storage.session import Session

_WHOSE = (participant.c.id, participant.c.code, participant.c.site)

_FORM = {
    "id": score_set.c.id,
    "response_id": score_set.c.response_id,
    "assessment_id": response.c.assessment_id,
    "timepoint": assessment.c.timepoint,
    "instrument": score_set.c.instrument,
    "computed_at": score_set.c.computed_at,
}


def sealed_up_to(session: Session) -> int:
    """The newest audit event under a seal: up to it no event is missing or still being written."""
    return int(session.execute(select(func.coalesce(func.max(audit_seal.c.last_id), 0))).scalar_one())


def newest(session: Session) -> int:
    """The newest audit event there is."""
    return int(session.execute(select(func.coalesce(func.max(audit_event.c.id), 0))).scalar_one())


def lines(
    session: Session, *, study_id: UUID, after: int, upto: int, actions: Sequence[str], scheduled: bool, limit: int
) -> list[AuditLine]:
    """The audit lines of a study with one of these actions, by id, at most `limit`.

    With `scheduled` also those about an assessment, whatever they say of it: its dates may be new.
    """
    columns = audit_event.c
    meant = (
        or_(columns.action.in_(actions), columns.subject_kind == "assessment")
        if scheduled
        else (columns.action.in_(actions))
    )
    query = select(audit_event).where(columns.id > after, columns.id <= upto, columns.study_id == study_id, meant)
    return [AuditLine(**row._mapping) for row in session.execute(query.order_by(columns.id).limit(limit))]


def people(session: Session, participant_ids: Collection[UUID], *, site: str) -> dict[UUID, Whose]:
    """Code and site of these people, by id; an empty site means every site."""
    query = select(*_WHOSE).where(participant.c.id.in_(participant_ids))
    return {row[0]: Whose(*row) for row in session.execute(_at(query, site))}


def dated(session: Session, assessment_ids: Collection[UUID]) -> dict[UUID, Dated]:
    """These assessments with whose they are, by id."""
    query = _dated().where(assessment.c.id.in_(assessment_ids))
    return {one.assessment.id: one for one in map(_from_row, session.execute(query))}


def opening(
    session: Session, *, study_id: UUID, site: str, after: Mark, until: datetime, limit: int
) -> tuple[Dated, ...]:
    """The assessments of a study that open after the mark and by `until`, in that order; whatever became of them."""
    query = _between(assessment.c.opens_at, after, until).where(participant.c.study_id == study_id)
    return tuple(map(_from_row, session.execute(_at(query, site).limit(limit))))


def closing(
    session: Session, *, study_id: UUID, site: str, after: Mark, until: datetime, limit: int
) -> tuple[Dated, ...]:
    """Those not submitted that close after the mark and by `until`, in that order."""
    query = _between(assessment.c.closes_at, after, until).where(
        participant.c.study_id == study_id, assessment.c.submitted_at.is_(None)
    )
    return tuple(map(_from_row, session.execute(_at(query, site).limit(limit))))


def scored(
    session: Session, *, study_id: UUID, site: str, at: Collection[datetime], instruments: Collection[str]
) -> tuple[Scored, ...]:
    """The score sets of a study made at these instants, of these instruments."""
    query = (
        select(*_FORM.values(), *_WHOSE)
        .join(response, response.c.id == score_set.c.response_id)
        .join(assessment, assessment.c.id == response.c.assessment_id)
        .join(participant, participant.c.id == assessment.c.participant_id)
        .where(
            score_set.c.computed_at.in_(at),
            score_set.c.instrument.in_(instruments),
            participant.c.study_id == study_id,
        )
        .order_by(score_set.c.computed_at, score_set.c.id)
    )
    return tuple(map(_scored, session.execute(_at(query, site))))


def _between(instant: Column[datetime], after: Mark, until: datetime) -> Select[Any]:
    later = or_(instant > after.at, and_(instant == after.at, assessment.c.id > after.id))
    return _dated().where(instant >= after.at, instant <= until, later).order_by(instant, assessment.c.id)


def _dated() -> Select[Any]:
    columns = (*assessments.COLUMNS, *_WHOSE)
    return select(*columns).join(participant, participant.c.id == assessment.c.participant_id)


def _at(query: Select[Any], site: str) -> Select[Any]:
    return query.where(participant.c.site == site) if site else query


def _from_row(row: Row[Any]) -> Dated:
    split = len(assessments.COLUMNS)
    return Dated(assessments.from_values(row[:split]), Whose(*row[split:]))


def _scored(row: Row[Any]) -> Scored:
    values = row._mapping
    whose = Whose(*(values[column] for column in _WHOSE))
    return Scored(**{name: values[column] for name, column in _FORM.items()}, whose=whose)

"""Reading for data cuts: a few bulk queries per batch of participants, however many rows each of them has.

Nothing recorded after the cut is read where a row carries its instant; what a row does not say (a window that moved
later, an answer that was corrected later) the audit trail does, see `later_changes`. Rows come in no particular
order: databases sort text in different ways, so whoever writes them sorts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from pro_service.domain.assessments import Assessment
from pro_service.domain.events import EventRecord
from pro_service.domain.participants import Participant
from pro_service.storage import assessments, participants
from pro_service.storage.assessments import assessment
from pro_service.storage.audit import audit_event
from pro_service.storage.deliveries import delivery
from pro_service.storage.events import trial_event
from pro_service.storage.participants import participant
from pro_service.storage.responses import response
from pro_service.storage.scores import score_set
from pro_service.storage.session import Session

Changes = Mapping[str, Sequence[Any]]
"""An audit line's changes: field -> [old, new], as plain JSON values."""


@dataclass(frozen=True, slots=True, order=True)
class LaterChange:
    """One audit line of a change made after the cut; lines order by their number."""

    number: int
    changes: Changes = field(compare=False)


@dataclass(frozen=True, slots=True)
class ResponseRow:
    """A response as it is stored now; `updated_at` tells whether it has changed since the cut."""

    id: UUID
    assessment_id: UUID
    instrument: str
    instrument_version: str
    language: str
    wording: str
    answers: Mapping[str, Any]
    stamps: Mapping[str, Mapping[str, Any]]
    revision: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One score set."""

    response_id: UUID
    revision: int
    scorer_version: str
    value_set: str
    missing_rule: str
    input_hash: str
    scales: Mapping[str, Mapping[str, Any]]
    computed_at: datetime


SCORES = tuple(score_set.c[field.name] for field in fields(ScoreRow))
"""The columns of a ScoreRow, in the order of its fields."""


def people(session: Session, *, study_id: UUID, known_by: datetime) -> tuple[Participant, ...]:
    """Everybody who was known by then, as they are stored now, by code."""
    query = select(*participants.COLUMNS).where(
        participant.c.study_id == study_id, participant.c.created_at <= known_by
    )
    found = (participants.from_values(row) for row in session.execute(query))
    return tuple(sorted(found, key=lambda one: one.code))


def events(session: Session, ids: Sequence[UUID], *, known_by: datetime) -> dict[UUID, list[EventRecord]]:
    """What had been recorded by then, by participant, oldest first."""
    columns = trial_event.c
    query = select(
        columns.id,
        columns.participant_id,
        columns.kind,
        columns.on_date,
        columns.actual,
        columns.recorded_at,
        columns.recorded_by,
        columns.reason,
        columns.supersedes_id,
    ).where(columns.participant_id.in_(ids), columns.recorded_at <= known_by)
    found = defaultdict(list)
    for row in session.execute(query.order_by(columns.recorded_at, columns.id)):
        found[row.participant_id].append(EventRecord(*row))
    return found


def forms(session: Session, ids: Sequence[UUID]) -> dict[UUID, list[Assessment]]:
    """Every assessment of these participants, as it is stored now, by participant."""
    found = defaultdict(list)
    for row in session.execute(select(*assessments.COLUMNS).where(assessment.c.participant_id.in_(ids))):
        one = assessments.from_values(row)
        found[one.participant_id].append(one)
    return found


def responses(session: Session, ids: Sequence[UUID], *, known_by: datetime) -> dict[UUID, list[ResponseRow]]:
    """The responses of these participants that were begun by then, as they are stored now, by assessment."""
    columns = response.c
    query = (
        select(
            columns.id,
            columns.assessment_id,
            columns.instrument,
            columns.instrument_version,
            columns.language,
            columns.wording,
            columns.answers,
            columns.stamps,
            columns.revision,
            columns.updated_at,
        )
        .join(assessment, assessment.c.id == columns.assessment_id)
        .where(assessment.c.participant_id.in_(ids), columns.created_at <= known_by)
    )
    found = defaultdict(list)
    for row in session.execute(query):
        found[row.assessment_id].append(ResponseRow(*tuple(row)))
    return found


def scores(session: Session, ids: Sequence[UUID], *, known_by: datetime) -> dict[UUID, list[ScoreRow]]:
    """The score sets of these participants that were computed by then, by response."""
    query = (
        select(*SCORES)
        .join(response, response.c.id == score_set.c.response_id)
        .join(assessment, assessment.c.id == response.c.assessment_id)
        .where(assessment.c.participant_id.in_(ids), score_set.c.computed_at <= known_by)
    )
    found = defaultdict(list)
    for row in session.execute(query):
        found[row.response_id].append(ScoreRow(*row))
    return found


def later_changes(
    session: Session, ids: Sequence[UUID], *, kinds: Sequence[str], after: datetime
) -> dict[tuple[str, str], list[LaterChange]]:
    """What the audit trail says was changed after `after`, by kind and id of what was changed."""
    columns = audit_event.c
    query = select(columns.subject_kind, columns.subject_id, columns.id, columns.changes).where(
        columns.participant_id.in_(ids), columns.subject_kind.in_(kinds), columns.at > after
    )
    found = defaultdict(list)
    for kind, subject, number, changes in session.execute(query):
        found[kind, subject].append(LaterChange(number, changes))
    return found


def answer_times(session: Session, subjects: Sequence[UUID], *, until: datetime) -> dict[str, dict[str, datetime]]:
    """When the audit trail last saw each field of these subjects set, up to an instant, by subject's id and field."""
    columns = audit_event.c
    query = (
        select(columns.subject_id, columns.at, columns.changes)
        .where(
            columns.subject_kind.in_(("assessment", "response")),
            columns.subject_id.in_([str(subject) for subject in subjects]),
            columns.at <= until,
        )
        .order_by(columns.id)
    )
    found: dict[str, dict[str, datetime]] = defaultdict(dict)
    for subject, at, changes in session.execute(query):
        found[subject].update(dict.fromkeys(changes, at))
    return found


def scored(session: Session, *, study_id: UUID) -> int:
    """How many score sets a study has."""
    query = (
        select(func.count())
        .select_from(score_set)
        .join(response, response.c.id == score_set.c.response_id)
        .join(assessment, assessment.c.id == response.c.assessment_id)
        .join(participant, participant.c.id == assessment.c.participant_id)
        .where(participant.c.study_id == study_id)
    )
    return int(session.execute(query).scalar_one())


def messages(session: Session, *, study_id: UUID) -> int:
    """How many messages a study has sent."""
    query = (
        select(func.count())
        .select_from(delivery)
        .join(participant, participant.c.id == delivery.c.participant_id)
        .where(participant.c.study_id == study_id, delivery.c.outcome == "sent")
    )
    return int(session.execute(query).scalar_one())

"""Score sets: all scales of one response revision under one scorer version. Re-scoring adds, never overwrites.

The SQL view `score` (made in the migrations, one text per dialect) gives one row per scale.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import ModuleType
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    Select,
    Table,
    Text,
    UniqueConstraint,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from pro_service.domain.rescoring import HeldScores
from pro_service.domain.scores import PendingForm, ScoreSet
from pro_service.storage.assessments import assessment
from pro_service.storage.metadata import Id, Instant, Json, metadata, new_id
from pro_service.storage.participants import participant
from pro_service.storage.responses import response
from pro_service.storage.session import Session

score_set = Table(
    "score_set",
    metadata,
    Column("id", Id, primary_key=True, default=new_id),
    Column("response_id", Id, ForeignKey("response.id"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("instrument", Text, nullable=False),
    Column("instrument_version", Text, nullable=False),
    Column("scorer_version", Text, nullable=False),
    Column("value_set", Text, nullable=False, default=""),
    Column("missing_rule", Text, nullable=False),
    Column("input_hash", Text, nullable=False),  # SHA-256 of the canonical answers, instrument and version
    Column("scales", Json, nullable=False),  # scale -> {"value", "n_answered", "n_items"}
    Column("computed_at", Instant, nullable=False),
    UniqueConstraint("response_id", "revision", "scorer_version", "value_set"),
    # rows are only ever added, in the order of time: a few bytes per block find those of an instant
    Index("ix_score_set_computed_at", "computed_at", postgresql_using="brin"),
)


def _add(dialect: ModuleType) -> Any:
    """Insert score sets; one that is there already stays as it is: the same answers give the same scores."""
    return dialect.insert(score_set).on_conflict_do_nothing().inline()


_ADD = {"postgresql": _add(postgresql), "sqlite": _add(sqlite)}
_FORM = (
    response.c.id,
    response.c.revision,
    response.c.instrument,
    response.c.instrument_version,
    response.c.answers,
    participant.c.study_id,
    participant.c.study_version_id,
)
"""The columns of a PendingForm, in the order of its fields."""


def claim_pending(session: Session, *, now: datetime, limit: int) -> tuple[PendingForm, ...]:
    """Forms without scores, held by this transaction until it ends; on PostgreSQL other workers pass them by.

    A worker that dies lets go of them at once. Forms set aside until after `now` are left alone.
    """
    query = (
        select(*_FORM)
        .join(assessment, assessment.c.id == response.c.assessment_id)
        .join(participant, participant.c.id == assessment.c.participant_id)
        .where(response.c.to_score, response.c.scored_revision < response.c.revision)
        .where(or_(response.c.claimed_until.is_(None), response.c.claimed_until <= now))
        .limit(limit)
        .with_for_update(of=response, skip_locked=True)
    )
    return tuple(PendingForm(*row) for row in session.execute(query))


def add(session: Session, score_sets: Sequence[ScoreSet], *, at: datetime) -> None:
    """Store score sets, and mark their responses as scored. They must have been claimed in this transaction."""
    if not score_sets:
        return
    keep(session, score_sets, at=at)
    session.execute(
        update(response)
        .where(response.c.id.in_([one.response_id for one in score_sets]))
        .values(scored_revision=response.c.revision, claimed_until=None)
    )


def keep(session: Session, score_sets: Sequence[ScoreSet], *, at: datetime) -> None:
    """Store score sets beside those that are there, of responses that are held by this transaction."""
    if score_sets:
        session.execute(_ADD[session.dialect.name], [{**_values(one), "computed_at": at} for one in score_sets])


def scored_forms(session: Session, *, study_id: UUID, instrument: str) -> int:
    """How many responses of a study have the scores of their newest revision; an empty instrument means every one."""
    return int(session.execute(_of_study(select(func.count()), study_id, instrument)).scalar_one())


def scored(
    session: Session, *, study_id: UUID, instrument: str, after: UUID | None, limit: int, lock: bool
) -> tuple[PendingForm, ...]:
    """Those responses, by id, from after this one on; `lock` holds them until the transaction ends."""
    query = _of_study(select(*_FORM), study_id, instrument).order_by(response.c.id).limit(limit)
    if after is not None:
        query = query.where(response.c.id > after)
    if lock:
        query = query.with_for_update(of=response)
    return tuple(PendingForm(*row) for row in session.execute(query))


def held(session: Session, response_ids: Collection[UUID]) -> Mapping[tuple[UUID, int], Sequence[HeldScores]]:
    """Every score set of these responses, by response and revision."""
    columns = (score_set.c.scorer_version, score_set.c.value_set, score_set.c.computed_at, score_set.c.scales)
    query = select(score_set.c.response_id, score_set.c.revision, *columns)
    found: dict[tuple[UUID, int], list[HeldScores]] = defaultdict(list)
    for response_id, revision, *values in session.execute(query.where(score_set.c.response_id.in_(response_ids))):
        found[response_id, revision].append(HeldScores(*values))
    return found


def _of_study(query: Select[Any], study_id: UUID, instrument: str) -> Select[Any]:
    query = (
        query.select_from(response)
        .join(assessment, assessment.c.id == response.c.assessment_id)
        .join(participant, participant.c.id == assessment.c.participant_id)
        .where(participant.c.study_id == study_id, response.c.to_score)
        .where(response.c.scored_revision == response.c.revision)
    )
    return query.where(response.c.instrument == instrument) if instrument else query


def set_aside(session: Session, response_ids: Collection[UUID], *, until: datetime) -> None:
    """Leave forms alone for a while that cannot be scored now."""
    if response_ids:
        session.execute(
            update(response)
            .where(response.c.id.in_(response_ids))
            .values(claimed_until=until)
            .execution_options(housekeeping=True)
        )


def _values(one: ScoreSet) -> dict[str, Any]:
    return {name: getattr(one, name) for name in _NAMES}


_NAMES = tuple(ScoreSet.__dataclass_fields__)

"""What FHIR clients read: submitted responses page by page, and the scores of their newest revision.

Pages follow the ids of responses, which never change: a response that comes or changes meanwhile is neither lost nor
given twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, not_, or_, select

from pro_service.domain.fhir_responses import Answered
from pro_service.domain.fhir_search import Interval, Search
from pro_service.storage.assessments import assessment
from pro_service.storage.datasets import SCORES, ScoreRow
from pro_service.storage.participants import participant
from pro_service.storage.responses import correction, response
from pro_service.storage.scores import score_set
from pro_service.storage.session import Session
from pro_service.storage.studies import study

_COLUMNS = (
    response.c.id,
    study.c.code,
    participant.c.study_version_id,
    participant.c.code,
    assessment.c.timepoint,
    assessment.c.occurrence,
    assessment.c.mode,
    assessment.c.submitted_at,
    response.c.instrument,
    response.c.instrument_version,
    response.c.language,
    response.c.wording,
    response.c.answers,
    response.c.revision,
    response.c.updated_at,
    exists().where(correction.c.response_id == response.c.id),
)
"""The columns of an Answered, in the order of its fields."""

Undated = Mapping[str, Collection[str]]
"""Study -> timepoints whose dates stay inside."""


def answered(
    session: Session, asked: Search, *, study_code: str, site: str, undated: Undated, scored: bool, limit: int
) -> tuple[Answered, ...]:
    """Submitted responses, by id. An empty study or site means every one; `scored`: only those with scores.

    A search by date passes by what is undated: otherwise asking often enough would tell the date.
    """
    query: Select[Any] = (
        select(*_COLUMNS)
        .join(assessment, assessment.c.id == response.c.assessment_id)
        .join(participant, participant.c.id == assessment.c.participant_id)
        .join(study, study.c.id == participant.c.study_id)
        .where(assessment.c.submitted_at.is_not(None))
        .where(*_reach(study_code, site), *_wanted(asked))
        .where(*_within(assessment.c.submitted_at, asked.given))
        .order_by(response.c.id)
        .limit(limit)
    )
    query = _with_scores(query, asked.updated) if scored else query.where(*_changed(asked.updated))
    if asked.given != Interval() or asked.updated != Interval():
        query = query.where(*_dated(undated))
    hidden = {(code, timepoint) for code, timepoints in undated.items() for timepoint in timepoints}
    rows = (Answered(*row) for row in session.execute(query))
    return tuple(replace(one, undated=(one.study, one.timepoint) in hidden) for one in rows)


def scores(session: Session, ids: Sequence[UUID]) -> dict[UUID, list[ScoreRow]]:
    """Every score set of the newest revision of these responses."""
    query = (
        select(*SCORES)
        .join(response, response.c.id == score_set.c.response_id)
        .where(score_set.c.response_id.in_(ids), score_set.c.revision == response.c.revision)
    )
    found = defaultdict(list)
    for row in session.execute(query):
        found[row.response_id].append(ScoreRow(*row))
    return found


def _reach(study_code: str, site: str) -> list[ColumnElement[bool]]:
    wanted = ((study.c.code, study_code), (participant.c.site, site))
    return [column == value for column, value in wanted if value]


def _wanted(asked: Search) -> list[ColumnElement[bool]]:
    wanted: tuple[tuple[ColumnElement[Any], object], ...] = (
        (response.c.instrument, asked.instrument),
        (response.c.instrument_version, asked.version),
        (study.c.code, asked.study),
        (participant.c.code, asked.participant),
        (response.c.id, UUID(asked.response) if asked.response else ""),
    )
    found = [column == value for column, value in wanted if value]
    if asked.after:
        after = UUID(asked.after)
        found.append(response.c.id >= after if asked.skip else response.c.id > after)
    return found


def _within(column: ColumnElement[Any], when: Interval) -> list[ColumnElement[bool]]:
    starts = [] if when.start is None else [column >= when.start]
    return starts if when.end is None else [*starts, column < when.end]


def _changed(when: Interval) -> list[ColumnElement[bool]]:
    """Submitted or changed in that time, the later of the two. Whatever is submitted is to be scored: by an index."""
    return [response.c.to_score, *_within(response.c.updated_at, when)] if when != Interval() else []


def _with_scores(query: Select[Any], computed: Interval) -> Select[Any]:
    """Only what has scores of its newest revision, and some of them computed in that time."""
    made = (score_set.c.response_id == response.c.id, score_set.c.revision == response.c.revision)
    return query.where(exists().where(*made, *_within(score_set.c.computed_at, computed)))


def _dated(undated: Undated) -> list[ColumnElement[bool]]:
    hidden = [
        and_(study.c.code == code, assessment.c.timepoint.in_(timepoints))
        for code, timepoints in undated.items()
        if timepoints
    ]
    return [not_(or_(*hidden))] if hidden else []

"""Responses: the answers to one instrument in one assessment, as one JSON document, with a revision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Integer,
    Row,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    insert,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects import sqlite

from pro_service.domain.errors import NotFound
from pro_service.domain.responses import Correction, Response
from pro_service.storage.assessments import assessment
from pro_service.storage.metadata import Id, Instant, Json, metadata, new_id, partial_index
from pro_service.storage.session import Session
from pro_service.storage.stamps import Stamps, packed

response = Table(
    "response",
    metadata,
    Column("id", Id, primary_key=True, default=new_id),
    Column("assessment_id", Id, ForeignKey("assessment.id"), nullable=False),
    Column("instrument", Text, nullable=False),
    Column("instrument_version", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("wording", Text, nullable=False, default="placeholder"),  # hash of what was shown, see domain.wording
    Column("answers", Json, nullable=False),  # item -> code, number, text, "na" or "declined"
    Column("stamps", Stamps, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("to_score", Boolean, nullable=False, default=False),  # submitted, or closed with answers
    Column("scored_revision", Integer, nullable=False, default=0),
    Column("claimed_until", Instant),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),  # answers saved, submitted or corrected, whichever came last
    UniqueConstraint("assessment_id", "instrument"),
    partial_index("ix_response_pending", "claimed_until", where="to_score AND scored_revision < revision"),
    partial_index("ix_response_unsettled", "assessment_id", where="NOT to_score"),
    # holds no form that is still being answered: saving an answer writes nothing here
    partial_index("ix_response_updated", "updated_at", where="to_score", on_sqlite="to_score = 1"),
)

correction = Table(
    "correction",
    metadata,
    Column("id", Id, primary_key=True, default=new_id),
    Column("response_id", Id, ForeignKey("response.id"), nullable=False),
    Column("revision", Integer, nullable=False),  # the revision this correction made
    Column("before", Json, nullable=False),
    Column("after", Json, nullable=False),
    Column("corrected_by", Text, nullable=False),
    Column("corrected_at", Instant, nullable=False),
    Column("reason", Text, nullable=False),
    UniqueConstraint("response_id", "revision"),
)

COLUMNS = (
    response.c.id,
    response.c.assessment_id,
    response.c.instrument,
    response.c.instrument_version,
    response.c.language,
    response.c.answers,
    response.c.stamps,
    response.c.revision,
    response.c.to_score,
    response.c.wording,
)
"""The columns of a Response, in the order of its fields."""

_OF_PARTICIPANT = (
    select(*COLUMNS)
    .join(assessment, response.c.assessment_id == assessment.c.id)
    .where(assessment.c.participant_id == bindparam("participant_id"))
)
_BY_ID = select(*COLUMNS).where(response.c.id == bindparam("id"))


DOCUMENT = (
    "id", "instrument", "instrument_version", "language", "wording", "answers", "stamps", "revision", "to_score",
)  # fmt: skip
"""The columns of a `document`."""


def upserting(statement: Any) -> Any:
    """Insert a response, or set it to its next revision provided that it still has the one before."""
    new = statement.excluded
    names = ("instrument_version", "language", "wording", "answers", "stamps", "revision", "updated_at")
    guarded = statement.on_conflict_do_update(
        index_elements=["assessment_id", "instrument"],
        set_={**{name: new[name] for name in names}, "to_score": or_(response.c.to_score, new.to_score)},
        where=response.c.revision == new.revision - 1,
    )
    return guarded.execution_options(preserve_rowcount=True)


_UPSERT_ON_SQLITE = upserting(sqlite.insert(response))
_SETTLE = (
    update(response)
    .where(response.c.assessment_id == bindparam("_id"))
    .values(to_score=True, updated_at=bindparam("_now"))
)
_OVERDUE = (
    select(response.c.id)
    .join(assessment, response.c.assessment_id == assessment.c.id)
    .where(~response.c.to_score, assessment.c.submitted_at.is_(None))
    .where(or_(assessment.c.closes_at <= bindparam("closed_by"), assessment.c.cancelled_at.is_not(None)))
    .limit(bindparam("most", type_=Integer))
    .with_for_update(of=response, skip_locked=True)
)
_SETTLE_OVERDUE = (
    update(response).where(response.c.id.in_(_OVERDUE)).values(to_score=true()).execution_options(housekeeping=True)
)


def from_values(values: Row[Any] | Sequence[Any]) -> Response:
    """The response made of the values of COLUMNS."""
    return Response(*values)


def by_id(session: Session, response_id: UUID) -> Response:
    """The response of that id."""
    row = session.execute(_BY_ID, {"id": response_id}).one_or_none()
    if row is None:
        raise NotFound("no such response")
    return from_values(row)


def of_participant(session: Session, participant_id: UUID) -> Mapping[UUID, tuple[Response, ...]]:
    """Everything one person answered, by assessment id."""
    found: dict[UUID, tuple[Response, ...]] = {}
    for row in session.execute(_OF_PARTICIPANT, {"participant_id": participant_id}):
        one = from_values(row)
        found[one.assessment_id] = (*found.get(one.assessment_id, ()), one)
    return found


def document(one: Response) -> dict[str, object]:
    """A response as plain JSON values, but for its assessment and the time."""
    return {
        "id": str(one.id),
        "instrument": one.instrument,
        "instrument_version": one.version,
        "language": one.language,
        "wording": one.wording,
        "answers": one.answers,
        "stamps": packed(one.stamps),
        "revision": one.revision,
        "to_score": one.to_score,
    }


def store(session: Session, responses: Sequence[Response], *, at: datetime) -> None:
    """Store new revisions on SQLite, which has one writer at a time; for PostgreSQL see `sheets.write`."""
    rows = [
        {
            **document(one),
            "id": one.id,
            "assessment_id": one.assessment_id,
            "stamps": one.stamps,
            "created_at": at,
            "updated_at": at,
        }
        for one in responses
    ]
    if rows:
        session.execute(_UPSERT_ON_SQLITE, rows)


def settle(session: Session, assessment_id: UUID, *, now: datetime) -> None:
    """Mark every response of the assessment to be scored: it is submitted now."""
    session.execute(_SETTLE, {"_id": assessment_id, "_now": now})


def settle_overdue(session: Session, *, closed_by: datetime, limit: int) -> int:
    """Mark responses to be scored whose assessment closed at `closed_by` or earlier, or was cancelled, unsubmitted."""
    return session.execute(_SETTLE_OVERDUE, {"closed_by": closed_by, "most": limit}).rowcount


def correct(session: Session, before: Response, after: Response, made: Correction) -> None:
    """Store a corrected response, to be scored anew, and keep what it said before. The caller holds its assessment."""
    session.execute(
        update(assessment).where(assessment.c.id == after.assessment_id).values(revision=assessment.c.revision + 1)
    )
    session.execute(
        update(response)
        .where(response.c.id == after.id)
        .values(
            answers=dict(after.answers),
            stamps=dict(after.stamps),
            revision=after.revision,
            to_score=True,
            updated_at=made.at,
        )
    )
    session.execute(
        insert(correction),
        {
            "response_id": after.id,
            "revision": after.revision,
            "before": dict(before.answers),
            "after": dict(after.answers),
            "corrected_by": made.by,
            "corrected_at": made.at,
            "reason": made.reason,
        },
    )

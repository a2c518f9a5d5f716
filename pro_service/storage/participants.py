"""Participants: pseudonymous codes with the facts a schedule needs. Names and addresses live in contacts.py."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    Date,
    ForeignKey,
    Index,
    Row,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    insert,
    select,
    text,
    update,
)

from pro_service.domain.errors import NotFound
from pro_service.domain.participants import Participant
from pro_service.storage import bulk
from pro_service.storage.metadata import Id, Instant, Json, metadata, new_id
from pro_service.storage.session import Session

participant = Table(
    "participant",
    metadata,
    Column("id", Id, primary_key=True, default=new_id),
    Column("study_id", Id, ForeignKey("study.id"), nullable=False),
    Column("study_version_id", Id, ForeignKey("study_version.id"), nullable=False),
    Column("code", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("arm", Text),  # NULL while in screening
    Column("stratum", Text),
    Column("language", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("eligibility", Json, nullable=False),  # criterion code -> yes | no | not_sure
    Column("consented_on", Date),
    Column("enrolled_at", Instant),  # NULL: parked in screening
    Column("created_at", Instant, nullable=False),
    Column("preferences", Json, nullable=False, default=dict),  # channel, quiet_from, quiet_until, text_size
    Column("follows", Json, nullable=False, server_default=text("'{}'")),  # timepoint -> earlier version
    UniqueConstraint("study_id", "code"),
    Index("ix_participant_study_id_site", "study_id", "site"),
    Index("ix_participant_study_version_id", "study_version_id"),
)

COLUMNS = tuple(participant.c[field.name] for field in fields(Participant))
"""The columns of a Participant, in the order of its fields."""

_ALL = select(*COLUMNS)
_BY_ID = _ALL.where(participant.c.id == bindparam("id"))
_LOCKED = _BY_ID.with_for_update()
_BY_CODE = _ALL.where(participant.c.study_id == bindparam("study_id"), participant.c.code == bindparam("code"))


def from_values(values: Row[Any] | Sequence[Any]) -> Participant:
    """The participant made of the values of COLUMNS."""
    return Participant(*values)


def by_id(session: Session, participant_id: UUID, *, lock: bool = False) -> Participant:
    """The participant of that id; `lock` makes others wait who want to change the person's events or schedule."""
    row = session.execute(_LOCKED if lock else _BY_ID, {"id": participant_id}).one_or_none()
    if row is None:
        raise NotFound("no such participant")
    return from_values(row)


def by_ids(session: Session, participant_ids: Collection[UUID], *, lock: bool = False) -> dict[UUID, Participant]:
    """The participants of these ids, by id; unknown ones are left out.

    `lock` is that of `by_id`, taken in the order of the ids, so that two who lock many never wait for each other.
    """
    query = _ALL.where(bulk.among(session, participant.c.id, participant_ids)).order_by(participant.c.id)
    rows = session.execute(query.with_for_update() if lock else query)
    return {row.id: from_values(row) for row in rows}


def timezones(session: Session) -> frozenset[str]:
    """The zones people live in."""
    return frozenset(session.execute(select(participant.c.timezone).distinct()).scalars())


def exists(session: Session, *, study_id: UUID, code: str) -> bool:
    """Whether the study has a participant of that code."""
    return session.execute(_BY_CODE, {"study_id": study_id, "code": code}).one_or_none() is not None


def listing(session: Session, *, study_id: UUID, site: str, after: str, limit: int) -> tuple[Participant, ...]:
    """Participants in the order of their codes, later than `after`; an empty site means every site."""
    statement = _ALL.where(participant.c.study_id == study_id, participant.c.code > after)
    if site:
        statement = statement.where(participant.c.site == site)
    rows = session.execute(statement.order_by(participant.c.code).limit(limit))
    return tuple(from_values(row) for row in rows)


def add(session: Session, one: Participant, *, at: datetime) -> None:
    """Store a new participant. AlreadyEnrolled where the study has that code."""
    session.execute(insert(participant), {**_values(one), "created_at": at})


def change(session: Session, one: Participant) -> None:
    """Store the participant's facts as they are now."""
    session.execute(update(participant).where(participant.c.id == one.id).values(_values(one)))


def _values(one: Participant) -> dict[str, object]:
    values: dict[str, Any] = {field.name: getattr(one, field.name) for field in fields(Participant)}
    mappings = {name: dict(values[name]) for name in ("eligibility", "preferences", "follows")}
    return {**values, **mappings}

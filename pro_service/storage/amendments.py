"""Carrying out an amendment: who is under which version of a protocol, a batch at a time, and what they hang on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import Text, bindparam, cast, func, select, update

from pro_service.domain.participants import Participant
from pro_service.storage import participants
from pro_service.storage.participants import participant
from pro_service.storage.session import Session

SECTIONS = {
    "arms": participant.c.arm,
    "strata": participant.c.stratum,
    "sites": participant.c.site,
    "languages": participant.c.language,
}
"""Section of a study file -> the fact of a participant that names one of its codes."""


def under(session: Session, version_id: UUID, *, after: UUID | None, limit: int, lock: bool) -> tuple[Participant, ...]:
    """Participants under a version by id, later than `after`; `lock` holds their events and schedules as they are."""
    query = select(*participants.COLUMNS).where(participant.c.study_version_id == version_id)
    if after is not None:
        query = query.where(participant.c.id > after)
    query = query.order_by(participant.c.id).limit(limit)
    rows = session.execute(query.with_for_update() if lock else query)
    return tuple(participants.from_values(row) for row in rows)


def counts(session: Session, version_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many participants are under each of these versions; those without anybody are left out."""
    query = select(participant.c.study_version_id, func.count()).where(participant.c.study_version_id.in_(version_ids))
    rows = session.execute(query.group_by(participant.c.study_version_id))
    return {row[0]: row[1] for row in rows}


def change(session: Session, people: Sequence[Participant]) -> None:
    """Store the version each of them is under, and the timepoints for which an earlier one is followed."""
    statement = (
        update(participant)
        .where(participant.c.id == bindparam("_id"))
        .values(
            study_version_id=bindparam("_version", type_=participant.c.study_version_id.type),
            follows=bindparam("_follows", type_=participant.c.follows.type),
        )
    )
    rows = [{"_id": one.id, "_version": one.study_version_id, "_follows": dict(one.follows)} for one in people]
    if rows:
        session.execute(statement, rows)


def in_use(session: Session, study_id: UUID) -> Mapping[str, Mapping[str, int]]:
    """How many participants of a study each code of each section is a fact of."""
    found: dict[str, dict[str, int]] = {}
    for section, column in SECTIONS.items():
        query = select(column, func.count()).where(participant.c.study_id == study_id, column.is_not(None))
        found[section] = {row[0]: row[1] for row in session.execute(query.group_by(column))}
    return found


def followed(session: Session, study_id: UUID) -> frozenset[tuple[str, int]]:
    """Every timepoint, with its version, that an earlier version governs for somebody in the study."""
    query = select(participant.c.follows).where(participant.c.study_id == study_id)
    query = query.where(cast(participant.c.follows, Text) != "{}").distinct()
    return frozenset(pair for (follows,) in session.execute(query) for pair in follows.items())

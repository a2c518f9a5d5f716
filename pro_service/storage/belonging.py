"""Where a participant belongs: the study and the site that decide who may see them. One indexed query."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, select

from pro_service.domain.errors import NotFound
from pro_service.storage.participants import participant
from pro_service.storage.session import Session
from pro_service.storage.studies import study


@dataclass(frozen=True, slots=True)
class Belonging:
    """One participant's place; `code`, `study` and `site` are codes."""

    participant_id: UUID
    code: str
    study_id: UUID
    study: str
    site: str


_ALL = select(participant.c.id, participant.c.code, participant.c.study_id, study.c.code, participant.c.site).join_from(
    participant, study
)
_BY_ID = _ALL.where(participant.c.id == bindparam("id"))
_BY_CODE = _ALL.where(participant.c.code == bindparam("code")).order_by(study.c.code)


def by_participant(session: Session, participant_id: UUID) -> Belonging:
    """Where this participant belongs."""
    row = session.execute(_BY_ID, {"id": participant_id}).one_or_none()
    if row is None:
        raise NotFound("there is no such participant")
    return Belonging(*row)


def by_code(session: Session, code: str) -> tuple[Belonging, ...]:
    """The participants of that code, at most one in each study."""
    return tuple(Belonging(*row) for row in session.execute(_BY_CODE, {"code": code}))

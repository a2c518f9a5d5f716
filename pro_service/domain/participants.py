"""A participant as the trial knows them: a code with facts, never a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Self
from uuid import UUID

from pro_service.domain.audit import AuditEvent
from pro_service.domain.enrolment import Enrolment, open_questions


@dataclass(frozen=True, slots=True)
class Participant:
    """`enrolled_at` is None while parked in screening; arm and stratum may then be None too. Zone is an IANA name.

    `follows` names the timepoints that an earlier version of the protocol governs for this person (domain.amendments).
    """

    id: UUID
    study_id: UUID
    study_version_id: UUID
    code: str
    site: str
    arm: str | None
    stratum: str | None
    language: str
    timezone: str
    eligibility: Mapping[str, str]
    consented_on: date | None
    enrolled_at: datetime | None
    preferences: Mapping[str, str] = field(default_factory=dict)
    follows: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, known: Enrolment, *, id: UUID, study_id: UUID, study_version_id: UUID, at: datetime) -> Self:
        """Somebody of whom that is known, enrolled at that instant unless they wait in screening."""
        return cls(
            id=id,
            study_id=study_id,
            study_version_id=study_version_id,
            code=known.code,
            site=known.site,
            arm=known.arm,
            stratum=known.stratum,
            language=known.language,
            timezone=known.timezone,
            eligibility=known.eligibility,
            consented_on=known.consented_on,
            enrolled_at=None if known.parked else at,
        )

    @property
    def open_questions(self) -> tuple[str, ...]:
        """The eligibility criteria somebody was not sure about; while there is one, the person waits in screening."""
        return open_questions(self.eligibility)


@dataclass(frozen=True, slots=True)
class Contact:
    """How to reach the person. Lives sealed, apart from everything else; None where unknown.

    `push` is the subscription of their browser, as JSON. `unreachable` names the fields whose address has proved wrong.
    """

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    birth_year: int | None = None
    push: str | None = None
    unreachable: tuple[str, ...] = ()

    def address(self, field: str) -> str | None:
        """What a channel writes to; None where it is not known, or has proved wrong."""
        found: str | None = getattr(self, field)
        return None if field in self.unreachable else found


def audited(
    person: Participant,
    action: str,
    subject_id: UUID,
    changes: Mapping[str, tuple[object, object]],
    *,
    reason: str = "",
) -> AuditEvent:
    """The audit event of something that belongs to a person; what kind of thing is the noun of the action."""
    noun = action.partition(".")[0]
    return AuditEvent(action, noun, subject_id, changes, reason, study_id=person.study_id, participant_id=person.id)

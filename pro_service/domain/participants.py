"""A participant as the trial knows them: a code with facts, never a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from pro_service.domain.enrolment import open_questions


@dataclass(frozen=True, slots=True)
class Participant:
    """`enrolled_at` is None while parked in screening; arm and stratum may then be None too. Zone is an IANA name."""

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

    @property
    def open_questions(self) -> tuple[str, ...]:
        """The eligibility criteria somebody was not sure about; while there is one, the person waits in screening."""
        return open_questions(self.eligibility)


@dataclass(frozen=True, slots=True)
class Contact:
    """How to reach the person. Lives sealed, apart from everything else; None where unknown."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    birth_year: int | None = None

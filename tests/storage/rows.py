"""Rows to stand on where a test is about the database itself: one study, one participant, one assessment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, Engine, insert

from pro_service.storage.assessments import assessment
from pro_service.storage.metadata import new_id
from pro_service.storage.participants import participant
from pro_service.storage.studies import study, study_version

NOON = datetime(2026, 1, 12, 12, 0, tzinfo=UTC)


def a_study(connection: Connection, code: str = "scopes", *, active: bool = True) -> tuple[UUID, UUID]:
    """A study with one version; the ids of both."""
    study_id, version_id = new_id(), new_id()
    connection.execute(insert(study), {"id": study_id, "code": code, "created_at": NOON})
    connection.execute(
        insert(study_version),
        {
            "id": version_id,
            "study_id": study_id,
            "version": 1,
            "document": "a protocol",
            "sha256": "0" * 64,
            "created_at": NOON,
            "activated_at": NOON if active else None,
        },
    )
    return study_id, version_id


def a_participant(
    connection: Connection, study_id: UUID, version_id: UUID, code: str = "NKI-001", site: str = "nki"
) -> UUID:
    """An enrolled participant; the id."""
    new = new_id()
    facts = {"arm": "short", "stratum": "trunk", "language": "en", "timezone": "Europe/Amsterdam", "eligibility": {}}
    row = {"id": new, "study_id": study_id, "study_version_id": version_id, "code": code, "site": site}
    connection.execute(
        insert(participant), {**row, **facts, "enrolled_at": NOON, "created_at": NOON, "preferences": {}}
    )
    return new


def an_assessment(
    connection: Connection, participant_id: UUID, timepoint: str = "baseline", opens_at: datetime = NOON, days: int = 7
) -> UUID:
    """An assessment open for some days; the id."""
    new = new_id()
    connection.execute(
        insert(assessment),
        {
            "id": new,
            "participant_id": participant_id,
            "timepoint": timepoint,
            "occurrence": 1,
            "opens_at": opens_at,
            "due_at": opens_at + timedelta(days=1),
            "closes_at": opens_at + timedelta(days=days),
            "instruments": ["eq-5d-5l"],
        },
    )
    return new


def someone(engine: Engine, code: str = "NKI-001", site: str = "nki") -> UUID:
    """A participant of a fresh study named after nobody; the id."""
    with engine.begin() as connection:
        return a_participant(connection, *a_study(connection), code=code, site=site)

"""Studies and their protocol versions. A version is immutable once it has been activated (database trigger)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ForeignKey, Integer, Row, Select, Table, Text, UniqueConstraint, insert, select, update

from pro_service.domain.errors import StudyNotActive, UnknownStudy
from pro_service.domain.protocol import StudyVersion
from pro_service.storage.metadata import Id, Instant, metadata, new_id
from pro_service.storage.session import Session

study = Table(
    "study",
    metadata,
    Column("id", Id, primary_key=True, default=new_id),
    Column("code", Text, nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
)

study_version = Table(
    "study_version",
    metadata,
    Column("id", Id, primary_key=True, default=new_id),
    Column("study_id", Id, ForeignKey("study.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("document", Text, nullable=False),  # the study file as it was loaded, byte for byte
    Column("sha256", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("activated_at", Instant),
    UniqueConstraint("study_id", "version"),
)


def versions(session: Session, code: str) -> tuple[StudyVersion, ...]:
    """Every version of a study, newest first; empty where there is no such study."""
    query = _select().where(study.c.code == code).order_by(study_version.c.version.desc())
    return tuple(_version(row) for row in session.execute(query))


def active_version(session: Session, code: str) -> StudyVersion:
    """The version new participants are enrolled under: the highest that was activated. UnknownStudy, StudyNotActive."""
    query = _select().where(study.c.code == code, study_version.c.activated_at.is_not(None))
    row = session.execute(query.order_by(study_version.c.version.desc()).limit(1)).first()
    if row is not None:
        return _version(row)
    if versions(session, code):
        raise StudyNotActive(f"study '{code}' has no active version; activate it first")
    raise UnknownStudy(f"no study '{code}'; load its file first")


def version_by_id(session: Session, version_id: UUID) -> StudyVersion:
    """One version; UnknownStudy where there is none."""
    row = session.execute(_select().where(study_version.c.id == version_id)).first()
    if row is None:
        raise UnknownStudy("no such study version")
    return _version(row)


def document(session: Session, version_id: UUID) -> str:
    """The study file of a version, as it was loaded."""
    found = session.execute(select(study_version.c.document).where(study_version.c.id == version_id)).scalar()
    if found is None:
        raise UnknownStudy("no such study version")
    return str(found)


def listing(session: Session) -> tuple[StudyVersion, ...]:
    """Every version of every study, by code, newest first."""
    query = _select().order_by(study.c.code, study_version.c.version.desc())
    return tuple(_version(row) for row in session.execute(query))


def hold(session: Session, code: str, *, exclusively: bool) -> None:
    """Keep the active version of a study what it is until the transaction ends: shared, or to change it oneself."""
    session.execute(select(study.c.id).where(study.c.code == code).with_for_update(read=not exclusively))


def id_of(session: Session, code: str) -> UUID | None:
    """The id of a study of that code, or None where it has not been loaded yet."""
    return session.execute(select(study.c.id).where(study.c.code == code)).scalar()


def code_of(session: Session, study_id: UUID) -> str:
    """The code of the study of that id, which there is."""
    return str(session.execute(select(study.c.code).where(study.c.id == study_id)).scalar_one())


def add_study(session: Session, *, code: str, at: datetime) -> UUID:
    """A new study without versions; Conflict where the code is taken."""
    added = new_id()
    session.execute(insert(study).values(id=added, code=code, created_at=at))
    return added


def add_version(session: Session, *, study_id: UUID, version: int, document: str, sha256: str, at: datetime) -> UUID:
    """A new version, not active yet; Conflict where the number is taken."""
    added = new_id()
    values = {"study_id": study_id, "version": version, "document": document, "sha256": sha256, "created_at": at}
    session.execute(insert(study_version).values(id=added, **values))
    return added


def replace_document(session: Session, version_id: UUID, *, document: str, sha256: str) -> None:
    """New text for a version that was never active; the database refuses it for any other."""
    changed = update(study_version).where(study_version.c.id == version_id)
    session.execute(changed.values(document=document, sha256=sha256))


def mark_active(session: Session, version_id: UUID, *, at: datetime) -> None:
    """From now on this version is immutable, and the one participants are enrolled under."""
    session.execute(update(study_version).where(study_version.c.id == version_id).values(activated_at=at))


def _select() -> Select[Any]:
    return select(
        study_version.c.id,
        study_version.c.study_id,
        study.c.code,
        study_version.c.version,
        study_version.c.sha256,
        study_version.c.created_at,
        study_version.c.activated_at,
    ).join(study, study.c.id == study_version.c.study_id)


def _version(row: Row[Any]) -> StudyVersion:
    return StudyVersion(**row._mapping)

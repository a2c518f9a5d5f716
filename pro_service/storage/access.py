"""Who may come in: staff, sessions, sign-in links, API keys. Secrets are stored only as keyed hashes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Row,
    Table,
    Text,
    bindparam,
    exists,
    func,
    insert,
    select,
    text,
    update,
)

from pro_service.domain.audit import Actor
from pro_service.domain.errors import NotFound
from pro_service.storage.assessments import assessment
from pro_service.storage.metadata import Id, Instant, Json, metadata, new_id, partial_index
from pro_service.storage.participants import participant
from pro_service.storage.prepared import Prepared
from pro_service.storage.session import Session
from pro_service.storage.studies import study

staff = Table(
    "staff",
    metadata,
    Column("id", Id, primary_key=True, default=new_id),
    Column("email", Text, nullable=False, unique=True),  # lower case; a login name, never logged
    Column("password_hash", Text, nullable=False),
    Column("totp_sealed", LargeBinary),
    Column("totp_key_id", Text),
    Column("totp_last_step", BigInteger, nullable=False, default=0),
    Column("role", Text, nullable=False),
    Column("study", Text, nullable=False, default=""),  # study code; empty: every study
    Column("site", Text, nullable=False, default=""),  # site code; empty: every site
    Column("organisation", Text, nullable=False, default=""),
    Column("failed_attempts", Integer, nullable=False, default=0),
    Column("locked_until", Instant),
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
    Column("language", Text, nullable=False, server_default=text("'en'")),  # of messages
    Column("wish", Text, nullable=False, server_default=text("'all'")),  # which messages: all | urgent | none
    Column("next_digest_at", Instant),  # NULL: the first has not been planned yet
)

session = Table(
    "session",
    metadata,
    Column("id", Id, primary_key=True, default=new_id),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("participant_id", Id, ForeignKey("participant.id")),
    Column("staff_id", Id, ForeignKey("staff.id")),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    CheckConstraint("(participant_id IS NULL) <> (staff_id IS NULL)", name="one_person"),
    Index("ix_session_participant_id", "participant_id"),
    Index("ix_session_staff_id", "staff_id"),
    partial_index("ix_session_live", "expires_at", where="revoked_at IS NULL"),
)

sign_in_link = Table(
    "sign_in_link",
    metadata,
    Column("id", Id, primary_key=True, default=new_id),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("participant_id", Id, ForeignKey("participant.id"), nullable=False),
    Column("assessment_ids", Json, nullable=False),  # lives until all of these are submitted or closed
    Column("created_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Index("ix_sign_in_link_participant_id", "participant_id"),
)

api_key = Table(
    "api_key",
    metadata,
    Column("id", Id, primary_key=True, default=new_id),
    Column("key_hash", LargeBinary, nullable=False, unique=True),
    Column("label", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("study", Text, nullable=False, default=""),
    Column("site", Text, nullable=False, default=""),
    Column("scopes", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("key_hash", LargeBinary, primary_key=True),  # of actor, method, path and the client's key
    Column("request_hash", LargeBinary, nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("headers", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Pass:
    """What a token stands for: an actor, for as long as it has not ended."""

    id: UUID
    actor: Actor
    expires_at: datetime | None
    ended: bool
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A sign-in link as it is stored."""

    id: UUID
    participant_id: UUID
    assessment_ids: tuple[UUID, ...]
    revoked: bool


PASS = (
    session.c.id,
    session.c.expires_at,
    session.c.revoked_at,
    session.c.participant_id,
    session.c.staff_id,
    staff.c.role,
    staff.c.study,
    staff.c.site,
    staff.c.organisation,
    staff.c.disabled_at,
    participant.c.site.label("participant_site"),
    study.c.code.label("participant_study"),
    session.c.created_at,
)
"""What a Pass is made of, in the order of `pass_of`."""

PASSES = (
    session.outerjoin(staff, staff.c.id == session.c.staff_id)
    .outerjoin(participant, participant.c.id == session.c.participant_id)
    .outerjoin(study, study.c.id == participant.c.study_id)
)
_SESSION = Prepared(select(*PASS).select_from(PASSES).where(session.c.token_hash == bindparam("token_hash")))
_API_KEY = select(api_key).where(api_key.c.key_hash == bindparam("key_hash"))
_LINK = select(sign_in_link).where(sign_in_link.c.token_hash == bindparam("token_hash"))
_LINK_BY_ID = select(sign_in_link).where(sign_in_link.c.id == bindparam("id"))
_LIVING_LINKS = select(sign_in_link).where(
    sign_in_link.c.participant_id == bindparam("participant_id"), sign_in_link.c.revoked_at.is_(None)
)
_LIVING_SESSIONS = select(func.count()).where(
    session.c.participant_id == bindparam("participant_id"),
    session.c.revoked_at.is_(None),
    session.c.expires_at > bindparam("at"),
)


@dataclass(frozen=True, slots=True)
class NewLink:
    """A sign-in link to be stored: the keyed hash of its token, whose it is, and what it opens."""

    token_hash: bytes
    participant_id: UUID
    assessment_ids: tuple[UUID, ...]


def by_session_token(connection: Session, token_hash: bytes) -> Pass:
    """Who a session's token stands for, in one indexed query."""
    rows = _SESSION.rows(connection, {"token_hash": token_hash})
    if not rows:
        raise NotFound("there is no such session")
    return pass_of(rows[0])


def pass_of(values: Sequence[Any]) -> Pass:
    """The pass made of the values of PASS."""
    session_id, expires_at, revoked_at, participant_id, staff_id, role, studies, sites, organisation, *rest = values
    disabled_at, participant_site, participant_study, created_at = rest
    if participant_id is not None:
        actor = Actor("participant", str(participant_id), "participant", participant_study, participant_site)
    else:
        actor = Actor("staff", str(staff_id), role, studies, sites, organisation=organisation)
    return Pass(session_id, actor, expires_at, revoked_at is not None or disabled_at is not None, created_at)


def by_api_key(connection: Session, key_hash: bytes) -> Pass:
    """Whom an API key stands for."""
    row = connection.execute(_API_KEY, {"key_hash": key_hash}).one_or_none()
    if row is None:
        raise NotFound("there is no such API key")
    actor = Actor("api_key", str(row.id), row.role, row.study, row.site, frozenset(row.scopes))
    return Pass(row.id, actor, row.expires_at, row.revoked_at is not None)


def by_link_token(connection: Session, token_hash: bytes) -> Link:
    """The sign-in link of that token."""
    return _link(connection.execute(_LINK, {"token_hash": token_hash}).one_or_none())


def link_by_id(connection: Session, link_id: UUID) -> Link:
    """One sign-in link."""
    return _link(connection.execute(_LINK_BY_ID, {"id": link_id}).one_or_none())


def living_links(connection: Session, participant_id: UUID) -> tuple[Link, ...]:
    """The sign-in links of a participant that were not revoked; whether their work is done is not asked here."""
    rows = connection.execute(_LIVING_LINKS, {"participant_id": participant_id})
    return tuple(_link(row) for row in rows)


def living_sessions(connection: Session, participant_id: UUID, *, at: datetime) -> int:
    """How many sessions of a participant are good at that instant."""
    found = connection.execute(_LIVING_SESSIONS, {"participant_id": participant_id, "at": at})
    return int(found.scalar_one())


def _link(row: Row[Any] | None) -> Link:
    if row is None:
        raise NotFound("there is no such link")
    ids = tuple(UUID(text) for text in row.assessment_ids)
    return Link(row.id, row.participant_id, ids, row.revoked_at is not None)


def add_session(
    connection: Session,
    *,
    token_hash: bytes,
    participant_id: UUID | None = None,
    staff_id: UUID | None = None,
    at: datetime,
    expires_at: datetime,
) -> UUID:
    """Store a new session of one participant or one member of staff; its id."""
    new = new_id()
    row = {"id": new, "token_hash": token_hash, "participant_id": participant_id, "staff_id": staff_id}
    connection.execute(insert(session), {**row, "created_at": at, "expires_at": expires_at})
    return new


def end_session(connection: Session, session_id: UUID, *, at: datetime) -> None:
    """Revoke one session."""
    connection.execute(update(session).where(session.c.id == session_id).values(revoked_at=at))


def end_finished(connection: Session, *, at: datetime, sent_by: datetime) -> tuple[UUID, ...]:
    """Revoke the living sessions of participants who sent something in them by then, and have nothing open now.

    Whose sessions they were, once for each session.
    """
    theirs = assessment.c.participant_id == session.c.participant_id
    sent = exists().where(theirs, assessment.c.submitted_at.between(session.c.created_at, sent_by))
    still_open = exists().where(
        theirs,
        assessment.c.submitted_at.is_(None),
        assessment.c.cancelled_at.is_(None),
        assessment.c.opens_at <= at,
        assessment.c.closes_at > at,
    )
    finished = update(session).where(session.c.revoked_at.is_(None), session.c.expires_at > at, sent, ~still_open)
    return tuple(connection.execute(finished.values(revoked_at=at).returning(session.c.participant_id)).scalars().all())


def extend_session(connection: Session, session_id: UUID, *, expires_at: datetime) -> None:
    """Move the end of one session."""
    moved = update(session).where(session.c.id == session_id).values(expires_at=expires_at)
    connection.execute(moved.execution_options(housekeeping=True))


def end_all(connection: Session, participant_id: UUID, *, at: datetime) -> tuple[int, int]:
    """Revoke every sign-in link and every session of a participant; how many of each were still good."""
    ended = [
        connection.execute(
            update(table)
            .where(table.c.participant_id == participant_id, table.c.revoked_at.is_(None))
            .values(revoked_at=at)
        ).rowcount
        for table in (sign_in_link, session)
    ]
    return ended[0], ended[1]


def end_sessions_of_staff(connection: Session, staff_id: UUID, *, at: datetime) -> int:
    """Revoke every session of one member of staff; the number of those that were still good."""
    where = (session.c.staff_id == staff_id, session.c.revoked_at.is_(None))
    return connection.execute(update(session).where(*where).values(revoked_at=at)).rowcount


def add_links(connection: Session, new: Sequence[NewLink], *, at: datetime) -> tuple[UUID, ...]:
    """Store new sign-in links; their ids, in the order given."""
    ids = tuple(new_id() for _ in new)
    rows = [
        {
            "id": link_id,
            "token_hash": one.token_hash,
            "participant_id": one.participant_id,
            "assessment_ids": [str(each) for each in one.assessment_ids],
            "created_at": at,
        }
        for link_id, one in zip(ids, new, strict=True)
    ]
    if rows:
        connection.execute(insert(sign_in_link), rows)
    return ids


def add_api_key(connection: Session, *, key_hash: bytes, at: datetime, **facts: object) -> UUID:
    """Store a new API key with its label, role, study, site, scopes and expires_at; its id."""
    new = new_id()
    connection.execute(insert(api_key), {"id": new, "key_hash": key_hash, "created_at": at, **facts})
    return new

"""Accounts of the study team. The table stands in access.py; what opens it there, who they are here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, insert, or_, select, update

from pro_service.domain.errors import NotFound
from pro_service.storage.access import staff
from pro_service.storage.session import Session


@dataclass(frozen=True, slots=True)
class Member:
    """One account, without its secrets."""

    id: UUID
    email: str
    role: str
    study: str
    site: str
    organisation: str
    created_at: datetime
    disabled_at: datetime | None
    failed_attempts: int
    locked_until: datetime | None
    language: str = "en"
    wish: str = "all"
    next_digest_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Secrets:
    """What an account is opened with: never printed, never logged."""

    password_hash: str
    totp_key_id: str
    totp_sealed: bytes
    totp_last_step: int


_MEMBER = tuple(staff.c[field.name] for field in fields(Member))
_SECRETS = tuple(staff.c[field.name] for field in fields(Secrets))


def by_email(session: Session, email: str, *, lock: bool = False) -> tuple[Member, Secrets]:
    """The account of that address (lower case); `lock` makes two attempts at once count one after the other."""
    query = select(*_MEMBER, *_SECRETS).where(staff.c.email == email)
    row = session.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound("there is no account with this e-mail address")
    return Member(*row[: len(_MEMBER)]), Secrets(*row[len(_MEMBER) :])


def by_ids(session: Session, staff_ids: Collection[UUID]) -> dict[UUID, Member]:
    """These accounts, by id."""
    rows = session.execute(select(*_MEMBER).where(staff.c.id.in_(staff_ids)))
    return {row.id: Member(*row) for row in rows}


def take_due(session: Session, *, now: datetime, limit: int) -> tuple[Member, ...]:
    """Accounts whose digest is due, or not planned yet, held until the end of the transaction; others' are skipped."""
    due = or_(staff.c.next_digest_at.is_(None), staff.c.next_digest_at <= now)
    query = select(*_MEMBER).where(staff.c.disabled_at.is_(None), due).order_by(staff.c.id).limit(limit)
    return tuple(Member(*row) for row in session.execute(query.with_for_update(skip_locked=True)))


def plan_digests(session: Session, times: Mapping[UUID, datetime]) -> None:
    """When each of these accounts is to be looked at next. One statement per instant: a country shares its mornings."""
    by_time: dict[datetime, list[UUID]] = {}
    for one, at in times.items():
        by_time.setdefault(at, []).append(one)
    for at, ids in by_time.items():
        planned = update(staff).where(staff.c.id.in_(ids)).values(next_digest_at=at)
        session.execute(planned.execution_options(housekeeping=True))


def listing(session: Session, *, study: str = "", site: str = "") -> tuple[Member, ...]:
    """Accounts by address; a study or site narrows to those that can see it."""
    query = select(*_MEMBER).order_by(staff.c.email)
    if study:
        query = query.where(staff.c.study.in_([study, ""]))
    if site:
        query = query.where(staff.c.site.in_([site, ""]))
    return tuple(Member(*row) for row in session.execute(query))


def add(session: Session, **facts: object) -> None:
    """Store a new account. Conflict where the address has one."""
    session.execute(insert(staff), facts)


def change(session: Session, staff_id: UUID, **facts: object) -> None:
    """Set these columns of one account."""
    session.execute(update(staff).where(staff.c.id == staff_id).values(**facts))


def sealed_with_other_keys(session: Session, key_id: str, *, limit: int) -> Sequence[tuple[UUID, str, bytes]]:
    """Id, key id and sealed secret of accounts not sealed with that key."""
    columns = (staff.c.id, staff.c.totp_key_id, staff.c.totp_sealed)
    query = select(*columns).where(staff.c.totp_key_id != key_id).order_by(staff.c.id).limit(limit)
    return [(row[0], row[1], row[2]) for row in session.execute(query.with_for_update())]


def count_sealed_with_other_keys(session: Session, key_id: str) -> int:
    """How many accounts are not sealed with that key."""
    query = select(func.count()).select_from(staff).where(staff.c.totp_key_id != key_id)
    return int(session.execute(query).scalar_one())


def key_ids(session: Session) -> frozenset[str]:
    """The ids of the keys in use."""
    return frozenset(session.execute(select(staff.c.totp_key_id).distinct()).scalars()) - {None}

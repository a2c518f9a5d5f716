"""Answers to requests that carried an Idempotency-Key. The table stands in access.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pro_service.domain.errors import NotFound
from pro_service.storage.access import idempotency
from pro_service.storage.session import Session

_HOUSEKEEPING = {"housekeeping": True, "preserve_rowcount": True}


@dataclass(frozen=True, slots=True)
class Kept:
    """One row; `body` is empty until the request was answered."""

    request_hash: bytes
    status: int
    body: str


def insert(session: Session, *, key_hash: bytes, request_hash: bytes, at: datetime) -> bool:
    """Claim the key; False when it was taken. Waits while another transaction is claiming the same one."""
    dialect = postgresql if session.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(idempotency).on_conflict_do_nothing(index_elements=["key_hash"])
    row = {
        "key_hash": key_hash,
        "request_hash": request_hash,
        "status": 0,
        "body": "",
        "headers": {},
        "created_at": at,
    }
    return session.execute(statement.values(row), execution_options=_HOUSEKEEPING).rowcount == 1


def by_key(session: Session, key_hash: bytes) -> Kept:
    """The row of that key."""
    columns = (idempotency.c.request_hash, idempotency.c.status, idempotency.c.body)
    row = session.execute(select(*columns).where(idempotency.c.key_hash == key_hash)).one_or_none()
    if row is None:
        raise NotFound("No answer was kept under that key.")
    return Kept(request_hash=row.request_hash, status=row.status, body=row.body)


def answer(session: Session, *, key_hash: bytes, status: int, body: str) -> None:
    """Fill in the answer of a claimed key."""
    statement = update(idempotency).where(idempotency.c.key_hash == key_hash).values(status=status, body=body)
    session.execute(statement, execution_options=_HOUSEKEEPING)


def delete_before(session: Session, moment: datetime) -> int:
    """Delete the rows made before that moment; the number of them."""
    statement = delete(idempotency).where(idempotency.c.created_at < moment)
    return session.execute(statement, execution_options=_HOUSEKEEPING).rowcount

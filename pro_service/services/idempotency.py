"""Answers kept so that a repeated POST happens once. Kept answers are sealed: some carry sign-in tokens.

The claim is the first statement of the transaction that does the work. Two equal requests at the same moment queue on
the claim's primary key: the second waits for the first to commit and then finds its answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b

from pro_service.domain.audit import Actor
from pro_service.domain.errors import Conflict, KeyReused
from pro_service.services.work import Work
from pro_service.storage import idempotency

KEPT_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: status, body text and the headers worth keeping."""

    status: int
    body: str
    headers: Mapping[str, str]


def identity(actor: Actor, *, key: str, target: str) -> bytes:
    """What makes two requests the same one: who asks, what of, and the client's key."""
    return blake2b("\0".join([actor.kind, actor.id, target, key]).encode(), digest_size=32).digest()


def claim(work: Work, *, identity: bytes, request: bytes) -> Answer | None:
    """None when this request is new and now ours to answer, else the answer it got; KeyReused for another body."""
    digest = blake2b(request, digest_size=32).digest()
    if idempotency.insert(work.session, key_hash=identity, request_hash=digest, at=work.now):
        return None
    kept = idempotency.by_key(work.session, identity)
    if kept.request_hash != digest:
        raise KeyReused("This Idempotency-Key was used for another request.")
    if not kept.body:
        raise Conflict("The first request with this Idempotency-Key has no answer yet.")
    key_id, _, sealed = kept.body.partition(":")
    plain = json.loads(work.keys.open(key_id, bytes.fromhex(sealed), context=_context(identity)))
    return Answer(status=kept.status, body=plain["body"], headers=plain["headers"])


def keep(work: Work, *, identity: bytes, answer: Answer) -> None:
    """Keep the answer of a claimed request for a day."""
    plain = json.dumps({"body": answer.body, "headers": dict(answer.headers)}).encode()
    key_id, sealed = work.keys.seal(plain, context=_context(identity))
    idempotency.answer(work.session, key_hash=identity, status=answer.status, body=f"{key_id}:{sealed.hex()}")


def forget_old(work: Work) -> int:
    """Delete answers older than a day; the number of them."""
    return idempotency.delete_before(work.session, work.now - KEPT_FOR)


def _context(identity: bytes) -> str:
    return f"idempotency:{identity.hex()}"

"""The audit trail's own use cases: seal it in batches, and verify that nothing in it was altered since."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pro_service.domain import audit as chain
from pro_service.domain.audit import Damage, Seal
from pro_service.domain.roles import require
from pro_service.services.work import Work
from pro_service.storage import audit

BATCH = 5000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verifying found. `head` is the newest seal's hash: noted elsewhere, it proves that no seal was replaced."""

    damage: tuple[Damage, ...]
    sealed: int
    unsealed: int
    head: str


def seal(work: Work, *, batch: int = BATCH) -> int:
    """Seal the events that are not sealed yet, in batches of at most `batch`; how many there were.

    Two processes sealing at once are harmless: the database lets one of them through.
    """
    require(work.actor, "audit.seal")
    last, newest, sealed = audit.last_seal(work.session), audit.newest_final_id(work.session), 0
    while True:
        after = last.last_id if last else 0
        events = audit.lines(work.session, first_id=after + 1, last_id=newest, limit=batch)
        if not events:
            return sealed
        last = chain.seal(last, events)
        audit.add_seal(work.session, last, at=work.now)
        sealed += len(events)


def verify(work: Work, *, expect: str = "") -> Verdict:
    """Compare every sealed event with its seal, and every seal with the one before it. Reads one seal at a time.

    `expect` is a head noted earlier: where no seal has that hash, the chain was cut or made anew.
    """
    require(work.actor, "audit.read")
    previous: Seal | None = None
    found: list[Damage] = []
    sealed, seen = 0, not expect
    for current in _seals(work):
        events = audit.lines(work.session, first_id=current.first_id, last_id=current.last_id)
        found.extend(chain.damage(previous, current, events))
        sealed += len(events)
        seen = seen or current.hash == expect
        previous = current
    if not seen:
        found.append(Damage(previous.last_id if previous else 0, "noted head missing"))
    unsealed = audit.count_after(work.session, previous.last_id if previous else 0)
    return Verdict(tuple(found), sealed, unsealed, previous.hash if previous else chain.START)


def _seals(work: Work) -> Iterator[Seal]:
    current = audit.seal_after(work.session, 0)
    while current is not None:
        yield current
        current = audit.seal_after(work.session, current.last_id)

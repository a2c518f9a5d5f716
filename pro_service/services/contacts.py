"""The one door to names, addresses and phone numbers: save, read, erase, seal anew.

The audit trail says which fields were set, changed or removed; it never says what they hold.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from uuid import UUID

from pro_service.domain.audit import AuditEvent
from pro_service.domain.errors import Conflict, NotFound
from pro_service.domain.participants import Contact
from pro_service.domain.roles import require
from pro_service.services.work import Work
from pro_service.storage import belonging, contacts
from pro_service.storage.belonging import Belonging
from pro_service.storage.contacts import Sealed

NOBODY = Contact()


def save(work: Work, *, participant_id: UUID, contact: Contact) -> None:
    """Store how to reach someone, in place of what was known before."""
    owner = belonging.by_participant(work.session, participant_id)
    require(work.actor, "contacts.save", study=owner.study, site=owner.site)
    before = _open_all(work, [participant_id]).get(participant_id, NOBODY)
    changes = _changes(before, contact)
    if not changes:
        return
    contacts.save(work.session, _seal(work, participant_id, contact), at=work.now)
    work.record(_event("contact.save", owner, changes))


def read(work: Work, *, participant_id: UUID) -> Contact:
    """How to reach someone; an empty Contact where nothing is known, or it was erased."""
    owner = belonging.by_participant(work.session, participant_id)
    require(work.actor, "contacts.read", study=owner.study, site=owner.site)
    return _open_all(work, [participant_id]).get(participant_id, NOBODY)


def read_many(work: Work, *, participant_ids: Sequence[UUID]) -> Mapping[UUID, Contact]:
    """How to reach these people, in one query, for those who send messages to all studies; unknown ones left out."""
    require(work.actor, "deliveries.send")
    require(work.actor, "contacts.read")
    return _open_all(work, participant_ids)


def erase(work: Work, *, participant_id: UUID, reason: str) -> bool:
    """Delete what identifies someone; the trial data stays, pseudonymous. False where there was nothing to erase."""
    owner = belonging.by_participant(work.session, participant_id)
    require(work.actor, "contacts.erase", study=owner.study, site=owner.site)
    if not contacts.erase(work.session, participant_id):
        return False  # erased unread: it must go even where its key is lost
    work.record(_event("contact.erase", owner, {"contact": ("set", None)}, reason))
    return True


def find(work: Work, *, participant: str) -> UUID:
    """The id of a participant given by id or by code. Conflict where several studies use the code."""
    try:
        return belonging.by_participant(work.session, UUID(participant)).participant_id
    except ValueError:
        owners = belonging.by_code(work.session, participant)
    if not owners:
        raise NotFound("there is no participant of that code")
    if len(owners) > 1:
        studies = ", ".join(owner.study for owner in owners)
        raise Conflict(f"participants of that code are in several studies ({studies}); give the id")
    return owners[0].participant_id


def waiting_to_reseal(work: Work) -> int:
    """How many contacts are not sealed with the ring's first key."""
    require(work.actor, "keys.manage")
    return contacts.count_sealed_with_other_keys(work.session, work.keys.first)


def key_ids(work: Work) -> frozenset[str]:
    """The ids of the keys that sealed any contact."""
    require(work.actor, "keys.manage")
    return contacts.key_ids(work.session)


def reseal(work: Work, *, limit: int = 500) -> int:
    """Seal up to `limit` contacts with the ring's first key that are not yet; the number of them, 0 when done."""
    require(work.actor, "keys.manage")
    old = contacts.sealed_with_other_keys(work.session, work.keys.first, limit=limit)
    for sealed in old:
        contacts.reseal(work.session, _seal(work, sealed.participant_id, _open(work, sealed)))
    if old:
        used = sorted({sealed.key_id for sealed in old})
        changes: dict[str, tuple[object, object]] = {"key_id": (used, work.keys.first), "contacts": (None, len(old))}
        work.record(AuditEvent("contact.reseal", "key", work.keys.first, changes))
    return len(old)


def _changes(before: Contact, after: Contact) -> dict[str, tuple[object, object]]:
    """Per field that differs: `set` or nothing, before and after; never the value."""
    old, new = asdict(before), asdict(after)
    return {name: (_state(old[name]), _state(new[name])) for name in old if old[name] != new[name]}


def _state(value: object) -> str | None:
    return None if value is None else "set"


def _event(action: str, owner: Belonging, changes: Mapping[str, tuple[object, object]], reason: str = "") -> AuditEvent:
    return AuditEvent(
        action, "contact", owner.participant_id, changes, reason,
        study_id=owner.study_id, participant_id=owner.participant_id,
    )  # fmt: skip


def _context(participant_id: UUID) -> str:
    return f"contact:{participant_id}:sealed"


def _seal(work: Work, participant_id: UUID, contact: Contact) -> Sealed:
    plain = json.dumps(asdict(contact), ensure_ascii=False).encode()
    return Sealed(participant_id, *work.keys.seal(plain, context=_context(participant_id)))


def _open(work: Work, sealed: Sealed) -> Contact:
    plain = work.keys.open(sealed.key_id, sealed.sealed, context=_context(sealed.participant_id))
    return Contact(**json.loads(plain))


def _open_all(work: Work, participant_ids: Sequence[UUID]) -> dict[UUID, Contact]:
    found = contacts.by_participants(work.session, participant_ids)
    return {sealed.participant_id: _open(work, sealed) for sealed in found}

"""The one door to names, addresses and phone numbers: save, read, erase, seal anew.

The audit trail says which fields were set, changed or removed; it never says what they hold.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from uuid import UUID

from pro_service.domain.audit import AuditEvent
from pro_service.domain.errors import Conflict, NotFound, Unreadable
from pro_service.domain.messages import Channel
from pro_service.domain.participants import Contact
from pro_service.domain.roles import require, require_self
from pro_service.services import addresses
from pro_service.services.work import Work
from pro_service.storage import belonging, contacts, feeds, participants
from pro_service.storage.belonging import Belonging
from pro_service.storage.contacts import Finger, Sealed

NOBODY = Contact()


def save(work: Work, *, participant_id: UUID, contact: Contact) -> None:
    """Store how to reach someone, in place of what was known before. Invalid names what cannot be an address.

    Their browser's subscription is their own and stays; an address that proved wrong does so until it is another.
    """
    owner = belonging.by_participant(work.session, participant_id)
    require(work.actor, "contacts.save", study=owner.study, site=owner.site)
    timezone = participants.by_id(work.session, participant_id).timezone
    before, after = _known(work, participant_id), addresses.kept(contact, timezone=timezone)
    wrong = tuple(one for one in before.unreachable if getattr(before, one) == getattr(after, one))
    _replace(work, owner, "contact.save", before=before, after=replace(after, push=before.push, unreachable=wrong))


def read(work: Work, *, participant_id: UUID) -> Contact:
    """How to reach someone; an empty Contact where nothing is known, or it was erased."""
    owner = belonging.by_participant(work.session, participant_id)
    require(work.actor, "contacts.read", study=owner.study, site=owner.site)
    return _known(work, participant_id)


def addressed(work: Work, *, participant_id: UUID, channels: Mapping[str, Channel]) -> dict[str, bool]:
    """The channels a person may choose from, and whether there is an address for each; never the address."""
    owner = belonging.by_participant(work.session, participant_id)
    require_self(work.actor, participant_id)
    require(work.actor, "participants.change", study=owner.study, site=owner.site)
    known = _known(work, participant_id)
    return {name: known.address(one.address) is not None for name, one in channels.items() if one.for_people}


def addressed_by(work: Work, *, typed: str, limit: int) -> Iterator[tuple[UUID, str]]:
    """Whose e-mail address or number that is, and the channel it belongs to; at most `limit` people."""
    require(work.actor, "deliveries.send")
    require(work.actor, "contacts.read")
    while stale := contacts.not_indexed(work.session, _index_key(work), limit=500):
        for sealed in stale:
            contacts.index(work.session, sealed.participant_id, _finger(work, _open(work, sealed)))
    for channel, contact in addresses.readings(typed, timezones=participants.timezones(work.session)):
        found = contacts.found_by(work.session, _finger(work, contact), limit=limit)
        yield from ((whose, channel) for whose in found)


def with_birth_year(work: Work, *, participant_ids: Sequence[UUID]) -> frozenset[UUID]:
    """Of these people, those whose year of birth is known; never the year."""
    require(work.actor, "links.mint")
    return frozenset(whose for whose, known in _open_all(work, participant_ids).items() if known.birth_year is not None)


def born_in(work: Work, *, participant_id: UUID, year: int) -> bool:
    """Whether somebody was born in that year: all that is told to a visitor who is yet to prove who they are."""
    known = _known(work, participant_id).birth_year
    return known is not None and hmac.compare_digest(str(known), str(year))


def subscribe(work: Work, *, participant_id: UUID, subscription: str | None) -> None:
    """Keep the push subscription of a person's browser in place of the one before; None takes it away."""
    owner = belonging.by_participant(work.session, participant_id)
    require_self(work.actor, participant_id)
    require(work.actor, "participants.change", study=owner.study, site=owner.site)
    before = _known(work, participant_id)
    wrong = tuple(one for one in before.unreachable if one != "push")
    after = replace(before, push=subscription, unreachable=wrong)
    _replace(work, owner, "contact.subscribe", before=before, after=after)


def forget_device(work: Work, *, participant_id: UUID, reason: str) -> bool:
    """Take away the push subscription of a phone that is in other hands: a message there would let them in again.

    For who may end somebody's ways in. False where there was none, or it cannot be opened any more, which is as good.
    """
    owner = belonging.by_participant(work.session, participant_id)
    require(work.actor, "links.mint", study=owner.study, site=owner.site)
    try:
        before = _known(work, participant_id)
    except Unreadable:
        return False
    _replace(work, owner, "contact.subscribe", before=before, after=replace(before, push=None), reason=reason)
    return before.push is not None


def mark_unreachable(work: Work, *, participant_id: UUID, field: str, address: str | None = None, reason: str) -> bool:
    """Put on record that an address has proved wrong: nothing is sent there until it is another one.

    With `address`, only where that is still the one we know. A push subscription that is gone is taken away. False
    where there was nothing to mark.
    """
    owner = belonging.by_participant(work.session, participant_id)
    require(work.actor, "deliveries.bounce", study=owner.study, site=owner.site)
    before = _known(work, participant_id)
    known = before.address(field)
    if known is None or (address is not None and known.casefold() != address.casefold()):
        return False
    gone = replace(before, push=None) if field == "push" else before
    after = replace(gone, unreachable=() if field == "push" else (*before.unreachable, field))
    _replace(work, owner, "contact.unreachable", before=before, after=after, reason=reason)
    return True


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
    feed = feeds.of_participant(work.session, participant_id)
    if feed is not None:  # nothing of ours reaches them any more, their calendar neither
        feeds.end(work.session, feed.id, at=work.now)
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


def _known(work: Work, participant_id: UUID) -> Contact:
    return _open_all(work, [participant_id]).get(participant_id, NOBODY)


def _replace(work: Work, owner: Belonging, action: str, *, before: Contact, after: Contact, reason: str = "") -> None:
    """Store a contact that differs from the one before, with its audit line; the same again changes nothing."""
    changes = _changes(before, after)
    if changes:
        contacts.save(work.session, _seal(work, owner.participant_id, after), _finger(work, after), at=work.now)
        work.record(_event(action, owner, changes, reason))


def _changes(before: Contact, after: Contact) -> dict[str, tuple[object, object]]:
    """Per field that differs: `set` or nothing, before and after; never the value."""
    old, new = asdict(before), asdict(after)
    return {name: (_state(old[name]), _state(new[name])) for name in old if old[name] != new[name]}


def _state(value: object) -> str | None:
    return "set" if value else None


def _event(action: str, owner: Belonging, changes: Mapping[str, tuple[object, object]], reason: str = "") -> AuditEvent:
    return AuditEvent(
        action, "contact", owner.participant_id, changes, reason,
        study_id=owner.study_id, participant_id=owner.participant_id,
    )  # fmt: skip


def _index_key(work: Work) -> str:
    """Names the secret behind the hashes that contacts are found by: with another secret they are made anew."""
    return work.keys.token_hash("contact").hex()[:16]


def _finger(work: Work, contact: Contact) -> Finger:
    return Finger(
        key=_index_key(work),
        email=work.keys.token_hash(f"email:{contact.email.casefold()}") if contact.email else None,
        phone=work.keys.token_hash(f"phone:{contact.phone}") if contact.phone else None,
    )


def _context(participant_id: UUID) -> str:
    return f"contact:{participant_id}:sealed"


def _seal(work: Work, participant_id: UUID, contact: Contact) -> Sealed:
    plain = json.dumps(asdict(contact), ensure_ascii=False).encode()
    return Sealed(participant_id, *work.keys.seal(plain, context=_context(participant_id)))


def _open(work: Work, sealed: Sealed) -> Contact:
    plain = work.keys.open(sealed.key_id, sealed.sealed, context=_context(sealed.participant_id))
    found = json.loads(plain)
    return Contact(**{**found, "unreachable": tuple(found.get("unreachable", ()))})


def _open_all(work: Work, participant_ids: Sequence[UUID]) -> dict[UUID, Contact]:
    found = contacts.by_participants(work.session, participant_ids)
    return {sealed.participant_id: _open(work, sealed) for sealed in found}

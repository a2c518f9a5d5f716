"""Messages to members of staff, carried by `deliveries.py`: decided about again, then put together for their mail.

`tell` is the way in for what cannot wait until the morning: name the occasion (domain/staff_texts.py), whom it
concerns, and a key that makes it the same message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import cast
from uuid import UUID

from pro_service.domain import digests as rules
from pro_service.domain import roles
from pro_service.domain.deliveries import Delivery
from pro_service.domain.digests import Digest, Reader
from pro_service.domain.messages import Channel, Message, as_html, fill
from pro_service.domain.reminders import Decision, Kind
from pro_service.domain.staff_texts import DIGEST, desk, digest_values, words
from pro_service.services import carriers, digests
from pro_service.services.carriers import Letter, Outside
from pro_service.services.digests import BACK, Board
from pro_service.services.work import Work
from pro_service.storage import staff
from pro_service.storage.metadata import new_id
from pro_service.storage.staff import Member

CHANNEL = "email"


def tell(
    work: Work,
    *,
    occasion: str,
    key: str,
    permission: str,
    study_id: UUID,
    study: str,
    site: str = "",
    about: Mapping[str, str] | None = None,
) -> int:
    """Queue a message for every member of staff with the permission at this site, to go at once; how many that is.

    Without a site it is for those who see the whole study. `about` fills the variables of the text: codes and ids. The
    same occasion and key again tells nobody twice.
    """
    facts = {**(about or {}), "study": study, "site": site, "permission": permission}
    new = []
    for member in staff.listing(work.session, study=study, site=site):
        if _may_know(member, facts):
            decision = rules.decide_urgent(_reader(member))
            new.append(_urgent(work, member, decision, occasion=occasion, key=key, study_id=study_id, about=facts))
    return len(carriers.queue(work, *new))


def prepare(work: Work, claimed: Sequence[Delivery], outside: Outside) -> Mapping[UUID, Letter | Decision]:
    """What is to be done now about each of these messages to members of staff."""
    members = staff.by_ids(work.session, {one.staff_id for one in claimed if one.staff_id is not None})
    state = digests.board(work) if any(one.occasion == DIGEST for one in claimed) else Board(work, {})
    found: dict[UUID, Letter | Decision] = {}
    for one in claimed:
        member = members[cast(UUID, one.staff_id)]
        decide = _digest if one.occasion == DIGEST else _news
        said = decide(state, one, member, outside.base_url)
        sends = said.decision.kind is Kind.SEND
        found[one.id] = _letter(work, one, member, said, outside.channels[CHANNEL]) if sends else said.decision
    return found


@dataclass(frozen=True, slots=True)
class _Said:
    """What was decided, the variables of the text, and the links in it."""

    decision: Decision
    values: Mapping[str, str] = field(default_factory=dict)
    links: Sequence[str] = ()


def _digest(state: Board, delivery: Delivery, member: Member, base_url: str) -> _Said:
    reader = state.reader(member)
    mine = {UUID(one) for one in cast(Sequence[str], delivery.about["troubles"])}
    troubles = state.troubles(reader.places.keys(), since=delivery.local_day - BACK - timedelta(days=1))
    digest: Digest = rules.addressed(
        reader,
        late=state.late(reader.places.keys()),
        troubles=[one for one in troubles if one.delivery_id in mine],
    )
    values = digest_values(digest, language=member.language, base_url=base_url)
    return _Said(rules.decide(reader, digest), values, [desk(base_url, code) for code in reader.places])


def _news(_state: Board, delivery: Delivery, member: Member, base_url: str) -> _Said:
    facts = {name: str(value) for name, value in delivery.about.items()}
    link = desk(base_url, facts["study"])
    if not _may_know(member, facts):
        return _Said(Decision(Kind.DISABLED, "may not see this any more"))
    return _Said(rules.decide_urgent(_reader(member)), {**facts, "link": link}, (link,))


def _letter(work: Work, delivery: Delivery, member: Member, said: _Said, channel: Channel) -> Letter:
    text = words(delivery.occasion, member.language)
    body = fill(text.body, said.values)
    message = Message(
        id=str(delivery.id),
        at=work.now,
        to=member.email,
        subject=fill(text.subject, said.values),
        text=body,
        html=as_html(body, links=said.links, language=member.language),
        language=member.language,
    )
    return Letter(channel=channel.name, repeatable=channel.deduplicates, call=partial(channel.send, message))


def _may_know(member: Member, facts: Mapping[str, str]) -> bool:
    """Has this account the permission there? One that is bound to a site knows nothing of the whole study."""
    who = digests.actor(member)
    if member.disabled_at is not None or (member.site and not facts["site"]):
        return False
    return roles.allows(who, facts["permission"]) and roles.reaches(who, study=facts["study"], site=facts["site"])


def _reader(member: Member) -> Reader:
    return Reader(digests.actor(member), member.language, member.wish, member.disabled_at is not None)


def _urgent(
    work: Work,
    member: Member,
    decision: Decision,
    *,
    occasion: str,
    key: str,
    study_id: UUID,
    about: Mapping[str, str],
) -> Delivery:
    return Delivery(
        id=new_id(),
        participant_id=None,
        key=f"{occasion}:{key}:{member.id}",
        occasion=occasion,
        assessment_ids=(),
        local_day=work.now.date(),
        channel="",
        decision=decision.kind,
        reason=decision.reason,
        decided_at=work.now,
        due_at=work.now if decision.kind is Kind.SEND else None,
        recipient="staff",
        staff_id=member.id,
        study_id=study_id,
        about=about,
    )

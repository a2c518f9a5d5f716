"""The calendar of somebody's coming questionnaires: an address of their own, off until they switch it on.

Whoever has the address can read when there are questions, and nothing else: it signs nobody in. So it has a token of
its own kind, of which only a keyed hash is stored, and which can be taken back or renewed at any time.
"""

from __future__ import annotations

import secrets
from uuid import UUID

from pro_service.domain.audit import Actor
from pro_service.domain.errors import Forbidden
from pro_service.domain.participants import Participant, audited
from pro_service.domain.roles import require_self
from pro_service.services.work import Work
from pro_service.storage import belonging, feeds, participants
from pro_service.storage.feeds import Feed

TOKEN_BYTES = 32


def of_participant(work: Work, *, participant_id: UUID) -> Feed | None:
    """The address this person has now, without its token; None where they have none."""
    _require_self(work, participant_id)
    return feeds.of_participant(work.session, participant_id)


def switch_on(work: Work, *, participant_id: UUID) -> str:
    """The token of a new address, shown once; the one before leads nowhere from now on."""
    person = _person(work, participant_id)
    _end(work, person)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    token_hash = work.keys.token_hash(token)
    feed_id = feeds.add(work.session, token_hash=token_hash, participant_id=person.id, at=work.now)
    work.record(audited(person, "calendar.open", feed_id, {}))
    return token


def switch_off(work: Work, *, participant_id: UUID) -> None:
    """End the address; harmless where there is none."""
    _end(work, _person(work, participant_id))


def reader(work: Work, *, token: str) -> tuple[Actor, Feed]:
    """Whose calendar this is, for one request. NotFound for an address that is not known, or works no more."""
    feed = feeds.by_token(work.session, work.keys.token_hash(token))
    owner = belonging.by_participant(work.session, feed.participant_id)
    return Actor("participant", str(owner.participant_id), "participant", owner.study, owner.site), feed


def _person(work: Work, participant_id: UUID) -> Participant:
    """Held, so that two at once do not make two addresses."""
    _require_self(work, participant_id)
    return participants.by_id(work.session, participant_id, lock=True)


def _require_self(work: Work, participant_id: UUID) -> None:
    """The person themself, and nobody on their behalf."""
    if work.actor.kind != "participant":
        raise Forbidden("a calendar address is the person's own")
    require_self(work.actor, participant_id)


def _end(work: Work, person: Participant) -> None:
    feed = feeds.of_participant(work.session, person.id)
    if feed is not None:
        feeds.end(work.session, feed.id, at=work.now)
        work.record(audited(person, "calendar.close", feed.id, {}))

"""Requests for a new link: taken from anybody, answered by a message to whoever they are about.

Between the two lies a table. `ask` does the same for everybody and everything typed, so that its answer and its time
give nobody away; `answer`, which a worker calls, finds out who it is and puts a message in the post. The person's own
quiet hours, pause and opt-out do not hold it back: they sit before the page and wait.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from pro_service.domain import link_requests as rules
from pro_service.domain.errors import Unreadable
from pro_service.domain.reminders import local_day
from pro_service.domain.roles import require
from pro_service.services import carriers, contacts
from pro_service.services.work import Work
from pro_service.storage import assessments, belonging, deliveries, link_requests, participants
from pro_service.storage.link_requests import Sealed
from pro_service.storage.metadata import new_id

LONGEST = 254
"""The longest e-mail address there is; what is longer is cut, and finds nobody."""
LIMIT = 100
MOST_PEOPLE = 20
"""How many people one address may stand for: a household, not a list."""


def ask(work: Work, *, typed: str) -> None:
    """Keep what somebody typed, an e-mail address, a number or a code, until it is answered. Never says who exists."""
    request_id = new_id()
    plain = typed.strip().encode()[:LONGEST].ljust(LONGEST)  # one length, whatever was typed
    key_id, sealed = work.keys.seal(plain, context=_context(request_id))
    link_requests.add(work.session, Sealed(request_id, key_id, sealed, work.now))


def answer(work: Work) -> int:
    """Put a message in the post for everybody who asked; how many requests were dealt with, `LIMIT` if more wait."""
    require(work.actor, "deliveries.send")
    taken = link_requests.take(work.session, limit=LIMIT)
    if not taken:
        return 0
    wanted: dict[UUID, str] = {}
    for request in taken:
        if work.now - request.created_at <= rules.STALE:
            for whose, by in _people(work, request):
                wanted[whose] = wanted.get(whose) or by
    _send(work, wanted)
    link_requests.forget(work.session, [one.id for one in taken])
    return len(taken)


def _people(work: Work, request: Sealed) -> Iterator[tuple[UUID, str]]:
    """Whom a request may be about, and the channel whose address was given, "" for a code."""
    with suppress(Unreadable, UnicodeDecodeError):
        plain = work.keys.open(request.key_id, request.sealed, context=_context(request.id))
        typed = plain.decode().strip()
        found = [*contacts.addressed_by(work, typed=typed, limit=MOST_PEOPLE)]
        yield from found
        if not found and typed.isprintable():
            owners = belonging.by_code(work.session, typed) or belonging.by_code(work.session, typed.upper())
            yield from ((one.participant_id, "") for one in owners[:MOST_PEOPLE])


def _send(work: Work, wanted: Mapping[UUID, str]) -> None:
    people = participants.by_ids(work.session, list(wanted), lock=True)
    forms = assessments.of_participants(work.session, list(people))
    since = min((local_day(work.now, one.timezone) for one in people.values()), default=work.now.date())
    past = deliveries.of_participants(work.session, list(people), since=since - timedelta(days=1))
    answers = (
        rules.answer(one, forms.get(whose, ()), past.get(whose, ()), work.now, by=wanted[whose], new_id=new_id)
        for whose, one in people.items()
    )
    carriers.queue(work, *(one for one in answers if one is not None))


def _context(request_id: UUID) -> str:
    return f"link_request:{request_id}:sealed"

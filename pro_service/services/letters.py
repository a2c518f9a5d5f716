"""Letters: sign-in on paper, for who has no e-mail, or would rather hold something in their hands.

A letter carries a link of its own, drawn as a square, and a short code to be typed with the year of birth; without a
known year there is no code. Both work as long as something is left to answer. A new letter ends the one before.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from pro_service.domain import letters as words
from pro_service.domain import roles, short_codes
from pro_service.domain.audit import AuditEvent
from pro_service.domain.errors import Conflict, NotFound, SignInFailed
from pro_service.domain.letters import Letter
from pro_service.domain.links import unfinished
from pro_service.domain.participants import Participant, audited
from pro_service.services import access, contacts, studies
from pro_service.services.access import SignedIn
from pro_service.services.permissions import require_staff
from pro_service.services.work import Work
from pro_service.storage import access as links
from pro_service.storage import assessments, letters, participants
from pro_service.storage.letters import Code, NewLetter

MOST_FAILURES = 5
"""After so many wrong years a code is locked for good; its letter's square, and a new letter, still open."""
PAGE = 500
NOBODY = Code(UUID(int=0), UUID(int=0), UUID(int=0), 0, None)
"""Stands in for a code that is not there, so that every attempt takes the same steps."""


def write(work: Work, *, study: str, base_url: str, codes: Collection[str] = ()) -> tuple[Letter, ...]:
    """New letters for participants of a study, by code; where none is named, for everybody with something to answer.

    NotFound names a code that nobody has, Conflict one with nothing left to answer. What it returns is stored nowhere.
    """
    site = work.actor.site
    roles.require(work.actor, "links.mint", study=study, site=site)
    version = studies.active_version(work, code=study)
    people = _people(work, version.study_id, site, codes)
    asked = assessments.of_participants(work.session, [one.id for one in people])
    wanted = {one.id: tuple(form.id for form in unfinished(asked.get(one.id, ()), work.now)) for one in people}
    idle = [one.code for one in people if not wanted[one.id]]
    if codes and idle:
        raise Conflict(f"nothing is left to answer for {', '.join(idle)}")
    return _written(work, [one for one in people if wanted[one.id]], wanted, version.study.contact, base_url)


def for_participant(work: Work, *, participant_id: UUID, base_url: str) -> Letter:
    """A new letter for one person, which ends the one before; Conflict where they have nothing left to answer."""
    person = participants.by_id(work.session, participant_id, lock=True)  # held, so that two at once are not both good
    study = require_staff(work, person, "links.mint")
    asked = unfinished(assessments.of_participant(work.session, person.id), work.now)
    if not asked:
        raise Conflict(f"nothing is left to answer for {person.code}")
    return _written(work, [person], {person.id: tuple(form.id for form in asked)}, study.contact, base_url)[0]


def _people(work: Work, study_id: UUID, site: str, codes: Collection[str]) -> list[Participant]:
    found: list[Participant] = []
    after = ""
    while page := participants.listing(work.session, study_id=study_id, site=site, after=after, limit=PAGE):
        found += [one for one in page if one.enrolled_at is not None and (not codes or one.code in codes)]
        after = page[-1].code
    unknown = sorted(set(codes) - {one.code for one in found})
    if unknown:
        raise NotFound(f"nobody enrolled has the code {', '.join(unknown)}")
    return found


def _written(
    work: Work, people: Sequence[Participant], wanted: dict[UUID, tuple[UUID, ...]], contact: str, base_url: str
) -> tuple[Letter, ...]:
    ids = [one.id for one in people]
    letters.revoke(work.session, ids, at=work.now)
    minted = access.minted(work, [(one.id, one.study_id, wanted[one.id]) for one in people])
    with_year = contacts.with_birth_year(work, participant_ids=ids)
    typed = [short_codes.code(secrets.randbits(short_codes.BITS)) if one.id in with_year else "" for one in people]
    new = [
        NewLetter(one.id, link.id, work.keys.token_hash(_proof(code)) if code else None)
        for one, link, code in zip(people, minted, typed, strict=True)
    ]
    stored = letters.add(work.session, new, at=work.now)
    work.record(
        *(
            audited(one, "letter.write", letter_id, {"link": (None, link.id), "code": (None, "set" if code else None)})
            for one, letter_id, link, code in zip(people, stored, minted, typed, strict=True)
        )
    )
    return tuple(
        words.composed(
            participant=one.code,
            language=one.language,
            contact=contact,
            base_url=base_url,
            token=link.token,
            code=short_codes.shown(code) if code else "",
        )
        for one, link, code in zip(people, minted, typed, strict=True)
    )


def sign_in(work: Work, *, code: str, birth_year: int, idle: timedelta = access.IDLE) -> SignedIn:
    """A session for who types the code of their letter and the year they were born.

    SignInFailed says no more than that, and every way to fail makes the same statements; Invalid where no code looks
    so. LinkExpired, told to the right person only, where nothing is left to answer.
    """
    canonical = short_codes.read(code)
    found = letters.by_code(work.session, work.keys.token_hash(_proof(canonical))) or NOBODY
    right = contacts.born_in(work, participant_id=found.participant_id, year=birth_year)
    if found is NOBODY or found.locked_at is not None or not right:
        raise _failed(work, found)
    link = links.link_by_id(work.session, found.link_id)
    if link.revoked:
        raise _failed(work, found)
    signed_in = access.let_in(work, link, idle=idle)
    if found.failed_attempts:
        letters.note_failure(work.session, found.id, failed_attempts=0, locked_at=None)
    return signed_in


def _failed(work: Work, found: Code) -> SignInFailed:
    """Count it, and lock the code when that was once too often; of a code that is not there, just say so."""
    failures = found.failed_attempts + 1
    locked_at = found.locked_at or (work.now if failures >= MOST_FAILURES else None)
    letters.note_failure(work.session, found.id, failed_attempts=failures, locked_at=locked_at)
    changes: dict[str, tuple[object, object]] = {"failed_attempts": (found.failed_attempts, failures)}
    whose = None if found is NOBODY else found.participant_id
    subject = "unknown" if found is NOBODY else found.id
    work.record(AuditEvent("letter.sign_in_failed", "letter", subject, changes, participant_id=whose))
    return SignInFailed("code and year of birth do not belong together, or the code is not in use any more")


def _proof(code: str) -> str:
    """What is hashed: the kind of secret with it, so that no token of another kind can ever be taken for a code."""
    return f"letter:{code}"

"""Coming in: sign-in links and sessions of patients, passwords with a second factor for staff, API keys for programs.

Tokens are long and random; only their keyed hash is stored, so that checking one costs one indexed query. Opening a
link (`link_state`) writes nothing and spends nothing: mail scanners open links too. A patient's session ends when it
has been idle for a while, soon after the last open form was sent, and in any case after a day.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from pro_service.domain.audit import Actor, AuditEvent
from pro_service.domain.errors import (
    Conflict,
    Invalid,
    LinkExpired,
    LinkUnknown,
    NotFound,
    Problem,
    Unauthenticated,
)
from pro_service.domain.links import lives, unfinished
from pro_service.domain.roles import STAFF_ROLES, known_scope, require
from pro_service.services import contacts
from pro_service.services.staff import (
    create_staff,
    disable_staff,
    prefer,
    prove,
    require_grantable,
    reset_staff,
    staff_list,
)
from pro_service.services.work import Work
from pro_service.storage import access, assessments, belonging, feeds, sheets

__all__ = [
    "SignedIn",
    "create_api_key",
    "create_staff",
    "disable_staff",
    "end_finished",
    "link_state",
    "mint_link",
    "prefer",
    "reset_staff",
    "revoke_all",
    "sign_in_with_link",
    "sign_in_with_password",
    "sign_out",
    "staff_list",
    "surely_kept",
    "who",
]

KEY_PREFIX = "pro_"
TOKEN_BYTES = 32
PATIENT_SESSION = timedelta(hours=24)
"""The longest a patient's session lasts, however busy they are."""
IDLE = timedelta(hours=1)
"""How long it lasts without an answer, unless the installation says otherwise."""
NOTED = timedelta(minutes=5)
"""Activity is written down no more often than this, or than a quarter of what a session lasts without an answer."""
FAREWELL = timedelta(minutes=5)
"""How long the page that says thank you, and the list, stay after the last open form was sent."""
STAFF_SESSION = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session: the token is shown once. The participant is None, and the code empty, for staff.

    It ends at `expires_at` unless answers come in; `latest_at` is when it ends at the latest.
    """

    access_token: str
    expires_at: datetime
    latest_at: datetime
    actor: Actor
    participant_id: UUID | None = None
    participant_code: str = ""


@dataclass(frozen=True, slots=True)
class Minted:
    """A new sign-in link: its id, and its token, which is stored nowhere."""

    id: UUID
    token: str


@dataclass(frozen=True, slots=True)
class Ended:
    """How many ways in were ended, and how many ways out to a calendar or a browser."""

    links: int
    sessions: int
    calendars: int
    devices: int


def mint_link(work: Work, *, participant_id: UUID, assessment_ids: Sequence[UUID] = ()) -> str:
    """The token of a new sign-in link for these assessments; for all that are unfinished when none are named.

    Conflict where there is nothing to answer; NotFound where an assessment is somebody else's.
    """
    owner = belonging.by_participant(work.session, participant_id)
    require(work.actor, "links.mint", study=owner.study, site=owner.site)
    theirs = assessments.of_participant(work.session, participant_id)
    asked = tuple(assessment_ids) or tuple(one.id for one in unfinished(theirs, work.now))
    if not asked:
        raise Conflict("this participant has nothing left to answer")
    if not {one.id for one in theirs}.issuperset(asked):
        raise NotFound("this participant has no such assessment")
    return minted(work, [(participant_id, owner.study_id, asked)])[0].token


def mint_links(work: Work, wanted: Sequence[tuple[UUID, UUID, tuple[UUID, ...]]]) -> tuple[str, ...]:
    """The tokens of new sign-in links for messages about to be sent, in the order given, in two statements.

    Each is wanted for a participant, of a study, by id, and for assessments of theirs; read just now.
    """
    require(work.actor, "deliveries.send")
    require(work.actor, "links.mint")
    return tuple(one.token for one in minted(work, wanted))


def minted(work: Work, wanted: Sequence[tuple[UUID, UUID, tuple[UUID, ...]]]) -> tuple[Minted, ...]:
    """New sign-in links as `mint_links` takes them, for another service that has asked for the permission."""
    tokens = tuple(secrets.token_urlsafe(TOKEN_BYTES) for _ in wanted)
    links = [
        access.NewLink(work.keys.token_hash(token), participant_id, asked)
        for token, (participant_id, _, asked) in zip(tokens, wanted, strict=True)
    ]
    ids = access.add_links(work.session, links, at=work.now)
    work.record(
        *(
            AuditEvent(
                "link.mint", "link", link_id, {"assessments": (None, asked)}, study_id=study_id, participant_id=whose
            )
            for link_id, (whose, study_id, asked) in zip(ids, wanted, strict=True)
        )
    )
    return tuple(Minted(link_id, token) for link_id, token in zip(ids, tokens, strict=True))


def link_state(work: Work, *, token: str) -> Literal["usable", "expired"]:
    """Does this link still open something? Writes nothing. LinkUnknown for one that was never ours, or was revoked."""
    return "usable" if _lives(work, _link(work, token)) else "expired"


def sign_in_with_link(work: Work, *, token: str, idle: timedelta = IDLE) -> SignedIn:
    """A session for the patient of a link. LinkUnknown, or LinkExpired when all it asked for is done or closed."""
    return let_in(work, _link(work, token), idle=idle)


def let_in(work: Work, link: access.Link, *, idle: timedelta) -> SignedIn:
    """A session for the patient of a link that somebody has proved to hold. LinkExpired when its work is done."""
    if not _lives(work, link):
        raise LinkExpired("this link has done its work: everything it asked for is submitted or closed")
    owner = belonging.by_participant(work.session, link.participant_id)
    actor = Actor("participant", str(owner.participant_id), "participant", owner.study, owner.site)
    event = AuditEvent(
        "session.start",
        "participant",
        owner.participant_id,
        {"link": (None, link.id)},
        study_id=owner.study_id,
        participant_id=owner.participant_id,
    )
    signed_in = _start(work, actor, event, PATIENT_SESSION, idle=idle, participant_id=owner.participant_id)
    return replace(signed_in, participant_id=owner.participant_id, participant_code=owner.code)


def sign_in_with_password(work: Work, *, email: str, password: str, code: str) -> SignedIn:
    """A session for staff who know their password and hold their second factor. SignInFailed says no more than that.

    A one-time code is good once. After five failures in a row the account is locked for fifteen minutes.
    """
    member = prove(work, email=email, password=password, code=code)
    actor = Actor("staff", str(member.id), member.role, member.study, member.site, organisation=member.organisation)
    event = AuditEvent("session.start", "staff", member.id)
    return _start(work, actor, event, STAFF_SESSION, staff_id=member.id)


def who(work: Work, *, token: str, assessment_id: UUID | None = None, keep_for: timedelta | None = None) -> Actor:
    """Who comes with this token: a session's or an API key's. Unauthenticated where it is none, or has ended.

    `assessment_id` says what they come for, where that is known: it is then read along (storage/sheets.py). With
    `keep_for`, a patient's session lasts so much longer from now on: they are doing something.
    """
    token_hash = work.keys.token_hash(token)
    try:
        if token.startswith(KEY_PREFIX):
            found = access.by_api_key(work.session, token_hash)
        elif assessment_id is not None:
            found = sheets.who_asks(work.session, token_hash, assessment_id)
        else:
            found = access.by_session_token(work.session, token_hash)
    except NotFound:
        raise Unauthenticated("sign in again") from None
    if found.ended or (found.expires_at is not None and found.expires_at <= work.now):
        raise Unauthenticated("sign in again")
    if keep_for is not None and found.actor.kind == "participant":
        _keep(work, found, keep_for)
    return found.actor


def _keep(work: Work, found: access.Pass, lasts: timedelta) -> None:
    """Move the end of a session, now and then, never past the longest it may last."""
    if found.created_at is None or found.expires_at is None:
        return
    until = min(work.now + lasts, found.created_at + PATIENT_SESSION)
    if until - found.expires_at >= min(NOTED, lasts / 4):
        access.extend_session(work.session, found.id, expires_at=until)


def surely_kept(idle: timedelta) -> timedelta:
    """How long after an answer a session is sure to last yet: a page asks then whether somebody is still there."""
    return idle * 3 / 4


def end_finished(work: Work) -> int:
    """End the sessions of patients who sent the last form that was open, a few minutes after; how many."""
    require(work.actor, "deliveries.send")
    ended = access.end_finished(work.session, at=work.now, sent_by=work.now - FAREWELL)
    work.record(
        *(
            AuditEvent("session.end", "participant", whose, reason="everything was sent", participant_id=whose)
            for whose in ended
        )
    )
    return len(ended)


def revoke_all(work: Work, *, participant_id: UUID, reason: str) -> Ended:
    """End every link, letter, session and calendar address of somebody, and the messages to their browser.

    A letter was lost, or a phone stolen. Invalid without a reason; what was ended, how many of each.
    """
    owner = belonging.by_participant(work.session, participant_id)
    require(work.actor, "links.mint", study=owner.study, site=owner.site)
    if not reason.strip():
        raise Invalid("say why", problems=[Problem("expected a reason, without names", "reason")])
    links, sessions = access.end_all(work.session, participant_id, at=work.now)
    feed = feeds.of_participant(work.session, participant_id)
    if feed is not None:
        feeds.end(work.session, feed.id, at=work.now)
    device = contacts.forget_device(work, participant_id=participant_id, reason=reason)
    ended = Ended(links, sessions, calendars=int(feed is not None), devices=int(device))
    changes: dict[str, tuple[object, object]] = {
        f"{name}_ended": (None, count) for name, count in asdict(ended).items()
    }
    work.record(
        AuditEvent(
            "link.revoke",
            "participant",
            participant_id,
            changes,
            reason,
            study_id=owner.study_id,
            participant_id=participant_id,
        )
    )
    return ended


def sign_out(work: Work, *, token: str) -> None:
    """End the session of this token. Harmless when it has ended already; an API key is not a session."""
    try:
        found = access.by_session_token(work.session, work.keys.token_hash(token))
    except NotFound:
        return
    if found.ended:
        return
    access.end_session(work.session, found.id, at=work.now)
    _as(work, found.actor).record(AuditEvent("session.end", found.actor.kind, found.actor.id))


def create_api_key(
    work: Work,
    *,
    label: str,
    role: str,
    scopes: Sequence[str],
    study: str = "",
    site: str = "",
    expires_at: datetime | None = None,
) -> str:
    """A new API key, shown once. It may do what its role may, as far as its scopes go: `noun.verb`, `noun.*` or `*`."""
    require(work.actor, "keys.manage")
    require_grantable(work.actor, study=study, site=site)
    problems = [Problem(f"expected one of {', '.join(STAFF_ROLES)}", "role")] if role not in STAFF_ROLES else []
    problems += [Problem(f"there is no scope {scope!r}", "scopes") for scope in scopes if not known_scope(scope)]
    problems += [Problem("a key without a scope opens nothing", "scopes")] if not scopes else []
    if problems:
        raise Invalid("this API key cannot be made", problems=problems)
    key = KEY_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    facts: dict[str, object] = {"label": label, "role": role, "study": study, "site": site, "scopes": list(scopes)}
    key_hash = work.keys.token_hash(key)
    key_id = access.add_api_key(work.session, key_hash=key_hash, at=work.now, expires_at=expires_at, **facts)
    work.record(AuditEvent("api_key.create", "api_key", key_id, {name: (None, value) for name, value in facts.items()}))
    return key


def _link(work: Work, token: str) -> access.Link:
    try:
        link = access.by_link_token(work.session, work.keys.token_hash(token))
    except NotFound:
        raise LinkUnknown("this link is not known; check that the whole address was copied") from None
    if link.revoked:
        raise LinkUnknown("this link is not known; check that the whole address was copied")
    return link


def _lives(work: Work, link: access.Link) -> bool:
    return lives(link.assessment_ids, assessments.of_participant(work.session, link.participant_id), work.now)


def _start(
    work: Work,
    actor: Actor,
    event: AuditEvent,
    lasts: timedelta,
    *,
    idle: timedelta | None = None,
    participant_id: UUID | None = None,
    staff_id: UUID | None = None,
) -> SignedIn:
    token, latest_at = secrets.token_urlsafe(TOKEN_BYTES), work.now + lasts
    expires_at = min(latest_at, work.now + (idle or lasts))
    access.add_session(
        work.session,
        token_hash=work.keys.token_hash(token),
        participant_id=participant_id,
        staff_id=staff_id,
        at=work.now,
        expires_at=expires_at,
    )
    _as(work, actor).record(event)
    return SignedIn(token, expires_at, latest_at, actor)


def _as(work: Work, actor: Actor) -> Work:
    return replace(work, actor=actor)

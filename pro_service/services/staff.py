"""Accounts of the study team: made, listed, disabled, and proven with a password and a one-time code."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from uuid import UUID

import pyotp
from pwdlib import PasswordHash

from pro_service.domain.audit import Actor, AuditEvent
from pro_service.domain.digests import WISHES
from pro_service.domain.errors import Forbidden, Invalid, NotFound, Problem, SignInFailed
from pro_service.domain.roles import STAFF_ROLES, require
from pro_service.domain.staff_texts import LANGUAGES
from pro_service.services import passwords
from pro_service.services.work import Work
from pro_service.storage import access, staff
from pro_service.storage.metadata import new_id
from pro_service.storage.staff import Member, Secrets

MOST_FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)
CODE_SECONDS = 30
_MAY_SPEAK = {None, *LANGUAGES}
ISSUER = "PRO service"

_argon2id = PasswordHash.recommended()


@dataclass(frozen=True, slots=True)
class Credentials:
    """A new account's second factor, shown once: the secret, and the address an authenticator app reads."""

    staff_id: UUID
    totp_secret: str
    totp_uri: str


def create_staff(
    work: Work, *, email: str, password: str, role: str, study: str = "", site: str = "", organisation: str = ""
) -> Credentials:
    """A new account. Invalid where the role or password will not do; Conflict where the address has an account."""
    require(work.actor, "staff.manage")
    require_grantable(work.actor, study=study, site=site)
    address = email.strip().lower()
    problems = _problems(address, password, role, study, site)
    if problems:
        raise Invalid("this account cannot be made", problems=problems)
    secret, facts = pyotp.random_base32(), {"role": role, "study": study, "site": site, "organisation": organisation}
    staff_id = new_id()
    key_id, sealed = work.keys.seal(secret.encode(), context=_context(staff_id))
    staff.add(
        work.session,
        id=staff_id,
        email=address,
        password_hash=_argon2id.hash(password),
        totp_key_id=key_id,
        totp_sealed=sealed,
        created_at=work.now,
        **facts,
    )
    work.record(AuditEvent("staff.create", "staff", staff_id, {name: (None, value) for name, value in facts.items()}))
    return _credentials(staff_id, address, secret)


def reset_staff(work: Work, *, email: str, password: str) -> Credentials:
    """A new password and second factor for an account whose holder lost them; ends its sessions and its lock."""
    require(work.actor, "staff.manage")
    member, _ = staff.by_email(work.session, email.strip().lower(), lock=True)
    require_grantable(work.actor, study=member.study, site=member.site)
    problems = passwords.problems(password, address=member.email)
    if problems:
        raise Invalid("this password will not do", problems=problems)
    secret = pyotp.random_base32()
    key_id, sealed = work.keys.seal(secret.encode(), context=_context(member.id))
    new: dict[str, object] = {"password_hash": _argon2id.hash(password), "totp_key_id": key_id, "totp_sealed": sealed}
    staff.change(work.session, member.id, **new, totp_last_step=0, failed_attempts=0, locked_until=None)
    access.end_sessions_of_staff(work.session, member.id, at=work.now)
    work.record(AuditEvent("staff.reset", "staff", member.id, {"password": ("set", "set"), "totp": ("set", "set")}))
    return _credentials(member.id, member.email, secret)


def prefer(work: Work, *, email: str = "", language: str | None = None, wish: str | None = None) -> Member:
    """Choose the language of somebody's messages, and which they get; without `email` one's own."""
    if email:
        require(work.actor, "staff.manage")
        before, _ = staff.by_email(work.session, email.strip().lower(), lock=True)
        require_grantable(work.actor, study=before.study, site=before.site)
    else:
        before = own(work)
    problems = [Problem(f"expected one of {', '.join(LANGUAGES)}", "language")] if language not in _MAY_SPEAK else []
    problems += [Problem(f"expected one of {', '.join(WISHES)}", "wish")] if wish not in {None, *WISHES} else []
    if problems:
        raise Invalid("this cannot be chosen", problems=problems)
    chosen = {name: value for name, value in (("language", language), ("wish", wish)) if value is not None}
    news = {name: value for name, value in chosen.items() if getattr(before, name) != value}
    if not news:
        return before
    staff.change(work.session, before.id, **news)
    changes: dict[str, tuple[object, object]] = {name: (getattr(before, name), value) for name, value in news.items()}
    work.record(AuditEvent("staff.prefer", "staff", before.id, changes))
    return replace(before, **news)  # type: ignore[arg-type]  # each of its own type


def own(work: Work) -> Member:
    """The account of whoever asks; Forbidden for who has none, such as an API key."""
    if work.actor.kind != "staff":
        raise Forbidden("this is for somebody with an account")
    return staff.by_ids(work.session, [UUID(work.actor.id)])[UUID(work.actor.id)]


def disable_staff(work: Work, *, email: str) -> None:
    """Close an account for good and end its sessions at once. Harmless when it is closed already."""
    require(work.actor, "staff.manage")
    member, _ = staff.by_email(work.session, email.strip().lower(), lock=True)
    require_grantable(work.actor, study=member.study, site=member.site)
    if member.disabled_at is not None:
        return
    staff.change(work.session, member.id, disabled_at=work.now)
    ended = access.end_sessions_of_staff(work.session, member.id, at=work.now)
    changes: dict[str, tuple[object, object]] = {"disabled_at": (None, work.now), "sessions_ended": (None, ended)}
    work.record(AuditEvent("staff.disable", "staff", member.id, changes))


def staff_list(work: Work) -> tuple[Member, ...]:
    """The accounts that can see what the actor can see, by address."""
    require(work.actor, "staff.read")
    return staff.listing(work.session, study=work.actor.study, site=work.actor.site)


def require_grantable(actor: Actor, *, study: str, site: str) -> None:
    """Forbidden where an account or key would reach further than whoever makes it."""
    if (actor.study and study != actor.study) or (actor.site and site != actor.site):
        raise Forbidden("nobody can hand out more than their own study and site")


def prove(work: Work, *, email: str, password: str, code: str) -> Member:
    """The account that this password and this one-time code open. SignInFailed keeps count and says nothing more."""
    try:
        member, secrets = staff.by_email(work.session, email.strip().lower(), lock=True)
    except NotFound:
        _argon2id.verify(password, _nobodys_hash())
        work.record(AuditEvent("staff.sign_in_failed", "staff", "unknown"))
        raise _failed() from None
    right = _argon2id.verify(password, secrets.password_hash)
    step = _matching_step(work, member, secrets, code)
    if member.disabled_at is not None or (member.locked_until is not None and work.now < member.locked_until):
        work.record(AuditEvent("staff.sign_in_refused", "staff", member.id))
        raise _failed()
    if not right or step is None:
        _count_failure(work, member)
        raise _failed()
    staff.change(work.session, member.id, totp_last_step=step, failed_attempts=0, locked_until=None)
    return member


def waiting_to_reseal(work: Work) -> int:
    """How many second factors are not sealed with the ring's first key."""
    require(work.actor, "keys.manage")
    return staff.count_sealed_with_other_keys(work.session, work.keys.first)


def key_ids(work: Work) -> frozenset[str]:
    """The ids of the keys that sealed any second factor."""
    require(work.actor, "keys.manage")
    return staff.key_ids(work.session)


def reseal_totp(work: Work, *, limit: int = 500) -> int:
    """Seal up to `limit` second factors with the ring's first key that are not yet; the number of them."""
    require(work.actor, "keys.manage")
    old = staff.sealed_with_other_keys(work.session, work.keys.first, limit=limit)
    for staff_id, key_id, sealed in old:
        plain = work.keys.open(key_id, sealed, context=_context(staff_id))
        new_key_id, new_sealed = work.keys.seal(plain, context=_context(staff_id))
        staff.change(work.session, staff_id, totp_key_id=new_key_id, totp_sealed=new_sealed)
    if old:
        work.record(AuditEvent("staff.reseal", "key", work.keys.first, {"accounts": (None, len(old))}))
    return len(old)


@cache
def _nobodys_hash() -> str:
    """Checked where there is no such account, so that the answer takes as long as if there were one."""
    return _argon2id.hash("nobody has this password")


def _matching_step(work: Work, member: Member, secrets: Secrets, code: str) -> int | None:
    """The time step whose code this is: now, one before or one after, and later than the last one used."""
    secret = work.keys.open(secrets.totp_key_id, secrets.totp_sealed, context=_context(member.id)).decode()
    totp, now = pyotp.TOTP(secret), int(work.now.timestamp())
    for step in (now // CODE_SECONDS + drift for drift in (-1, 0, 1)):
        if step > secrets.totp_last_step and totp.verify(code.strip(), for_time=step * CODE_SECONDS):
            return step
    return None


def _count_failure(work: Work, member: Member) -> None:
    failures = member.failed_attempts + 1
    locked_until = work.now + LOCKED_FOR if failures >= MOST_FAILURES else None
    kept = 0 if locked_until else failures
    staff.change(work.session, member.id, failed_attempts=kept, locked_until=locked_until)
    changes: dict[str, tuple[object, object]] = {"failed_attempts": (member.failed_attempts, failures)}
    if locked_until:
        changes["locked_until"] = (member.locked_until, locked_until)
    work.record(AuditEvent("staff.sign_in_failed", "staff", member.id, changes))


def _failed() -> SignInFailed:
    return SignInFailed("e-mail, password or code is not right, or the account is locked for a while")


def _problems(address: str, password: str, role: str, study: str, site: str) -> list[Problem]:
    problems = passwords.problems(password, address=address)
    name, _, domain = address.partition("@")
    if not name or not domain or " " in address:
        problems.append(Problem("expected an e-mail address", "email"))
    if role not in STAFF_ROLES:
        problems.append(Problem(f"expected one of {', '.join(STAFF_ROLES)}", "role"))
    if role == "coordinator" and not (study and site):
        problems.append(Problem("a coordinator works at one site of one study", "site"))
    return problems


def _context(staff_id: UUID) -> str:
    return f"staff:{staff_id}:totp"


def _credentials(staff_id: UUID, address: str, secret: str) -> Credentials:
    return Credentials(staff_id, secret, pyotp.TOTP(secret).provisioning_uri(name=address, issuer_name=ISSUER))

"""Who may do what: one table of roles and permissions, and the two questions asked of it.

A permission is `noun.verb`, where noun and verb mostly are those of the services. A person outside their own study
or site, and a patient outside their own things, is told that there is no such thing; within it, what the role may not
do is forbidden.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from pro_service.domain.audit import Actor
from pro_service.domain.errors import Forbidden, NotFound

READ_A_SITE = frozenset(
    {
        "studies.read",
        "participants.read",
        "events.read",
        "assessments.read",
        "responses.read",
        "scores.read",
        "deliveries.read",
        "compliance.read",
        "fhir.read",  # submitted answers and their scores, as FHIR
    }
)
PERMISSIONS = READ_A_SITE | {
    "arms.read",  # which treatment somebody was allotted
    "studies.load",
    "studies.activate",
    "studies.carry_out",  # an amendment that is active, for those who are enrolled
    "participants.enrol",
    "participants.change",  # language, site, preferences such as channel and quiet hours
    "contacts.read",
    "contacts.save",
    "contacts.erase",
    "events.record",
    "responses.save",  # save and submit: one's own, or on paper or by interview
    "responses.correct",  # after submission, with a reason
    "links.mint",
    "deliveries.send",
    "deliveries.bounce",  # put on record that a message came back, and its address with it
    "deliveries.resend",  # one that failed or is in doubt; or say how it ended
    "digests.receive",  # what is overdue and what did not arrive, on weekday mornings
    "scores.compute",
    "exports.write",
    "audit.read",
    "audit.seal",
    "staff.read",
    "staff.manage",
    "keys.manage",
    "webhooks.read",
    "webhooks.manage",  # what leaves for another system, and where to
}

ROLES: Mapping[str, frozenset[str]] = {
    "admin": PERMISSIONS,
    "coordinator": READ_A_SITE
    | {
        "arms.read",
        "digests.receive",
        "participants.enrol",
        "participants.change",
        "contacts.read",
        "contacts.save",
        "events.record",
        "responses.save",
        "responses.correct",
        "links.mint",
        "deliveries.resend",
    },
    "data_manager": READ_A_SITE
    | {"studies.load", "events.record", "responses.correct", "exports.write", "audit.read"}
    | {"digests.receive", "webhooks.read", "webhooks.manage"},
    "investigator": READ_A_SITE | {"events.record"},
    "monitor": READ_A_SITE | {"audit.read", "staff.read"},
    "statistician": READ_A_SITE - {"deliveries.read"} | {"arms.read", "exports.write"},
    "system": READ_A_SITE
    | {
        "arms.read",
        "contacts.read",
        "links.mint",
        "deliveries.send",
        "deliveries.bounce",
        "scores.compute",
        "exports.write",
        "audit.read",
        "audit.seal",
        "studies.carry_out",
    },
    "participant": frozenset(
        {"studies.read", "assessments.read", "responses.read", "responses.save", "participants.change"}
    ),
}
"""Role -> what it may do. An investigator and a data manager see no arm; only a coordinator and an admin see names."""

STAFF_ROLES = tuple(role for role in ROLES if role not in ("system", "participant"))
"""The roles an account or an API key can have."""


def allows(actor: Actor, permission: str) -> bool:
    """May this actor do this at all? An API key needs the role and a scope: the permission, `noun.*` or `*`."""
    if permission not in PERMISSIONS:
        raise ValueError(f"there is no permission {permission!r}")
    if permission not in ROLES.get(actor.role, frozenset()):
        return False
    noun = permission.partition(".")[0]
    return actor.kind != "api_key" or not actor.scopes.isdisjoint({permission, f"{noun}.*", "*"})


def reaches(actor: Actor, *, study: str = "", site: str = "") -> bool:
    """Is this study, and this site, within what the actor was given? An empty code is not asked about."""
    return _within(actor.study, study) and _within(actor.site, site)


def require(actor: Actor, permission: str, *, study: str = "", site: str = "") -> None:
    """Forbidden where the role (or the key's scope) does not include it; NotFound outside own study or site."""
    if not reaches(actor, study=study, site=site):
        raise NotFound("there is no such thing here")
    if not allows(actor, permission):
        raise Forbidden(f"{actor.role or 'nobody'}: may not {permission}")


def require_self(actor: Actor, participant_id: UUID | str) -> None:
    """NotFound where a patient reaches for somebody else's things. Staff pass: ask `require` of them."""
    if actor.kind == "participant" and actor.id != str(participant_id):
        raise NotFound("there is no such thing here")


def known_scope(scope: str) -> bool:
    """Is this a scope an API key can have: a permission, `noun.*` or `*`?"""
    nouns = {permission.partition(".")[0] for permission in PERMISSIONS}
    return scope == "*" or scope in PERMISSIONS or (scope.endswith(".*") and scope[:-2] in nouns)


def _within(own: str, asked: str) -> bool:
    return not own or not asked or own == asked

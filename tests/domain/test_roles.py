"""The table of roles: what may be done, and who is told that there is no such thing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pro_service.domain.audit import Actor
from pro_service.domain.errors import Forbidden, NotFound
from pro_service.domain.roles import PERMISSIONS, ROLES, STAFF_ROLES, allows, known_scope, require, require_self
from tests.support import people

KEY = Actor("api_key", "k", "coordinator", scopes=frozenset({"events.*", "participants.read"}))


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        ("admin", ["staff.manage", "contacts.erase", "arms.read"], []),
        ("coordinator", ["participants.enrol", "contacts.read", "links.mint"], ["staff.manage", "contacts.erase"]),
        ("data_manager", ["exports.write", "responses.correct", "audit.read"], ["contacts.read", "arms.read"]),
        ("investigator", ["participants.read", "events.record"], ["arms.read", "contacts.read", "exports.write"]),
        ("monitor", ["audit.read", "responses.read"], ["events.record", "contacts.read", "arms.read"]),
        ("statistician", ["exports.write", "arms.read"], ["contacts.read", "responses.correct", "deliveries.read"]),
        ("system", ["deliveries.send", "scores.compute", "audit.seal"], ["staff.manage", "contacts.save"]),
        ("participant", ["responses.save", "assessments.read"], ["participants.enrol", "contacts.read", "arms.read"]),
        ("", [], sorted(PERMISSIONS)),
        ("unheard-of", [], sorted(PERMISSIONS)),
    ],
)
def test_what_a_role_may_do(role: str, may: list[str], may_not: list[str]) -> None:
    actor = Actor("staff", "x", role)
    assert [permission for permission in may if not allows(actor, permission)] == []
    assert [permission for permission in may_not if allows(actor, permission)] == []


@pytest.mark.parametrize(
    ("study", "site", "there"),
    [("", "", True), ("scopes", "", True), ("scopes", "nki", True), ("scopes", "lumc", False), ("other", "nki", False)],
)
def test_outside_ones_own_study_and_site_there_is_nothing(study: str, site: str, there: bool) -> None:
    if there:
        require(people.coordinator_nki, "participants.read", study=study, site=site)
        return
    with pytest.raises(NotFound):
        require(people.coordinator_nki, "participants.read", study=study, site=site)
    with pytest.raises(NotFound):
        require(people.coordinator_nki, "staff.manage", study=study, site=site)


def test_within_it_what_the_role_may_not_do_is_forbidden() -> None:
    with pytest.raises(Forbidden, match=r"nobody: may not participants\.read"):
        require(people.nobody, "participants.read")


@pytest.mark.parametrize(
    ("permission", "allowed"),
    [("events.record", True), ("participants.read", True), ("participants.enrol", False), ("staff.manage", False)],
)
def test_a_key_needs_both_the_role_and_the_scope(permission: str, allowed: bool) -> None:
    assert allows(KEY, permission) is allowed
    assert allows(replace(KEY, scopes=frozenset({"*"})), permission) is (permission != "staff.manage")
    assert not allows(replace(KEY, scopes=frozenset()), permission)


def test_a_patient_reaches_only_their_own_things() -> None:
    require_self(people.patient("a"), "a")
    require_self(people.coordinator_nki, "a")
    with pytest.raises(NotFound):
        require_self(people.patient("a"), "b")


def test_a_permission_that_does_not_exist_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match=r"participants\.fly"):
        allows(people.everything, "participants.fly")


@pytest.mark.parametrize(
    ("scope", "known"), [("*", True), ("events.*", True), ("events.record", True), ("x.*", False), ("", False)]
)
def test_scopes(scope: str, known: bool) -> None:
    assert known_scope(scope) is known


def test_the_table_names_only_permissions_there_are() -> None:
    assert frozenset().union(*ROLES.values()) == PERMISSIONS
    assert "system" not in STAFF_ROLES
    assert "participant" not in STAFF_ROLES

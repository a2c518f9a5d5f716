"""Accounts of the study team: a password, a code that is good once, a lock after failures, and no secrets shown."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import Engine, select

from pro_service.domain.audit import Actor
from pro_service.domain.errors import (
    Conflict,
    Forbidden,
    Invalid,
    SignInFailed,
    Unauthenticated,
)
from pro_service.runtime import Runtime
from pro_service.services import access
from pro_service.services.staff import Credentials
from pro_service.services.work import Work
from pro_service.storage.access import staff
from pro_service.storage.audit import audit_event
from tests.storage.rows import NOON
from tests.support import people
from tests.support.clock import Clock

Begin = Callable[..., AbstractContextManager[Work]]
EMAIL, PASSWORD = "ann@example.org", "correct horse battery"
VISITOR = Actor("system", "web", "")


@pytest.fixture
def ann(work: Begin, engine: Engine, clock: Clock) -> Credentials:
    clock.set(NOON)
    with work() as w:
        return access.create_staff(
            w,
            email=" Ann@Example.org ",
            password=PASSWORD,
            role="coordinator",
            study="scopes",
            site="nki",
            organisation="NKI",
        )


def sign_in(runtime: Runtime, code: str, *, email: str = EMAIL, password: str = PASSWORD) -> access.SignedIn:
    with runtime.work(VISITOR) as w:
        return access.sign_in_with_password(w, email=email, password=password, code=code)


def code_of(made: Credentials, clock: Clock) -> str:
    return pyotp.TOTP(made.totp_secret).at(clock())


def test_staff_come_in_with_password_and_code(runtime: Runtime, clock: Clock, ann: Credentials) -> None:
    signed_in = sign_in(runtime, code_of(ann, clock), email="ANN@example.org")
    with runtime.work(VISITOR, writes=False) as w:
        actor = access.who(w, token=signed_in.access_token)
    assert actor == Actor("staff", str(ann.staff_id), "coordinator", "scopes", "nki", organisation="NKI")
    assert signed_in.expires_at == clock() + timedelta(hours=12)
    clock.advance(hours=12)
    with pytest.raises(Unauthenticated), runtime.work(VISITOR, writes=False) as w:
        access.who(w, token=signed_in.access_token)


def test_a_code_is_good_once(runtime: Runtime, clock: Clock, ann: Credentials) -> None:
    code = code_of(ann, clock)
    sign_in(runtime, code)
    with pytest.raises(SignInFailed):
        sign_in(runtime, code)
    clock.advance(seconds=30)
    sign_in(runtime, code_of(ann, clock))


@pytest.mark.parametrize(("drift", "good"), [(-90, False), (-30, True), (0, True), (30, True), (90, False)])
def test_a_phone_may_be_half_a_minute_off(
    runtime: Runtime, clock: Clock, ann: Credentials, drift: int, good: bool
) -> None:
    code = pyotp.TOTP(ann.totp_secret).at(clock() + timedelta(seconds=drift))
    if good:
        sign_in(runtime, code)
        return
    with pytest.raises(SignInFailed):
        sign_in(runtime, code)


def test_nothing_tells_which_part_was_wrong(runtime: Runtime, clock: Clock, ann: Credentials) -> None:
    code, messages = code_of(ann, clock), set()
    wrong = [
        {"email": "nobody@example.org", "password": PASSWORD, "code": code},
        {"email": EMAIL, "password": "wrong", "code": code},
        {"email": EMAIL, "password": PASSWORD, "code": "000000"},
        {"email": EMAIL, "password": PASSWORD, "code": "not a code"},
    ]
    for attempt in wrong:
        with pytest.raises(SignInFailed) as caught:
            sign_in(runtime, attempt["code"], email=attempt["email"], password=attempt["password"])
        messages.add((caught.value.code, str(caught.value)))
    assert len(messages) == 1


def test_five_failures_lock_the_account_for_a_while(
    runtime: Runtime, engine: Engine, clock: Clock, ann: Credentials
) -> None:
    for _ in range(5):
        with pytest.raises(SignInFailed):
            sign_in(runtime, code_of(ann, clock), password="wrong")
    with pytest.raises(SignInFailed):
        sign_in(runtime, code_of(ann, clock))
    clock.advance(minutes=15)
    sign_in(runtime, code_of(ann, clock))
    with engine.connect() as connection:
        actions = connection.execute(select(audit_event.c.action).order_by(audit_event.c.id)).scalars().all()
        assert connection.execute(select(staff.c.failed_attempts, staff.c.locked_until)).one() == (0, None)
    assert actions == ["staff.create", *["staff.sign_in_failed"] * 5, "staff.sign_in_refused", "session.start"]


def test_a_success_forgets_earlier_failures(runtime: Runtime, clock: Clock, ann: Credentials) -> None:
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(SignInFailed):
                sign_in(runtime, "000000")
        sign_in(runtime, code_of(ann, clock))
        clock.advance(minutes=1)


def test_disabling_an_account_ends_its_sessions_at_once(
    runtime: Runtime, work: Begin, clock: Clock, ann: Credentials
) -> None:
    token = sign_in(runtime, code_of(ann, clock)).access_token
    for _ in range(2):
        with work() as w:
            access.disable_staff(w, email=EMAIL)
    with pytest.raises(Unauthenticated), work(VISITOR, writes=False) as w:
        access.who(w, token=token)
    clock.advance(minutes=1)
    with pytest.raises(SignInFailed):
        sign_in(runtime, code_of(ann, clock))


def test_a_reset_replaces_password_and_code(runtime: Runtime, work: Begin, clock: Clock, ann: Credentials) -> None:
    token = sign_in(runtime, code_of(ann, clock)).access_token
    with work() as w:
        made = access.reset_staff(w, email=EMAIL, password="another good phrase")
    clock.advance(minutes=1)
    with pytest.raises(Unauthenticated), work(VISITOR, writes=False) as w:
        access.who(w, token=token)
    with pytest.raises(SignInFailed):
        sign_in(runtime, code_of(ann, clock))
    sign_in(runtime, code_of(made, clock), password="another good phrase")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"password": "short"}, "password"),
        ({"password": "password1234"}, "password"),
        ({"password": "qwertyuiop12"}, "password"),
        ({"password": "aaaaaaaaaaaaaaaa"}, "password"),
        ({"password": "ann@example.org"}, "password"),
        ({"password": "Prometheus12"}, "password"),
        ({"password": "12" * 100}, "password"),
        ({"password": "ann ann ann ann"}, "password"),
        ({"email": "nobody"}, "email"),
        ({"role": "king"}, "role"),
        ({"role": "system"}, "role"),
        ({"role": "coordinator", "site": ""}, "site"),
    ],
)
def test_an_account_that_will_not_do(work: Begin, change: dict[str, str], field: str) -> None:
    facts = {"email": EMAIL, "password": PASSWORD, "role": "monitor", "study": "scopes", "site": "nki", **change}
    with pytest.raises(Invalid) as caught, work() as w:
        access.create_staff(w, **facts)
    assert [problem.field for problem in caught.value.problems] == [field]


def test_one_account_per_address_and_none_beyond_ones_own_reach(work: Begin, ann: Credentials) -> None:
    with pytest.raises(Conflict, match="already"), work() as w:
        access.create_staff(w, email=EMAIL, password=PASSWORD, role="monitor")
    local_admin = Actor("staff", "x", "admin", "scopes", "nki")
    for study, site in [("", ""), ("scopes", ""), ("other", "nki"), ("scopes", "lumc")]:
        with pytest.raises(Forbidden), work(local_admin) as w:
            access.create_staff(w, email="b@example.org", password=PASSWORD, role="monitor", study=study, site=site)
        with pytest.raises(Forbidden), work(local_admin) as w:
            access.create_api_key(w, label="x", role="monitor", scopes=["*"], study=study, site=site)
    with pytest.raises(Forbidden), work(people.coordinator_nki) as w:
        access.create_staff(w, email="b@example.org", password=PASSWORD, role="monitor", study="scopes", site="nki")
    assert ann.totp_uri.startswith("otpauth://totp/")


def test_the_list_shows_accounts_and_no_secrets(work: Begin, ann: Credentials) -> None:
    with work(people.everything, writes=False) as w:
        (only,) = access.staff_list(w)
    assert (only.id, only.email, only.role, only.disabled_at) == (ann.staff_id, EMAIL, "coordinator", None)
    assert not hasattr(only, "password_hash")
    with pytest.raises(Forbidden), work(people.coordinator_nki, writes=False) as w:
        access.staff_list(w)

"""What the study team sees: signing in with a second factor, and a desk within their role and site."""

from __future__ import annotations

from collections.abc import Callable

import pyotp
import pytest
from flask.testing import FlaskClient

from pro_service.runtime import Runtime
from pro_service.services import access
from tests.support import people
from tests.support.clock import Clock
from tests.web.conftest import PASSWORD, Visitor, csrf, words_of

Invite = Callable[..., Visitor]


@pytest.fixture
def secret(runtime: Runtime) -> str:
    """The one-time-code secret of the coordinator."""
    with runtime.work(people.everything) as w:
        return access.create_staff(
            w, email="nurse@example.org", password=PASSWORD, role="coordinator", study="scopes", site="nki"
        ).totp_secret


def test_signing_in_and_out(client: FlaskClient, secret: str, clock: Clock, patient: Invite) -> None:
    patient()
    code = pyotp.TOTP(secret).at(clock.now)
    data = {"email": "nurse@example.org", "password": PASSWORD, "code": f"{code[:3]} {code[3:]}"}
    answer = client.post("/staff/sign-in", data=data)
    assert (answer.status_code, answer.location) == (303, "/staff")
    assert client.get("/staff").location == "/staff/studies/scopes"
    out = client.post("/staff/sign-out", data={"csrf_token": csrf(client, "/staff/studies/scopes")})
    assert out.status_code == 303
    assert client.get("/staff").location == "/staff/sign-in", "whoever has no session begins at the front door"


def test_a_session_that_is_over_says_so(client: FlaskClient) -> None:
    client.set_cookie("pro", "of-yesterday")
    answer = client.get("/staff")
    assert answer.status_code == 401
    assert "Please sign in again" in words_of(answer.text)


@pytest.mark.parametrize("wrong", [{"password": "not this one at all"}, {"code": "000000"}, {"email": "x@example.org"}])
def test_what_was_wrong_is_not_said(client: FlaskClient, secret: str, clock: Clock, wrong: dict[str, str]) -> None:
    right = {"email": "nurse@example.org", "password": PASSWORD, "code": pyotp.TOTP(secret).at(clock.now)}
    answer = client.post("/staff/sign-in", data=right | wrong)
    assert answer.status_code == 401
    assert "That combination is not right" in words_of(answer.text)
    assert PASSWORD not in answer.text
    assert client.get("/staff").location == "/staff/sign-in"


def test_the_sign_in_page_speaks_dutch(client: FlaskClient) -> None:
    answer = client.post("/staff/sign-in", data={}, headers={"Accept-Language": "nl"})
    assert "Die combinatie klopt niet" in words_of(answer.text)


def test_failed_attempts_are_counted_until_the_account_is_locked(
    client: FlaskClient, secret: str, clock: Clock
) -> None:
    right = {"email": "nurse@example.org", "password": PASSWORD, "code": pyotp.TOTP(secret).at(clock.now)}
    for _ in range(5):
        client.post("/staff/sign-in", data=right | {"password": "not this one at all"})
    assert client.post("/staff/sign-in", data=right).status_code == 401


REACH = [
    ("admin", {}, {"NKI-001", "LUMC-001"}),
    ("coordinator", {"study": "scopes", "site": "nki"}, {"NKI-001"}),
    ("monitor", {"study": "scopes"}, {"NKI-001", "LUMC-001"}),
]


@pytest.mark.parametrize("reach", REACH, ids=lambda reach: reach[0])
def test_the_desk_shows_what_the_role_reaches(
    client: FlaskClient,
    patient: Invite,
    staff_session: Callable[..., str],
    reach: tuple[str, dict[str, str], set[str]],
) -> None:
    role, within, codes = reach
    patient(code="NKI-001", site="nki")
    patient(code="LUMC-001", site="lumc")
    client.set_cookie("pro", staff_session(role, **within))
    seen = words_of(client.get("/staff/studies/scopes").text)
    assert {code for code in ("NKI-001", "LUMC-001") if code in seen} == codes
    assert "Closed without being sent" in seen
    assert "short" not in seen  # never an arm
    assert "@example.org" not in seen  # never an address


def test_patients_do_not_get_in(client: FlaskClient, signed_in: Invite) -> None:
    signed_in()
    assert client.get("/staff").status_code == 403
    assert client.get("/staff/studies/scopes").status_code == 403


def test_staff_have_no_questionnaires(client: FlaskClient, staff_session: Callable[..., str]) -> None:
    client.set_cookie("pro", staff_session())
    assert client.get("/my").status_code == 403


def test_an_unknown_study(client: FlaskClient, staff_session: Callable[..., str]) -> None:
    client.set_cookie("pro", staff_session())
    assert client.get("/staff/studies/nothing").status_code == 404
    assert "No study is active yet" in words_of(client.get("/staff").text)

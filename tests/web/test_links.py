"""The link in a message: looking spends nothing, pressing signs in, and a bad one reveals nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.support.clock import Clock
from tests.web.conftest import Visitor, csrf, words_of

Invite = Callable[..., Visitor]


def test_opening_the_link_signs_nobody_in_and_can_be_done_by_any_mail_scanner(
    client: FlaskClient, patient: Invite
) -> None:
    """Failure row 25: however often it was opened, it is there for the person, who presses."""
    person = patient()
    for _ in range(3):
        seen = client.get(person.link)
        assert seen.status_code == 200
        assert "Begin" in words_of(seen.text)
        assert "Set-Cookie" not in seen.headers
        assert person.participant.code not in seen.text
    assert client.head(person.link).status_code == 200
    assert client.get("/my").status_code == 401
    assert client.post(person.link).status_code == 303
    assert client.get("/my").status_code == 200


def test_pressing_begin_signs_in_and_goes_to_the_only_open_questionnaire(client: FlaskClient, patient: Invite) -> None:
    person = patient()
    answer = client.post(person.link)
    assert (answer.status_code, answer.location) == (303, person.form)
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert client.get(person.form).status_code == 200


@pytest.mark.parametrize(
    ("language", "heading"), [("en", "We do not know this link"), ("nl", "Deze link kennen we niet")]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_forged_link(client: FlaskClient, method: str, language: str, heading: str) -> None:
    answer = client.open("/l/forged", method=method, headers={"Accept-Language": language})
    assert answer.status_code == 401
    assert heading in words_of(answer.text)
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(("language", "heading"), [("en", "has done its work"), ("nl", "heeft zijn werk gedaan")])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_whose_work_is_done(
    client: FlaskClient, signed_in: Invite, method: str, language: str, heading: str
) -> None:
    person = signed_in()
    client.post(f"{person.form}/review", data={"csrf_token": csrf(client)})
    client.delete_cookie("pro")
    answer = client.open(person.link, method=method, headers={"Accept-Language": language})
    assert answer.status_code == 401
    assert heading in words_of(answer.text)


def test_a_link_whose_window_has_closed(client: FlaskClient, patient: Invite, clock: Clock) -> None:
    person = patient()
    clock.advance(days=3)
    assert client.get(person.link).status_code == 401
    assert client.post(person.link).status_code == 401


def test_signing_out_ends_the_session(client: FlaskClient, signed_in: Invite) -> None:
    signed_in()
    answer = client.post("/my/sign-out", data={"csrf_token": csrf(client)})
    assert (answer.status_code, answer.location) == (303, "/")
    assert client.get("/my").status_code == 401

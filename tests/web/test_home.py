"""My questionnaires: open, coming, done; in the person's own language until they choose another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from flask.testing import FlaskClient

from pro_service.domain.schedule import TrialEvent
from tests.support.clock import Clock
from tests.web.conftest import Visitor, csrf, words_of

Invite = Callable[..., Visitor]

PAGES = [
    ("en", ["My questionnaires", "Open now", "Before surgery", "36 questions, about 5 minutes", "19 March 2026"]),
    ("nl", ["Mijn vragenlijsten", "Nu open", "Voor de operatie", "36 vragen, ongeveer 5 minuten", "19 maart 2026"]),
]


@pytest.mark.parametrize(("language", "expected"), PAGES)
def test_what_is_open_and_what_comes(
    client: FlaskClient, signed_in: Invite, language: str, expected: list[str]
) -> None:
    signed_in(language=language)
    seen = client.get("/my")
    assert f'<html lang="{language}"' in seen.text
    assert seen.headers["Cache-Control"] == "no-store"
    for words in expected:
        assert words in words_of(seen.text)


def test_what_was_done_and_what_was_missed(client: FlaskClient, signed_in: Invite) -> None:
    person = signed_in()
    client.post(f"{person.form}/review", data={"csrf_token": csrf(client)})
    seen = words_of(client.get("/my").text)
    assert "Nothing to do today" in seen
    assert "Before surgery sent on Thursday 19 March 2026" in seen
    assert "Before treatment closed" in seen


def test_a_later_one_that_asks_the_same_offers_to_wait(client: FlaskClient, visitor: Invite, clock: Clock) -> None:
    clock.set(datetime(2026, 3, 29, 9, 0, tzinfo=UTC))
    surgery = TrialEvent("surgery", date(2026, 3, 30), actual=False)
    person = visitor("before_surgery", events=(surgery,))
    assert client.post(person.link).location == "/my"  # two are open: choose
    seen = words_of(client.get("/my").text)
    assert seen.count("This one may wait") == 1
    assert "You can do it from Sunday 5 April 2026" in seen


def test_choosing_a_language_is_remembered_and_leads_back(client: FlaskClient, signed_in: Invite) -> None:
    signed_in(language="en")
    answer = client.post("/language", data={"language": "nl", "next": "/my"})
    assert (answer.status_code, answer.location) == (303, "/my")
    assert "Mijn vragenlijsten" in words_of(client.get("/my").text)


@pytest.mark.parametrize("elsewhere", ["https://example.org/", "//example.org", "/\\example.org", "", "/a\nb"])
def test_the_language_switch_leads_nowhere_else(client: FlaskClient, elsewhere: str) -> None:
    assert client.post("/language", data={"language": "nl", "next": elsewhere}).location == "/"


def test_somebody_elses_questionnaire_is_not_there(client: FlaskClient, signed_in: Invite, patient: Invite) -> None:
    stranger = patient()
    signed_in()
    for path in (stranger.form, f"{stranger.form}/review"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert "There is nothing here" in words_of(answer.text)
    token = csrf(client)
    assert client.post(stranger.form, data={"csrf_token": token, "qlq-c30.q1": "2"}).status_code == 404
    assert client.post(f"{stranger.form}/review", data={"csrf_token": token}).status_code == 404
    assert stranger.answers("qlq-c30") == {}


def test_a_session_that_is_over(client: FlaskClient, signed_in: Invite, clock: Clock) -> None:
    person = signed_in()
    clock.advance(days=2)
    answer = client.get(person.form)
    assert answer.status_code == 401
    assert "Please sign in again" in words_of(answer.text)


def test_a_post_without_the_pages_own_token_is_refused(client: FlaskClient, signed_in: Invite) -> None:
    person = signed_in()
    assert client.post(person.form, data={"qlq-c30.q1": "2"}).status_code == 403
    assert person.answers("qlq-c30") == {}

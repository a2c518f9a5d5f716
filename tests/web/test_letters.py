"""The page for the code on a letter, and the page that sends a new link: kind, and silent about who exists."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from pro_service.domain.letters import Letter
from pro_service.domain.participants import Contact
from pro_service.services import letters
from tests.support import people
from tests.web.conftest import Visitor, words_of

Invite = Callable[..., Visitor]
BORN = Contact(email="jan@example.org", birth_year=1961)


@pytest.fixture
def jan(patient: Invite) -> Visitor:
    return patient(contact=BORN)


@pytest.fixture
def letter(jan: Visitor) -> Letter:
    with jan.runtime.work(people.everything) as w:
        (one,) = letters.write(w, study="scopes", base_url="https://pro.test")
    return one


def test_code_and_year_open_the_questionnaire(client: FlaskClient, jan: Visitor, letter: Letter) -> None:
    answer = client.post("/in", data={"code": letter.code.lower(), "birth_year": " 1961 "})
    assert (answer.status_code, answer.location) == (303, jan.form)
    assert client.get(jan.form).status_code == 200


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize(
    ("code", "year", "status"),
    [("28T-5CY-4TH", "1961", 401), ("28T-5CY-4TX", "1961", 422), ("", "", 422), ("28T-5CY-4TH", "61", 422)],
)
def test_what_is_wrong_is_said_kindly_and_the_code_is_kept(
    client: FlaskClient, language: str, code: str, year: str, status: int
) -> None:
    answer = client.post("/in", data={"code": code, "birth_year": year}, headers={"Accept-Language": language})
    assert answer.status_code == status
    assert 'role="alert"' in answer.text
    assert f'value="{code}"' in answer.text
    assert not year or f'value="{year}"' not in answer.text
    assert "/new-link" in answer.text
    assert "Set-Cookie" not in answer.headers


def test_a_code_that_exists_and_one_that_does_not_give_the_same_page(client: FlaskClient, letter: Letter) -> None:
    pages = {
        client.post("/in", data={"code": code, "birth_year": "1950"}).text.replace(code, "CODE")
        for code in (letter.code, "28T-5CY-4TH")
    }
    assert len(pages) == 1


def test_asking_for_a_link_answers_everybody_alike(client: FlaskClient, jan: Visitor) -> None:
    typed = ["jan@example.org", "nobody@example.org", jan.participant.code, "+31612345678", "x" * 300]
    answers = [client.post("/new-link", data={"who": one}) for one in typed]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert "on its way" in words_of(answers[0].text)
    assert client.post("/new-link", data={"who": " "}).status_code == 422


@pytest.mark.parametrize("path", ["/in", "/new-link"])
def test_too_many_attempts_from_one_address_wait(client: FlaskClient, path: str) -> None:
    statuses = {client.post(path, data={"code": "x", "birth_year": "1950"}).status_code for _ in range(61)}
    assert 429 in statuses

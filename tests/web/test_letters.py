"""The page for the code on a letter, and the page that sends a new link: kind, and silent about who exists."""

from __future__ import annotations

import re
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


YEARS = [" 1961 ", "1961.", "12-03-1961", "12/3/1961", "born 1961", "\uff11\uff19\uff16\uff11", "١٩٦١"]


def test_code_and_year_open_the_questionnaire(client: FlaskClient, jan: Visitor, letter: Letter) -> None:
    """In capitals or not, with or without spaces and hyphens; the year also within a date, and in other digits."""
    for year in YEARS:
        visitor = client.application.test_client()
        answer = visitor.post("/in", data={"code": letter.code.lower().replace("-", " . "), "birth_year": year})
        assert (answer.status_code, answer.location) == (303, jan.form), year
        assert visitor.get(jan.form).status_code == 200


# what is typed as code and as year; the status, and the fields at which something is said
SLIPS = [
    ("28T-5CY-4TH", "1961", 401, ("code", "year")),
    ("28T-5CY-4TX", "1961", 422, ("code",)),
    ("28T-5CY", "1961", 422, ("code",)),
    ("", "1961", 422, ("code",)),
    ("", "", 422, ("code", "year")),
    ("28T-5CY-4TX", "61", 422, ("code", "year")),
    ("28T-5CY-4TH", "61", 422, ("year",)),
    ("28T-5CY-4TH", "'61", 422, ("year",)),
    ("28T-5CY-4TH", "19612", 422, ("year",)),
    ("28T-5CY-4TH", "1961 or 1962", 422, ("year",)),
    ("28T-5CY-4TH", "12-03-61", 422, ("year",)),
    ("28T-5CY-4TH", "nineteen", 422, ("year",)),
]


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        ("en", ("do not go together", "has a typing error", "in four digits")),
        ("nl", ("horen niet bij elkaar", "een typefout", "met vier cijfers")),
    ],
)
def test_what_is_wrong_is_said_kindly_at_its_field_and_the_code_is_kept(
    client: FlaskClient, language: str, sentences: tuple[str, str, str]
) -> None:
    together, mistyped, four_digits = sentences
    for code, year, status, at in SLIPS:
        answer = client.post("/in", data={"code": code, "birth_year": year}, headers={"Accept-Language": language})
        assert answer.status_code == status
        said = words_of(answer.text)
        assert (together in said) is (status == 401)
        assert (mistyped in said) is (status == 422 and "code" in at)
        assert (four_digits in said) is (status == 422 and "year" in at)
        typed = fields(answer.text)
        assert {name for name, field in typed.items() if 'aria-invalid="true"' in field} == set(at)
        for name, field in typed.items():
            told = re.search(r'aria-describedby="([^" ]+-problem)', field)
            assert bool(told) is (name in at)
            assert not told or f'role="alert" id="{told[1]}"' in answer.text
        assert answer.text.count(" autofocus") == 1
        assert f'value="{code}"' in typed["code"]
        assert not year or year not in said.replace("1952", "") + typed["year"]
        assert "/new-link" in answer.text
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["Cache-Control"] == "no-store"


def fields(html: str) -> dict[str, str]:
    """The two fields of the form, as they are written."""
    found = re.findall(r'<input[^>]* id="(?:code|birth_year)"[^>]*>', html)
    return dict(zip(("code", "year"), found, strict=True))


def test_hostile_text_is_shown_as_text_and_cut(client: FlaskClient) -> None:
    typed = '"><script>alert(1)</script>' + "x" * 5000
    answer = client.post("/in", data={"code": typed, "birth_year": typed})
    assert (answer.status_code, "<script>alert" in answer.text, "x" * 100 in answer.text) == (422, False, False)


def test_a_form_of_another_site_signs_nobody_in(client: FlaskClient, letter: Letter) -> None:
    """Or a person could answer into a stranger's questionnaire without knowing."""
    right = {"code": letter.code, "birth_year": "1961"}
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.test"}):
        answer = client.post("/in", data=right, headers=headers)
        assert (answer.status_code, "Set-Cookie" in answer.headers) == (403, False)


def test_five_wrong_years_spoil_the_code_not_its_square(client: FlaskClient, jan: Visitor, letter: Letter) -> None:
    pages = set()
    for year in ("1950", "1951", "1952", "1953", "1954", "1961"):
        answer = client.post("/in", data={"code": letter.code, "birth_year": year})
        assert answer.status_code == 401
        pages.add(answer.text)
    assert len(pages) == 1  # the page does not say that the last was right
    assert client.post(letter.link.removeprefix("https://pro.test")).location == jan.form


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

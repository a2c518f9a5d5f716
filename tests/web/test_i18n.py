"""Every word of ours is in both languages, and no template says anything past the catalogues."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from pro_service.web import i18n

WEB = Path(str(i18n.FOLDER)).parent
TEMPLATES = sorted((WEB / "templates").rglob("*.html"))
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
LANGUAGES = ["en", "nl"]
PLACES = re.compile(r"%\(\w+\)s|\{\w+\}")
OURS = re.compile(r"(?s)\{% trans\b.*?\{% endtrans %\}|\{% block body_class %\}.*?\{% endblock %\}")
SILENT = re.compile(r"(?s)\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<[^>]*>|&\w+;")
SPOKEN_ATTRIBUTES = re.compile(r'\b(?:alt|aria-label|title|placeholder)="([^"]*)"')
RUN = "`pybabel extract` and `pybabel update`, as docs/how-to/translate-the-pages.md shows"


@cache
def said() -> frozenset[str | tuple[str, ...]]:
    """Every message of our code and templates."""
    found = extract_from_dir(str(WEB), method_map=METHODS)
    return frozenset(message for _, _, message, _, _ in found)


@cache
def catalogue(language: str) -> Catalog:
    """A catalogue as it stands in version control."""
    text = (WEB / "locale" / language / "LC_MESSAGES" / "web.po").read_bytes()
    return read_po(BytesIO(text), locale=language)


def messages(language: str) -> list[Message]:
    return [message for message in catalogue(language) if message.id]


def test_the_languages_are_those_that_have_a_folder() -> None:
    assert i18n.languages() == ("en", "nl")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_in_the_catalogue_and_nothing_else(language: str) -> None:
    kept = {message.id if isinstance(message.id, str) else tuple(message.id) for message in messages(language)}
    assert kept == said(), RUN


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_translated_with_its_places(language: str) -> None:
    for message in messages(language):
        originals, translations = _forms(message.id), _forms(message.string)
        assert all(translations), message.id
        assert not message.fuzzy, message.id
        places = set(PLACES.findall(originals[-1]))
        assert all(set(PLACES.findall(text)) <= places for text in translations), message.id
        assert set(PLACES.findall(translations[-1])) == places, message.id


def _forms(text: object) -> list[str]:
    """The singular and plural forms of a message; just itself where it has none."""
    return [str(form) for form in text] if isinstance(text, tuple | list) else [str(text or "")]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_says_anything_untranslated(path: Path) -> None:
    text = OURS.sub("", path.read_text())
    attributes = " ".join(SPOKEN_ATTRIBUTES.findall(text))
    assert not re.search(r"[A-Za-z]{2,}", SILENT.sub(" ", attributes)), path.name
    assert not re.search(r"[A-Za-z]{2,}", SILENT.sub(" ", re.sub(r"<!doctype html>", "", text))), path.name


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        (["nl"], "nl"),
        (["nl-BE"], "nl"),
        (["NL_nl"], "nl"),
        ([None, "fr", "nl"], "nl"),
        (["fr"], "en"),
        ([], "en"),
        ([""], "en"),
    ],
)
def test_the_first_language_we_speak_is_taken(wishes: list[str | None], expected: str) -> None:
    assert i18n.first_spoken(*wishes) == expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ({"en": "Pain", "nl": "Pijn"}, "nl", "Pijn"),
        ({"en": "Pain"}, "nl", "Pain"),
        ({"de": "Schmerz"}, "nl", "Schmerz"),
        ({}, "nl", ""),
    ],
)
def test_words_fall_back(text: dict[str, str], language: str, expected: str) -> None:
    assert i18n.words(text, language) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ({"en": "Pain", "nl": "Pijn"}, "Pijn"),
        ({"en": "Taxi", "nl": "Taxi"}, "Taxi"),
        ({"en": "<b>"}, '<span lang="en">&lt;b&gt;</span>'),
        ({"de": "Schmerz"}, '<span lang="de">Schmerz</span>'),
        ({}, ""),
    ],
)
def test_words_in_another_language_than_the_page_say_so(text: dict[str, str], expected: str) -> None:
    assert i18n.marked(text, "nl") == expected


@pytest.mark.parametrize(
    ("day", "language", "zone", "expected"),
    [
        (date(2026, 1, 19), "en", "UTC", "Monday 19 January 2026"),
        (date(2026, 1, 19), "nl", "UTC", "maandag 19 januari 2026"),
        (datetime(2026, 1, 18, 23, 0, tzinfo=UTC), "en", "Europe/Amsterdam", "Monday 19 January 2026"),
        (datetime(2026, 7, 18, 22, 0, tzinfo=UTC), "nl", "Europe/Amsterdam", "zondag 19 juli 2026"),
    ],
)
def test_days_are_those_of_the_persons_own_calendar(
    day: date | datetime, language: str, zone: str, expected: str
) -> None:
    assert i18n.long_date(day, language, zone) == expected

"""Words that may give away what somebody is treated for, each with its line; SCOPES says none of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pro_service.studies.discretion import hints
from pro_service.studies.reader import shipped

GOOD = (Path(__file__).parent / "good.yaml").read_text()
BODY = 'body: "Start {link} before {closes_on}"'


def test_the_study_that_ships_says_nothing_of_health() -> None:
    text, path = shipped("scopes")
    assert hints(text, file=path) == ()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Start {link}", []),
        ("How is your pain? {link}", ["'pain', a word of health"]),
        ("After your treatments: {link}", ["'treatments', a word of health"]),
        (
            "Sarcomas and extremities {link}",
            ["'sarcomas', a word of health", "'extremities', a word of the trial's title"],
        ),
        ("A short course {link}", []),
        ("{link} {closes_on} {minutes}", []),
    ],
)
def test_a_telling_word_is_pointed_out_with_its_place(words: str, expected: list[str]) -> None:
    text = GOOD.replace("A tiny study", "A short course for sarcomas of extremities").replace(BODY, f'body: "{words}"')
    found = hints(text, file="study.yaml")
    assert [str(hint).partition("says ")[2].partition(" or strata")[0].partition(":")[0] for hint in found] == expected
    for hint in found:
        assert (hint.file, hint.line, hint.field) == ("study.yaml", 67, "messages.invitation.en.body")


def test_a_file_that_is_no_study_has_no_hints() -> None:
    assert hints("a: 1", file="x.yaml") == ()

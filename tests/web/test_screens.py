"""From a questionnaire and answers to what a page shows."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from pro_service.domain.instruments import Answer, Condition, Instrument, Item, Option
from pro_service.web.patient import screens

YES_NO = (Option(0, {"en": "No", "nl": "Nee"}), Option(1, {"en": "Yes", "nl": "Ja"}))
SAMPLE = Instrument(
    code="sample",
    version="1",
    title={"en": "Sample", "nl": "Voorbeeld"},
    items=(
        Item("care", "yes_no", {"en": "Care", "nl": "Zorg"}, options=YES_NO),
        Item(
            "hours",
            "number",
            {"en": "Hours"},
            minimum=0,
            maximum=168,
            unit={"en": "hours", "nl": "uren"},
            shown_if=Condition("care", (1,)),
        ),
        Item("today", "vas", {"en": "Today"}, minimum=0, maximum=100, skippable=False, recall={"en": "today"}),
    ),
    scales=(),
    recall={"en": "past week", "nl": "afgelopen week"},
    owner="us",
    licence="ours",
    sources={},
    verified=True,
)


@dataclass(frozen=True)
class Filled:
    answers: dict[str, Answer] = field(default_factory=dict)
    instrument: Instrument = SAMPLE
    revision: int = 3


@pytest.mark.parametrize(
    ("answers", "shown", "current"),
    [
        ({}, ["care", "today"], "care"),
        ({"care": 0}, ["care", "today"], "today"),
        ({"care": 1}, ["care", "hours", "today"], "hours"),
        ({"care": "declined"}, ["care", "today"], "today"),
        ({"care": 1, "hours": 2.5, "today": 0}, ["care", "hours", "today"], "today"),
    ],
)
def test_which_questions_are_asked_and_where_to_go_on(
    answers: dict[str, Answer], shown: list[str], current: str
) -> None:
    parts = screens.parts([Filled(answers)], "en")
    assert [question.item for question in screens.shown(parts)] == shown
    found = screens.current(parts)
    assert found
    assert found.item == current


def test_a_form_without_questions_has_no_current_one() -> None:
    assert screens.current(()) is None


def test_a_question_in_the_persons_language() -> None:
    (part,) = screens.parts([Filled({"care": 1, "hours": 2.0})], "nl")
    care, hours, today = part.questions
    assert (part.title, part.language, part.revision, part.placeholder) == ("Voorbeeld", "nl", 3, True)
    assert (care.label, care.recall, [choice.label for choice in care.choices]) == (
        "Zorg",
        "afgelopen week",
        ["Nee", "Ja"],
    )
    assert (hours.value, hours.typed, hours.unit, hours.maximum) == ("2", "2", "uren", "168")
    assert (hours.shown_if, hours.shown_if_codes) == ("sample.care", "1")
    assert (hours.asked_after, hours.asked_for) == ("Zorg", "“Ja”")
    assert (today.recall, today.skippable, today.answered) == ("today", False, False)


def test_a_word_is_not_shown_in_the_field() -> None:
    (part,) = screens.parts([Filled({"care": 1, "hours": "declined"})], "en")
    assert (part.questions[1].value, part.questions[1].typed) == ("declined", "")


def test_what_was_typed_is_shown_again_with_what_is_wrong_with_it() -> None:
    (part,) = screens.parts([Filled()], "en", typed={"sample.today": "104"}, problems={"sample.today": "too much"})
    assert (part.questions[2].value, part.questions[2].problem) == ("104", "too much")


@pytest.mark.parametrize(
    ("low", "high", "numbers"),
    [
        (0, 100, "100 90 80 70 60 50 40 30 20 10 0"),
        (0, 10, "10 9 8 7 6 5 4 3 2 1 0"),
        (1, 10, "10 9 8 7 6 5 4 3 2 1"),
        (-3, 3, "3 2 1 0 -1 -2 -3"),
        (0, 36, "36 32 28 24 20 16 12 8 4 0"),
        (0, 13, "13 0"),
    ],
)
def test_the_numbers_beside_a_scale_stand_at_even_distances(low: float, high: float, numbers: str) -> None:
    assert screens.marks(Item("ease", "vas", {"en": "Ease"}, minimum=low, maximum=high)) == tuple(numbers.split())
    assert screens.marks(Item("ease", "count", {"en": "Ease"}, minimum=low, maximum=high)) == ()


@pytest.mark.parametrize(("page", "shown"), [("nl", "nl"), ("en", "en"), ("ar", "en")])
def test_the_language_that_the_words_are_really_in(page: str, shown: str) -> None:
    (part,) = screens.parts([Filled()], page)
    assert part.language == shown

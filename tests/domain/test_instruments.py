"""What an item allows, what a form shows, and what is still open in it."""

from __future__ import annotations

import pytest

from pro_service.domain.instruments import (
    Answer,
    Condition,
    Instrument,
    Item,
    Option,
    accepts,
    check_answers,
    missing_items,
    unknown_items,
    visible,
)

LABEL = {"en": "A topic of ours"}
FOUR = tuple(Option(code, {"en": str(code)}) for code in (1, 2, 3, 4))
YES_NO = (Option(1, {"en": "Yes"}), Option(0, {"en": "No"}))
CHOICE = Item("choice", "choice", LABEL, options=FOUR)
NA_CHOICE = Item("na_choice", "choice", LABEL, options=FOUR, allows_na=True)
MUST = Item("must", "choice", LABEL, options=FOUR, skippable=False)
GATE = Item("gate", "yes_no", LABEL, options=YES_NO)
COUNT = Item("count", "count", LABEL, minimum=0, maximum=92, shown_if=Condition("gate", (1,)))
HOURS = Item("hours", "number", LABEL, minimum=0.5, maximum=24, shown_if=Condition("count", (1, 2)))
RULER = Item("ruler", "vas", LABEL, minimum=0, maximum=100)
WORDS = Item("words", "text", LABEL, maximum=5)
DAY = Item("day", "date", LABEL)
FORM = Instrument(
    code="form", version="1", title=LABEL, items=(CHOICE, NA_CHOICE, MUST, GATE, COUNT, HOURS, RULER, WORDS, DAY),
    scales=(), recall={}, owner="us", licence="ours", sources={"1": "here"}, verified=True,
)  # fmt: skip

ACCEPTED: list[tuple[Item, Answer, bool]] = [
    (CHOICE, 1, True), (CHOICE, 4, True), (CHOICE, 0, False), (CHOICE, 5, False), (CHOICE, 2.0, False),
    (CHOICE, "2", False), (CHOICE, True, False), (CHOICE, "na", False), (CHOICE, "declined", True),
    (CHOICE, "NA", False), (CHOICE, float("nan"), False),
    (NA_CHOICE, "na", True), (NA_CHOICE, 3, True), (MUST, "declined", False), (MUST, 1, True),
    (GATE, 0, True), (GATE, 1, True), (GATE, False, False), (GATE, 2, False),
    (COUNT, 0, True), (COUNT, 92, True), (COUNT, 93, False), (COUNT, -1, False), (COUNT, 1.5, False),
    (COUNT, 10**400, False),
    (HOURS, 0.5, True), (HOURS, 7, True), (HOURS, 24.01, False), (HOURS, float("inf"), False),
    (HOURS, float("nan"), False), (HOURS, "7", False),
    (RULER, 0, True), (RULER, 100, True), (RULER, 101, False), (RULER, 55.5, False),
    (WORDS, "fever", True), (WORDS, "", True), (WORDS, "sixsix", False), (WORDS, 5, False), (WORDS, "a\x00b", False),
    (WORDS, "\ud800", False), (WORDS, "é€😀", True),
    (DAY, "2026-02-28", True), (DAY, "2026-02-29", False), (DAY, "20260228", False), (DAY, "28-02-2026", False),
    (DAY, 20260228, False), (DAY, "", False), (DAY, "declined", True),
]  # fmt: skip


@pytest.mark.parametrize(("item", "answer", "allowed"), ACCEPTED, ids=lambda value: getattr(value, "code", "")[:9])
def test_an_item_accepts_what_it_says(item: Item, answer: Answer, allowed: bool) -> None:
    assert accepts(item, answer) is allowed
    assert (check_answers(FORM, {item.code: answer}) == ()) is allowed


def test_every_problem_is_told_and_none_repeats_an_answer() -> None:
    problems = check_answers(FORM, {"choice": 777, "na_choice": 777, "elsewhere": 777, "ruler": 777, "day": "777"})
    assert [str(problem) for problem in problems] == [
        "choice: expected one of 1, 2, 3, 4",
        "na_choice: expected one of 1, 2, 3, 4, or na",
        "elsewhere: no such item in form",
        "ruler: expected a whole number from 0 to 100",
        "day: expected a date as YYYY-MM-DD, from 1900 to 2199",
    ]


def test_taking_an_answer_back_is_fine() -> None:
    assert check_answers(FORM, {"choice": None, "must": None}) == ()


def test_items_of_another_form_are_told_apart() -> None:
    assert unknown_items(FORM, {"choice": 1, "q31": 2, "gate": None, "q32": None}) == ("q31", "q32")


ALWAYS = ["choice", "na_choice", "must", "gate", "ruler", "words", "day"]
SHOWN: list[tuple[dict[str, Answer], list[str]]] = [
    ({}, []),
    ({"gate": 0}, []),
    ({"gate": 1}, ["count"]),
    ({"gate": 1, "count": 2}, ["count", "hours"]),
    ({"gate": 1, "count": 3}, ["count"]),
    ({"gate": 0, "count": 2}, []),  # the follow-up of a hidden item is hidden too
    ({"gate": "declined", "count": 2}, []),
]


@pytest.mark.parametrize(("answers", "extra"), SHOWN)
def test_a_follow_up_shows_only_behind_its_gate(answers: dict[str, Answer], extra: list[str]) -> None:
    assert {item.code for item in visible(FORM, answers)} == {*ALWAYS, *extra}


def test_na_and_declined_are_answers_and_hidden_items_are_not_open() -> None:
    answers: dict[str, Answer] = {"choice": "declined", "na_choice": "na", "must": 1, "gate": 0, "words": ""}
    assert missing_items(FORM, answers) == ("ruler", "day")
    assert missing_items(FORM, {**answers, "gate": 1, "ruler": 0, "day": "2026-01-12"}) == ("count",)

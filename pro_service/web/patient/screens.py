"""From questionnaires and answers to what one page shows. Pure: nothing here reads a request or a database."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pro_service.domain.instruments import (
    DECLINED,
    NA,
    YEARS,
    Answer,
    Answers,
    Instrument,
    Item,
    ends,
    longest,
    visible,
)
from pro_service.domain.wording import PLACEHOLDER, shown_as
from pro_service.web.i18n import FALLBACK, words

MOST_PARTS = 10
"""Into how many parts the numbers beside a scale divide it at most."""


class Filled(Protocol):
    """One questionnaire of an assessment with the answers so far."""

    @property
    def instrument(self) -> Instrument: ...
    @property
    def answers(self) -> Answers: ...
    @property
    def revision(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Choice:
    """One radio button."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Question:
    """One screen. `name` is its field in the form; `value` what the field holds, "" when open."""

    name: str
    item: str
    kind: str
    label: str
    recall: str
    choices: tuple[Choice, ...]
    minimum: str
    maximum: str
    unit: str
    low_end: str
    high_end: str
    marks: tuple[str, ...]
    allows_na: bool
    skippable: bool
    value: str
    shown_if: str
    shown_if_codes: str
    asked_after: str
    asked_for: str
    shown: bool
    problem: str = ""

    @property
    def answered(self) -> bool:
        """Was something said, be it "not applicable" or "I would rather not answer"?"""
        return self.value != ""

    @property
    def typed(self) -> str:
        """What the field to type in holds; a word such as "na" belongs to the boxes beside it."""
        return "" if self.value in (NA, DECLINED) else self.value


@dataclass(frozen=True, slots=True)
class Part:
    """One questionnaire with its questions in order."""

    code: str
    title: str
    language: str
    recall: str
    revision: int
    placeholder: bool
    questions: tuple[Question, ...]


def parts(
    filled: Sequence[Filled],
    language: str,
    *,
    typed: Mapping[str, str] | None = None,
    problems: Mapping[str, str] | None = None,
) -> tuple[Part, ...]:
    """Every questionnaire in order. `typed` are raw words to show again, `problems` what was wrong with them."""
    return tuple(_part(each, language, typed or {}, problems or {}) for each in filled)


def _part(filled: Filled, language: str, typed: Mapping[str, str], problems: Mapping[str, str]) -> Part:
    instrument = filled.instrument
    asked = {item.code for item in visible(instrument, filled.answers)}
    return Part(
        code=instrument.code,
        title=words(instrument.title, language),
        language=shown_in(instrument, language),
        recall=words(instrument.recall, language),
        revision=filled.revision,
        placeholder=shown_as(instrument, language) == PLACEHOLDER,
        questions=tuple(
            _question(filled, item, language, shown=item.code in asked, typed=typed, problems=problems)
            for item in instrument.items
        ),
    )


def _question(
    filled: Filled,
    item: Item,
    language: str,
    *,
    shown: bool,
    typed: Mapping[str, str],
    problems: Mapping[str, str],
) -> Question:
    name = field_name(filled.instrument, item)
    condition = item.shown_if
    gate = filled.instrument.item(condition.item) if condition else None
    low, high = bounds(item)
    low_end, high_end = ends(item, language)
    return Question(
        name=name,
        item=item.code,
        kind=item.kind,
        label=words(item.label, language),
        recall=words(item.recall or filled.instrument.recall, language),
        choices=tuple(Choice(str(option.code), words(option.label, language)) for option in item.options),
        minimum=low,
        maximum=high,
        unit=words(item.unit, language),
        low_end=low_end,
        high_end=high_end,
        marks=marks(item),
        allows_na=item.allows_na,
        skippable=item.skippable,
        value=typed.get(name, plain(filled.answers.get(item.code))),
        shown_if=field_name(filled.instrument, gate) if gate else "",
        shown_if_codes=" ".join(map(str, condition.codes)) if condition else "",
        asked_after=words(gate.label, language) if gate else "",
        asked_for=_answers(gate, condition.codes, language) if gate and condition else "",
        shown=shown,
        problem=problems.get(name, ""),
    )


def _answers(gate: Item, codes: Collection[int], language: str) -> str:
    """The answers to a question after which another one is asked, in words."""
    return ", ".join(f"“{words(option.label, language)}”" for option in gate.options if option.code in codes)


def shown_in(instrument: Instrument, language: str) -> str:
    """The language its words are shown in on a page of that language: another one where it does not come in that."""
    return next((code for code in (language, FALLBACK) if code in instrument.title), next(iter(instrument.title)))


def field_name(instrument: Instrument, item: Item) -> str:
    """The name of an item's field on the page: unique among all questionnaires of the page."""
    return f"{instrument.code}.{item.code}"


def bounds(item: Item) -> tuple[str, str]:
    """The least and the most an answer may be, as its field has them; for a text its length, for a date its days."""
    if item.kind == "text":
        return "", str(longest(item))
    if item.kind == "date":
        return f"{YEARS[0]}-01-01", f"{YEARS[-1]}-12-31"
    return plain(item.minimum), plain(item.maximum)


def marks(item: Item) -> tuple[str, ...]:
    """The numbers beside a scale from top to bottom: eleven, or the most below that which stand at even distances."""
    if item.kind != "vas" or item.minimum is None or item.maximum is None:
        return ()
    low, high = math.ceil(item.minimum), math.floor(item.maximum)
    step = next((high - low) // parts for parts in range(MOST_PARTS, 0, -1) if (high - low) % parts == 0)
    return tuple(str(mark) for mark in range(high, low - 1, -step)) if step else ()


def plain(value: Answer | None) -> str:
    """A number or word as a person types it: 3, 2.5; empty for nothing."""
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def shown(every: Iterable[Part]) -> tuple[Question, ...]:
    """The questions that are asked, in order."""
    return tuple(question for part in every for question in part.questions if question.shown)


def left_open(part: Part) -> tuple[Question, ...]:
    """The questions of one questionnaire that are asked and have no answer, in order."""
    return tuple(question for question in part.questions if question.shown and not question.answered)


def current(every: Sequence[Part]) -> Question | None:
    """Where to go on: the first question without an answer, else the last one; None for a form without questions."""
    asked = shown(every)
    return next((question for question in asked if not question.answered), asked[-1] if asked else None)

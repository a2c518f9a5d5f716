"""What a questionnaire is: items, the answers they allow, and the scales made of them.

An answer is an integer code, a number, a text (free text or an ISO date), or one of two words: `NA` (not applicable,
where the item allows it) and `DECLINED` (the person chose not to answer; counts as missing when scored). An item
without an answer is absent from the answers. Texts are mappings from language code ("en", "nl") to words.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from pro_service.domain.errors import Problem
from pro_service.domain.interpretation import Difference, Reading, Reference, Threshold

NA = "na"
DECLINED = "declined"

LONGEST_TEXT = 2000
"""Characters a free text may have unless its item says otherwise (`maximum`)."""

YEARS = range(1900, 2200)
"""A date of any other year is a slip of the finger: no life that is asked about here reaches there."""

Answer = int | float | str
Answers = Mapping[str, Answer]
Text = Mapping[str, str]
Permission = Literal["free", "registration", "agreement", "fee"]
Kind = Literal["choice", "yes_no", "count", "number", "vas", "text", "date"]


@dataclass(frozen=True, slots=True)
class Option:
    """One answer of a choice item: the code that is stored and scored, and its words."""

    code: int
    label: Text


YES_NO = (Option(1, {"en": "Yes", "nl": "Ja"}), Option(0, {"en": "No", "nl": "Nee"}))
"""A yes/no item is stored as 1 or 0."""


@dataclass(frozen=True, slots=True)
class Condition:
    """An item of the same form answered with one of these codes: show another only then, or look at it at once."""

    item: str
    codes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LookAlike:
    """Another questionnaire or edition with the same item codes, told by the highest code that these items have there.

    `instead` is the catalogue's code for it; empty where it has none.
    """

    name: str
    items: tuple[str, ...]
    highest: int
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One question. `minimum` and `maximum` bound numbers (inclusive); `options` list the codes of a choice.

    `low_end` and `high_end` say what the ends of a scale (`vas`) mean; `also` lists other names that a column of its
    answers may have in a file.
    """

    code: str
    kind: Kind
    label: Text
    options: tuple[Option, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    unit: Text = field(default_factory=dict)
    low_end: Text = field(default_factory=dict)
    high_end: Text = field(default_factory=dict)
    allows_na: bool = False
    skippable: bool = True
    shown_if: Condition | None = None
    recall: Text = field(default_factory=dict)
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scale:
    """One number made of items by a named scoring method; `params` are that method's own."""

    code: str
    label: Text
    method: str
    items: tuple[str, ...]
    params: Mapping[str, object] = field(default_factory=dict)
    higher_is: Literal["better", "worse", "more", "neither"] = "better"
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True)
class Instrument:
    """A questionnaire as data. `version` names the definition; it is stored with every answer and score.

    `permission` says in a word what it takes to show its wording, `licence` in a sentence. `sources` has a key each,
    which the numbers of interpretation refer to. `safety` lists the answers somebody should look at without delay.
    `wordings` holds, by language, the hash of the wording pack that its words there come from.
    """

    code: str
    version: str
    title: Text
    items: tuple[Item, ...]
    scales: tuple[Scale, ...]
    recall: Text
    owner: str
    licence: str
    sources: Mapping[str, str]
    verified: bool
    value_sets: tuple[str, ...] = ()
    respondent: Literal["patient", "clinician"] = "patient"
    placeholder_wording: bool = True
    permission: Permission = "agreement"
    differences: tuple[Difference, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    references: tuple[Reference, ...] = ()
    safety: tuple[Condition, ...] = ()
    look_alikes: tuple[LookAlike, ...] = ()
    wordings: Mapping[str, str] = field(default_factory=dict)

    @property
    def readings(self) -> tuple[Reading, ...]:
        """Every number that helps to read its scales."""
        return (*self.differences, *self.thresholds, *self.references)

    def item(self, code: str) -> Item:
        """The item of that code; KeyError where there is none."""
        for item in self.items:
            if item.code == code:
                return item
        raise KeyError(code)


def allowed_codes(item: Item) -> tuple[int, ...]:
    """The codes of a choice or yes/no item, in the order shown; empty for every other kind."""
    return tuple(option.code for option in item.options)


def ends(item: Item, language: str) -> tuple[str, str]:
    """What the low and the high end of a scale mean, in that language, else in English, else in any.

    Empty where there are no such words, or where those in that language came without.
    """
    low, high = (_end(text, language) for text in (item.low_end, item.high_end))
    return low, high


def scales_without_ends(instrument: Instrument) -> tuple[str, ...]:
    """Items set on a line of which nobody is told what its ends mean."""
    return tuple(item.code for item in instrument.items if item.kind == "vas" and not item.low_end)


def _end(text: Text, language: str) -> str:
    return text[language] if language in text else text.get("en") or next(iter(text.values()), "")


def accepts(item: Item, answer: Answer) -> bool:
    """May this item be answered so? A number in words, a fraction of a code or a truth value never is."""
    if type(answer) is int and item.kind in {"choice", "yes_no"}:
        return answer in [option.code for option in item.options]  # runs for every answer: twice as fast as any(...)
    if isinstance(answer, str):
        return _accepts_text(item, answer)
    if isinstance(answer, bool) or item.kind in {"choice", "yes_no", "text", "date"}:
        return False
    return (item.kind == "number" or isinstance(answer, int)) and _within(item, answer)


def longest(item: Item) -> int:
    """How many characters a free text may have."""
    return LONGEST_TEXT if item.maximum is None else int(item.maximum)


def expectation(item: Item) -> str:
    """What an answer to this item may be, in words fit for an error message."""
    if item.kind in {"choice", "yes_no"}:
        words = f"one of {', '.join(map(str, allowed_codes(item)))}"
    elif item.kind == "text":
        words = f"a text of at most {longest(item)} characters"
    elif item.kind == "date":
        words = f"a date as YYYY-MM-DD, from {YEARS[0]} to {YEARS[-1]}"
    else:
        words = f"a {'number' if item.kind == 'number' else 'whole number'} from {item.minimum:g} to {item.maximum:g}"
    return f"{words}, or {NA}" if item.allows_na else words


def unknown_items(instrument: Instrument, answers: Mapping[str, Answer | None]) -> tuple[str, ...]:
    """Codes in the answers that are no item of the instrument, in the order given."""
    known = {item.code for item in instrument.items}
    return tuple(code for code in answers if code not in known)


def check_answers(instrument: Instrument, answers: Mapping[str, Answer | None]) -> tuple[Problem, ...]:
    """What is wrong with these answers, item by item; empty when nothing is. None (take the answer back) is fine.

    Unknown items are problems too; `unknown_items` tells them apart. No problem ever repeats an answer.
    """
    items = {item.code: item for item in instrument.items}
    problems = []
    for code, answer in answers.items():
        item = items.get(code)
        if item is None:
            problems.append(Problem(f"no such item in {instrument.code}", field=code))
        elif answer is not None and not accepts(item, answer):
            problems.append(Problem(f"expected {expectation(item)}", field=code))
    return tuple(problems)


def visible(instrument: Instrument, answers: Mapping[str, Answer | None]) -> tuple[Item, ...]:
    """The items to show given the answers so far. A follow-up of a hidden item is hidden as well."""
    shown: dict[str, Item] = {}
    for item in instrument.items:
        condition = item.shown_if
        if condition is None or (condition.item in shown and answers.get(condition.item) in condition.codes):
            shown[item.code] = item
    return tuple(shown.values())


def missing_items(instrument: Instrument, answers: Mapping[str, Answer | None]) -> tuple[str, ...]:
    """Items that are shown and still without any answer: `na` and `declined` are answers, a hidden item is none."""
    return tuple(item.code for item in visible(instrument, answers) if answers.get(item.code) is None)


def _within(item: Item, answer: float) -> bool:
    # comparing never overflows, whatever whole number a client sends, and is false for NaN
    lowest = -math.inf if item.minimum is None else item.minimum
    highest = math.inf if item.maximum is None else item.maximum
    return lowest <= answer <= highest and -math.inf < answer < math.inf


def _accepts_text(item: Item, answer: str) -> bool:
    if item.kind == "text":
        # PostgreSQL's jsonb holds neither NUL nor half a surrogate pair
        storable = "\x00" not in answer and not any("\ud800" <= letter <= "\udfff" for letter in answer)
        return storable and len(answer) <= longest(item)
    if answer in {NA, DECLINED}:
        return item.allows_na if answer == NA else item.skippable
    try:
        on = date.fromisoformat(answer) if item.kind == "date" else None
    except ValueError:
        return False
    return on is not None and on.isoformat() == answer and on.year in YEARS

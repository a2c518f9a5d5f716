"""What a questionnaire is: items, the answers they allow, and the scales made of them.

An answer is an integer code, a number, a text (free text or an ISO date), or one of two words: `NA` (not applicable,
where the item allows it) and `DECLINED` (the person chose not to answer; counts as missing when scored). An item
without an answer is absent from the answers. Texts are mappings from language code ("en", "nl") to words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

NA = "na"
DECLINED = "declined"

Answer = int | float | str
Answers = Mapping[str, Answer]
Text = Mapping[str, str]
Kind = Literal["choice", "yes_no", "count", "number", "vas", "text", "date"]


@dataclass(frozen=True, slots=True)
class Option:
    """One answer of a choice item: the code that is stored and scored, and its words."""

    code: int
    label: Text


@dataclass(frozen=True, slots=True)
class Condition:
    """Show an item only when another item of the same form was answered with one of these codes."""

    item: str
    codes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One question. `minimum` and `maximum` bound numbers (inclusive); `options` list the codes of a choice."""

    code: str
    kind: Kind
    label: Text
    options: tuple[Option, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    unit: Text = field(default_factory=dict)
    allows_na: bool = False
    skippable: bool = True
    shown_if: Condition | None = None
    recall: Text = field(default_factory=dict)


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
    """A questionnaire as data. `version` names the definition; it is stored with every answer and score."""

    code: str
    version: str
    title: Text
    items: tuple[Item, ...]
    scales: tuple[Scale, ...]
    recall: Text
    owner: str
    licence: str
    sources: tuple[str, ...]
    verified: bool
    value_sets: tuple[str, ...] = ()
    respondent: Literal["patient", "clinician"] = "patient"
    placeholder_wording: bool = True

    def item(self, code: str) -> Item:
        """The item of that code; KeyError where there is none."""
        return next_by_code(self.items, code)


def next_by_code(items: tuple[Item, ...], code: str) -> Item:
    for item in items:
        if item.code == code:
            return item
    raise KeyError(code)

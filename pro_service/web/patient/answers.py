"""From a posted long form to drafts: what was answered, what cannot be an answer, and the words to show again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pro_service.domain.instruments import Answer, Item, accepts, longest, visible
from pro_service.domain.responses import Draft
from pro_service.web.pages import gettext
from pro_service.web.patient.screens import Filled, field_name, plain, shown_in

WORD = ":word"
REVISION = ":revision"
NUMBERS = ("count", "number", "vas")
NUMBER = re.compile(r"[+-]?[0-9]{1,15}([.,][0-9]{1,15})?")
THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}([., '’\u00a0\u202f][0-9]{3})+")
"""A thousand and more in one country, one and a bit in another: we ask rather than guess."""

HIGHEST_REVISION = 2**31 - 1


@dataclass(slots=True)
class Posted:
    """`drafts` by instrument; `problems` and `typed` by field name."""

    drafts: dict[str, Draft] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    typed: dict[str, str] = field(default_factory=dict)


def read(filled: Sequence[Filled], posted: Mapping[str, str], language: str) -> Posted:
    """Everything the form brought. Fields it does not know are ignored, fields it did not bring are left alone."""
    found = Posted()
    for each in filled:
        answers = _read_one(each, posted, found)
        changed = {item: answer for item, answer in answers.items() if answer != each.answers.get(item)}
        code = each.instrument.code
        if changed:
            revision = _revision(posted.get(code + REVISION, ""))
            found.drafts[code] = Draft(changed, revision, language=shown_in(each.instrument, language))
    return found


def _read_one(filled: Filled, posted: Mapping[str, str], found: Posted) -> dict[str, Answer | None]:
    answers: dict[str, Answer | None] = {}
    for item in filled.instrument.items:
        name = field_name(filled.instrument, item)
        if name not in posted and name + WORD not in posted:
            continue
        typed = posted.get(name + WORD) or _as_typed(posted.get(name, ""))
        problem, answer = _understand(item, typed)
        if problem or typed != plain(filled.answers.get(item.code)):
            found.typed[name] = typed
        if problem:
            found.problems[name] = problem
        else:
            answers[item.code] = answer
    return _only_asked(filled, answers, found)


def _as_typed(words: str) -> str:
    """Lines end as the field ends them; NUL, which no database holds, falls away, as in question.js."""
    return words.replace("\r\n", "\n").replace("\x00", "").strip()


def _only_asked(filled: Filled, answers: dict[str, Answer | None], found: Posted) -> dict[str, Answer | None]:
    """Without answers to questions that do not follow; where the gate is still open, ask for it at the field."""
    now = {**filled.answers, **answers}
    asked = {item.code for item in visible(filled.instrument, now)}
    for item in filled.instrument.items:
        gate = item.shown_if.item if item.shown_if else ""
        given = answers.get(item.code) is not None
        if gate and given and item.code not in asked and now.get(gate) is None:
            found.problems[field_name(filled.instrument, item)] = gettext(
                "This question follows from another one above. Please answer that one first, or leave this one empty."
            )
    return {item: answer for item, answer in answers.items() if item in asked}


def _understand(item: Item, typed: str) -> tuple[str, Answer | None]:
    """What is wrong, or the answer; None for an empty field."""
    if typed == "":
        return "", None
    answer: Answer = typed
    if item.kind not in ("text", "date") and NUMBER.fullmatch(typed) and not THOUSANDS.fullmatch(typed):
        number = float(typed.replace(",", "."))
        answer = int(number) if number.is_integer() else number
    return ("", answer) if accepts(item, answer) else (_expected(item, answer), None)


def _expected(item: Item, answer: Answer) -> str:
    if item.kind == "text" and isinstance(answer, str) and len(answer) > longest(item):
        return _filled_in(
            gettext("Please say it in at most {most} characters. These are {now}."), most=longest(item), now=len(answer)
        )
    if item.kind == "date":
        return gettext("Please enter a whole date, with a year of four digits.")
    if item.kind not in NUMBERS:
        return gettext("This answer could not be saved. Please look at it again.")
    if isinstance(answer, str):
        return _no_number(answer)
    if item.kind != "number" and not isinstance(answer, int):
        return gettext("Please enter a whole number.")
    sentence = gettext("Please enter a number from {low} to {high}.")
    return _filled_in(sentence, low=plain(item.minimum), high=plain(item.maximum))


def _no_number(typed: str) -> str:
    if THOUSANDS.fullmatch(typed):
        return gettext("Please enter the number without a point, comma or space between the thousands.")
    return gettext("Please enter a number.")


def _filled_in(sentence: str, **values: str | int) -> str:
    """The sentence with {n} and the like filled in, as the script does it."""
    for name, value in values.items():
        sentence = sentence.replace(f"{{{name}}}", str(value))
    return sentence


def _revision(typed: str) -> int:
    return min(int(typed), HIGHEST_REVISION) if typed.isascii() and typed.isdigit() else 0

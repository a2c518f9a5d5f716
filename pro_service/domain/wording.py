"""Wording packs: the words of one questionnaire in one language, as its owner licensed them, and nothing but words.

What is asked, in which order, with which answers and when stays with the definition. A pack is held against it item by
item, so that no slip of an editor can add a rule, drop a question or turn the answers around. Its hash is made of the
words alone: a licence that is prolonged leaves it as it was, one changed letter does not.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from pro_service.domain.errors import InvalidWording, Problem
from pro_service.domain.instruments import Instrument, Item, Option, allowed_codes

PLACEHOLDER = "placeholder"
"""What a response says of its wording where our own topic labels were shown."""

DEFINITION = "definition"
"""The same where the words came with the definition itself."""

NEVER = "never"
LONGEST = 4000
ABOUT = ("instrument", "version", "language", "title", "recall", "owner", "licence", "expires_on")
OF_ITEM = ("item", "item_recall", "unit", "low_end", "high_end", "option")
ENDS = ("low_end", "high_end")
_NEEDED = tuple(name for name in ABOUT if name != "recall")
LANGUAGE = re.compile(r"[a-z]{2}(-[A-Z]{2})?")


@dataclass(frozen=True, slots=True)
class Entry:
    """One text of a file, whatever its format: what it is, of which item and option, and the line or row it is on."""

    what: str
    text: str
    line: int
    item: str = ""
    option: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """The words of one answer."""

    code: int
    label: str


@dataclass(frozen=True, slots=True)
class Question:
    """The words of one item; `recall`, `unit` and the ends of a scale are empty where the item has none of its own."""

    code: str
    text: str
    recall: str = ""
    unit: str = ""
    options: tuple[Choice, ...] = ()
    low_end: str = ""
    high_end: str = ""
    line: int = field(default=0, compare=False)

    @property
    def row(self) -> list[object]:
        """It as a stored document has it. Ends are there where it has some, so that a pack without keeps its hash."""
        ends = [[self.low_end, self.high_end]] if self.low_end or self.high_end else []
        return [self.code, self.text, self.recall, self.unit, [[one.code, one.label] for one in self.options], *ends]


@dataclass(frozen=True, slots=True)
class Pack:
    """The words of one version of a questionnaire in one language. `expires_on` is the licence's last day, if any."""

    instrument: str
    version: str
    language: str
    title: str
    recall: str
    owner: str
    licence: str
    expires_on: date | None
    items: tuple[Question, ...]

    @property
    def document(self) -> str:
        """The words as text, always the same for the same words: what is stored, and hashed."""
        items = [question.row for question in self.items]
        about = {name: getattr(self, name) for name in ("instrument", "version", "language", "title", "recall")}
        return json.dumps({**about, "items": items}, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @property
    def sha256(self) -> str:
        """The hash of the words: what a response and a data cut carry."""
        return hashlib.sha256(self.document.encode()).hexdigest()

    def valid(self, on: date) -> bool:
        """May these words be shown on that day?"""
        return self.expires_on is None or on <= self.expires_on


def from_document(document: str, *, owner: str, licence: str, expires_on: date | None) -> Pack:
    """The pack that was stored so."""
    held = json.loads(document)
    items = tuple(
        Question(code, text, recall, unit, tuple(Choice(*option) for option in options), *(ends[0] if ends else ()))
        for code, text, recall, unit, options, *ends in held.pop("items")
    )
    return Pack(**held, owner=owner, licence=licence, expires_on=expires_on, items=items)


def told(entries: Sequence[Entry], about: Mapping[str, str]) -> tuple[Entry, ...]:
    """The texts of a file with those of its head that somebody said beside it, in place of the file's own."""
    return (*(Entry(what, text, 1) for what, text in about.items()), *(e for e in entries if e.what not in about))


def assembled(entries: Sequence[Entry], *, file: str) -> Pack:
    """The pack that the texts of a file make. Raises InvalidWording with everything that is wrong with its form."""
    about: dict[str, Entry] = {}
    problems: list[Problem] = []
    for one in entries:
        if one.what in about:
            problems.append(Problem("is there twice", one.what, file, one.line))
        elif one.what in ABOUT:
            about[one.what] = one
        message = _fault(one)
        if message:
            problems.append(Problem(message, _name(one), file, one.line))
    problems += [Problem("expected a text, nothing is there", name, file, 1) for name in _NEEDED if name not in about]
    questions, wrong = _questions(entries, file)
    problems += wrong
    if problems:
        raise InvalidWording(f"{file} cannot be used", problems=sorted(problems, key=lambda one: one.line))
    said = {name: clean(about[name].text) if name in about else "" for name in ABOUT}
    until = said.pop("expires_on")
    return Pack(**said, expires_on=None if until == NEVER else date.fromisoformat(until), items=questions)


def clean(text: str) -> str:
    """The same words in one spelling: composed letters, and no white space around them or doubled within."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def check(pack: Pack, instrument: Instrument, *, file: str) -> tuple[Problem, ...]:
    """Where a pack departs from the definition: what is missing, extra or in another order. Empty where nowhere."""
    found: list[Problem] = []
    if pack.version != instrument.version:
        found.append(Problem(f"expected {instrument.version}, the version of the definition", "version", file, 1))
    if instrument.recall and not pack.recall:
        found.append(Problem("expected a text: the questionnaire has a recall period", "recall", file, 1))
    items = {item.code: item for item in instrument.items}
    found += _order(pack, instrument, file)
    for question in pack.items:
        if question.code in items:
            found += [Problem(message, question.code, file, question.line) for message in _of(question, items)]
    return tuple(found)


def worded(instrument: Instrument, packs: Mapping[str, Pack]) -> Instrument:
    """The questionnaire in the words of these packs, one for each language; whatever else it is stays."""
    for language, pack in packs.items():
        asked = {question.code: question for question in pack.items}
        instrument = replace(
            instrument,
            title=_with(instrument.title, language, pack.title),
            recall=_with(instrument.recall, language, pack.recall),
            items=tuple(_worded(item, asked[item.code], language) for item in instrument.items),
            wordings={**instrument.wordings, language: pack.sha256},
        )
    return instrument


def shown_as(instrument: Instrument, language: str) -> str:
    """The hash of the words that somebody who reads this language is shown; or PLACEHOLDER, or DEFINITION."""
    own = PLACEHOLDER if instrument.placeholder_wording else DEFINITION
    return instrument.wordings.get(language, own)


def _name(one: Entry) -> str:
    return " ".join(part for part in (one.what, one.item, one.option) if part)


def _fault(one: Entry) -> str:
    """What is wrong with one text taken alone; empty where nothing is."""
    if one.what not in (*ABOUT, *OF_ITEM):
        return f"a pack holds words only: expected one of {', '.join((*ABOUT, *OF_ITEM))}; logic is the definition's"
    text = clean(one.text)
    if not text or len(text) > LONGEST:
        return f"expected a text of 1 to {LONGEST} characters"
    if any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in text):
        return "expected words, without control characters"
    if one.what == "language" and not LANGUAGE.fullmatch(text):
        return "expected a language such as nl or pt-BR"
    if one.what == "expires_on" and not _is_end(text):
        return f"expected a date as YYYY-MM-DD, or {NEVER}"
    return ""


def _is_end(text: str) -> bool:
    try:
        return text == NEVER or date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _questions(entries: Sequence[Entry], file: str) -> tuple[tuple[Question, ...], list[Problem]]:
    """The items in the order in which the file first asks them, and what cannot be placed."""
    found: dict[str, Question] = {}
    problems: list[Problem] = []
    for one in entries:
        if one.what not in OF_ITEM:
            continue
        known, text = found.get(one.item), clean(one.text)
        if one.what == "item" and known is None:
            found[one.item] = Question(one.item, text, line=one.line)
        elif one.what == "item" or known is None:
            message = "is there twice" if known else "expected the text of its item before it"
            problems.append(Problem(message, _name(one), file, one.line))
        elif one.what != "option":
            said: dict[str, Any] = {"recall" if one.what == "item_recall" else one.what: text}
            found[one.item] = replace(known, **said)
        elif re.fullmatch(r"-?\d{1,6}", one.option):
            found[one.item] = replace(known, options=(*known.options, Choice(int(one.option), text)))
        else:
            problems.append(Problem("expected the code of the option, a whole number", _name(one), file, one.line))
    return tuple(found.values()), problems


def _order(pack: Pack, instrument: Instrument, file: str) -> Iterator[Problem]:
    """Items that are missing or extra; where none is, the first that stands in another place."""
    expected, given = [item.code for item in instrument.items], {question.code: question for question in pack.items}
    name = f"{instrument.code} {instrument.version}"
    extra = [code for code in given if code not in expected]
    missing = [code for code in expected if code not in given]
    for code in extra:
        yield Problem(f"no such item in {name}", code, file, given[code].line)
    for code in missing:
        yield Problem(f"is missing: {name} asks {len(expected)} items", code, file, 1)
    if not extra and not missing:
        for code, place in zip(given, expected, strict=True):
            if code != place:
                yield Problem(f"expected {place} here: items keep their order", code, file, given[code].line)
                return


def _of(question: Question, items: Mapping[str, Item]) -> Iterator[str]:
    """Where one item departs from its definition."""
    item = items[question.code]
    codes, given = allowed_codes(item), tuple(option.code for option in question.options)
    if given != codes:
        wanted = f"options {', '.join(map(str, codes))} in this order" if codes else "no options"
        yield f"expected {wanted}; found {', '.join(map(str, given)) or 'none'}"
    if item.recall and not question.recall:
        yield "expected an item_recall: the item has a recall period of its own"
    if question.recall and not item.recall:
        yield "expected no item_recall: the item has the questionnaire's"
    if question.unit and not item.unit:
        yield "expected no unit: the item has none"
    given_ends = [name for name in ENDS if getattr(question, name)]
    if given_ends and item.kind != "vas":
        yield f"expected no {' and no '.join(given_ends)}: the item is no scale with two ends"
    elif len(given_ends) < len(ENDS) and (item.low_end or given_ends):
        lacking = " and a ".join(name for name in ENDS if name not in given_ends)
        yield f"expected a {lacking}: what the ends of its scale mean"


def _worded(item: Item, question: Question, language: str) -> Item:
    labels = {option.code: option.label for option in question.options}
    return replace(
        item,
        label=_with(item.label, language, question.text),
        recall=_with(item.recall, language, question.recall),
        unit=_with(item.unit, language, question.unit),
        low_end=_ending(item.low_end, language, question.low_end),
        high_end=_ending(item.high_end, language, question.high_end),
        options=tuple(
            Option(option.code, _with(option.label, language, labels[option.code])) for option in item.options
        ),
    )


def _ending(text: Mapping[str, str], language: str, words: str) -> Mapping[str, str]:
    """A pack of before its definition had such words shows none: topics of ours never stand among an owner's words."""
    return {**text, language: words} if text or words else text


def _with(text: Mapping[str, str], language: str, words: str) -> Mapping[str, str]:
    return {**text, language: words} if words else text

"""A questionnaire of another system on its way to being one of ours, question by question.

Whoever reads the other system's file says what a row asks; here it becomes items. What cannot be carried is noted with
its row; logic that cannot is a problem, because people would be asked something else, unless it is to be left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import groupby
from typing import Literal

from pro_service.domain import form_logic
from pro_service.domain.errors import InvalidInstrument, Problem
from pro_service.domain.fhir_import import MOST, Imported
from pro_service.domain.form_logic import Known
from pro_service.domain.instruments import YES_NO, Condition, Instrument, Item, Kind, Option, Text

_BOUNDED = frozenset({"count", "number", "vas"})
_INTEGER = re.compile(r"-?[0-9]{1,9}")
_NO_LETTER = re.compile(r"[^A-Za-z0-9_]")
_MARKUP = re.compile(r"</?[A-Za-z][^>]*>|&#?[A-Za-z0-9]+;")
_PIPED = re.compile(r"\$\{[^}]+\}|\[[a-z][a-z0-9_:()-]*\]")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a row asks. `options` are the other system's names of the answers with their words; `logic` must all hold.

    Of `several` answers each becomes a question of its own, which is answered with yes or no. `ends` say what the low
    and the high end of a line mean.
    """

    row: int
    name: str
    kind: Kind | Literal["several"]
    label: Text
    options: tuple[tuple[str, Text], ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    required: bool = False
    logic: tuple[str, ...] = ()
    ends: tuple[Text, Text] | tuple[()] = ()


@dataclass(frozen=True, slots=True)
class Title:
    """What the file says of the questionnaire as a whole; what is empty gets a stand-in."""

    code: str
    title: Text
    source: str
    version: str = ""


@dataclass(slots=True)
class Draft:
    """The items so far, with what was noted and what stands in the way.

    `joint` parts a question from its answer in the name of a column, and so does `aside` in the other system's files.
    """

    file: str
    joint: str
    without_logic: bool = False
    aside: str = ""
    notes: list[tuple[int, str]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    items: dict[str, Item] = field(default_factory=dict)
    questions: dict[tuple[str, str], Known] = field(default_factory=dict)
    stand_ins: dict[str, list[int]] = field(default_factory=dict)  # language -> rows where it stands in for English

    def note(self, row: int, name: str, why: str) -> None:
        """Something about a row that is not carried, or had to be assumed; what was said already is not said again."""
        said = (row, f"{name}: {why}" if name else why)
        if said not in self.notes[-50:]:
            self.notes.append(said)

    def wrong(self, row: int, name: str, why: str) -> None:
        """Something that makes the questionnaire impossible to carry."""
        self.problems.append(Problem(why, field=name, file=self.file, line=row))

    def lost(self, row: int, name: str, why: str) -> None:
        """Logic that cannot be carried: a problem, unless logic is to be left out."""
        if self.without_logic:
            self.note(row, name, f"{why}; left out as you said")
        else:
            self.wrong(row, name, why)

    def unused(self, rows: Mapping[str, Sequence[int]]) -> None:
        """Columns that are not carried, each with the rows that have something in it."""
        for column, numbers in rows.items():
            if numbers:
                self.note(0, "", f"column {column} is not carried ({_rows(numbers)})")

    def take(self, asked: Asked) -> None:
        """Make items of what a row asks."""
        shown_if, label = self._gate(asked), self._words(asked, asked.label)
        if asked.kind != "several":
            code = self._add(asked, asked.kind, asked.name, label, shown_if)
            if asked.kind == "yes_no":
                self.questions[asked.name, ""] = Known(code, {1: "1", 0: "0"})
            return
        if not asked.options:
            self.wrong(asked.row, asked.name, "expected at least one answer")
        self.note(asked.row, asked.name, "several answers: each became a question of its own, answered yes or no")
        for part, words in asked.options:
            said = self._words(asked, words or {"en": part})
            own = {language: f"{text}: {said.get(language, said['en'])}" for language, text in label.items()}
            aside = (f"{asked.name}{self.aside}{part}",) if self.aside else ()
            column = f"{asked.name}{self.joint}{_NO_LETTER.sub('_', part)}"
            code = self._add(asked, "yes_no", column, own, shown_if, aside=aside)
            self.questions[asked.name, part] = Known(code, {1: "1", 0: "0"}, blank="0")

    def finished(self, about: Title) -> Imported:
        """The questionnaire; InvalidInstrument with everything that stands in the way."""
        if not self.items and not self.problems:
            self.wrong(1, "", "expected at least one question")
        if self.problems:
            raise InvalidInstrument(f"{self.file} cannot be carried over", problems=self.problems)
        self.note(0, "owner, licence, recall", "nothing is said; stand-ins were written, put yours in their place")
        if not about.version:
            self.note(0, "version", "nothing is said; 1 was written")
        for language, rows in self.stand_ins.items():
            self.note(0, "", f"words in {language} stand in for English ({_rows(sorted(set(rows)))})")
        instrument = Instrument(
            code=_slug(about.code),
            version=about.version or "1",
            title=about.title if "en" in about.title else {"en": next(iter(about.title.values())), **about.title},
            items=tuple(self.items.values()),
            scales=(),
            recall={"en": "not stated"},
            owner="not stated",
            licence="not stated",
            sources={"import": about.source},
            verified=False,
            placeholder_wording=False,
        )
        ordered = sorted(self.notes, key=lambda note: note[0])  # what is about all of it comes first
        return Imported(instrument, tuple(f"row {row}: {words}" if row else words for row, words in ordered))

    def _add(
        self,
        asked: Asked,
        kind: Kind,
        name: str,
        label: Text,
        shown_if: Condition | None,
        *,
        aside: tuple[str, ...] = (),
    ) -> str:
        code = self._column(asked.row, name)
        options = self._options(asked, code) if kind == "choice" else (YES_NO if kind == "yes_no" else ())
        lowest, highest = self._bounds(asked, kind)
        low_end, high_end = [self._words(asked, words) for words in asked.ends] or ({}, {})
        self.items[code] = Item(
            code=code,
            kind=kind,
            label=label,
            options=options,
            minimum=lowest,
            maximum=highest,
            low_end=low_end,
            high_end=high_end,
            skippable=not asked.required,
            shown_if=shown_if,
            also=(*(() if code == name else (name,)), *aside),
        )
        return code

    def _column(self, row: int, name: str) -> str:
        """A name that can name a column stays; any other becomes an alias of one that can."""
        code = _NO_LETTER.sub("_", name)
        code = code if code[:1].isalpha() and code[:1].isascii() else f"q_{code}"
        if code != name:
            self.note(row, name, f"cannot name a column; its code is {code}")
        if code in self.items:
            self.wrong(row, name, "is there twice")
        return code

    def _options(self, asked: Asked, code: str) -> tuple[Option, ...]:
        """Whole numbers stay the codes they are; where one answer has no such number, all are counted from 1."""
        names = [name for name, _ in asked.options]
        whole = all(_INTEGER.fullmatch(name) for name in names)
        codes = [int(name) if whole else place for place, name in enumerate(names, start=1)]
        if not whole:
            stored = ", ".join(f"{name} as {number}" for name, number in zip(names, codes, strict=True))
            self.note(asked.row, asked.name, f"answers without a whole number are stored by their place: {stored}")
        if not codes:
            self.wrong(asked.row, asked.name, "expected at least one answer")
        if len(set(codes)) < len(codes) or len(set(names)) < len(names):
            self.wrong(asked.row, asked.name, "two answers have the same code")
        self.questions[asked.name, ""] = Known(code, dict(zip(codes, names, strict=True)))
        return tuple(
            Option(number, self._words(asked, words or {"en": name}))
            for number, (name, words) in zip(codes, asked.options, strict=True)
        )

    def _gate(self, asked: Asked) -> Condition | None:
        if not asked.logic:
            return None
        try:
            each = tuple(form_logic.parsed(text) for text in asked.logic)
            return form_logic.gate(form_logic.Joined(each, every=True), self.questions, self.items)
        except ValueError as why:
            self.lost(asked.row, asked.name, f"its logic, {' and '.join(asked.logic)}, cannot be carried: {why}")
        return None

    def _bounds(self, asked: Asked, kind: Kind) -> tuple[float | None, float | None]:
        lowest, highest = asked.minimum, asked.maximum
        if kind not in _BOUNDED:
            return None, highest if kind == "text" else None
        if lowest is None or highest is None:
            lowest = 0.0 if lowest is None else lowest
            highest = float(MOST) if highest is None else highest
            self.note(asked.row, asked.name, f"bounds are missing; {lowest:g} to {highest:g} was written")
        if lowest >= highest:
            self.wrong(asked.row, asked.name, "expected a smallest answer below the largest")
        return lowest, highest

    def _words(self, asked: Asked, words: Text) -> Text:
        """Words without their formatting; English is needed, so another language stands in where there is none."""
        plain = {language: _plain(text) for language, text in words.items() if _plain(text)}
        if any(_MARKUP.search(text) for text in words.values()):
            self.note(asked.row, asked.name, "the formatting of its text is not carried")
        if any(_PIPED.search(text) for text in plain.values()):
            self.note(asked.row, asked.name, "its text names another field, which stands there as written")
        if not plain:
            self.note(asked.row, asked.name, "it has no words; its name stands in for them")
            return {"en": asked.name}
        if "en" in plain:
            return plain
        first = next(iter(plain))
        self.stand_ins.setdefault(first, []).append(asked.row)
        return {"en": plain[first], **plain}


def _plain(text: str) -> str:
    return " ".join((_Text.of(text) if _MARKUP.search(text) else text).split())


class _Text(HTMLParser):
    """The text between tags."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    @classmethod
    def of(cls, markup: str) -> str:
        """What is read; a break is a space."""
        page = cls()
        page.feed(markup)
        page.close()
        return "".join(page.parts)

    def handle_data(self, data: str) -> None:
        """A piece of text."""
        self.parts.append(data)

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002  # as HTMLParser calls it
        """A break, or the beginning of a paragraph, parts words."""
        if tag in {"br", "p", "div", "li", "tr", "td"}:
            self.parts.append(" ")


def _slug(name: str) -> str:
    """A code of ours: small letters, digits and hyphens, with a letter in front."""
    code = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return (code if code[:1].isalpha() else f"q-{code}")[:40].strip("-")


def _rows(numbers: Sequence[int]) -> str:
    """Row numbers in words, neighbours together: rows 2-4, 7."""
    runs = []
    for _, run in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        row = [number for _, number in run]
        runs.append(str(row[0]) if len(row) == 1 else f"{row[0]}-{row[-1]}")
    return f"row{'s' if len(numbers) > 1 else ''} {', '.join(runs)}"

"""An XLSForm (Kobo, ODK, SurveyCTO) read as a questionnaire of ours, in all its languages.

Groups are opened up: their items stand in one row, each under the conditions of the groups around it. What nobody is
asked (calculations, notes, what a phone records by itself) is left out and noted; a group that repeats is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Literal

from pro_service.domain.fhir_import import Imported
from pro_service.domain.form_draft import Asked, Draft, Title
from pro_service.domain.instruments import Kind, Text

Cells = Mapping[tuple[str, str], str]
"""The cells of a row that are not empty, by column and, of words in several languages, the language as it is named."""

Row = tuple[int, Cells]
"""The number of a row in its sheet, and its cells."""

_KINDS: Mapping[str, Kind | Literal["several"]] = {
    "integer": "count",
    "int": "count",
    "decimal": "number",
    "range": "number",
    "text": "text",
    "string": "text",
    "date": "date",
}
_SELECT = re.compile(r"select[ _](one|multiple) (\S+)(?: (or[_ ]other))?")
_GROUP = re.compile(r"(begin|end)[ _](group|repeat)")
_USED = frozenset({"type", "name", "label", "hint", "required", "relevant", "constraint", "parameters", "disabled",
                   "choice_filter"})  # fmt: skip
_LEFT_OUT: Mapping[str, str] = {
    "note": "a text without a question is not carried",
    "calculate": "a calculation is not asked: declare a scale for it",
    **dict.fromkeys(("start", "end", "today", "deviceid", "username", "phonenumber", "email", "simserial",
                     "subscriberid", "audit", "start-geopoint", "hidden"), "nobody is asked for it"),
    **dict.fromkeys(("time", "datetime", "geopoint", "geotrace", "geoshape", "image", "audio", "video", "file",
                     "barcode", "acknowledge", "trigger", "rank", "select_one_from_file", "select_multiple_from_file",
                     "background-audio", "xml-external", "csv-external"), "it cannot be asked for here"),
}  # fmt: skip
_ALIASES: Mapping[str, str] = {"relevance": "relevant", "caption": "label", "list name": "list_name", "value": "name",
                               "calculate": "calculation"}  # fmt: skip
_LANGUAGES: Mapping[str, str] = {
    "english": "en", "dutch": "nl", "nederlands": "nl", "german": "de", "deutsch": "de", "french": "fr",
    "français": "fr", "spanish": "es", "español": "es", "italian": "it", "italiano": "it", "portuguese": "pt",
    "português": "pt", "turkish": "tr", "türkçe": "tr", "arabic": "ar", "polish": "pl", "polski": "pl",
}  # fmt: skip
_BOUND = re.compile(r"\.\s*(>=|<=|>|<)\s*(-?[0-9]{1,12}(?:\.[0-9]+)?)")
_LENGTH = re.compile(r"string-length\(\s*\.\s*\)\s*<=\s*([0-9]{1,6})")
_TRUE = frozenset({"yes", "true", "true()", "1", "y"})
_OTHER: Text = {"en": "Other", "nl": "Anders"}
_SPECIFY: Text = {"en": "Which other?", "nl": "Welke andere?"}


def is_survey(header: Sequence[str]) -> bool:
    """Are these the columns of a survey sheet?"""
    return {("type", ""), ("name", "")} <= set(map(_heading, header))


def rows_of(header: Sequence[str], cells: Sequence[tuple[int, Sequence[str]]]) -> tuple[Row, ...]:
    """The rows of a sheet, those that are empty left out."""
    headings = [_heading(name) for name in header]
    rows = (
        (number, {heading: cell.strip() for heading, cell in zip(headings, row, strict=False) if cell.strip()})
        for number, row in cells
    )
    return tuple((number, row) for number, row in rows if row)


def instrument_of(
    survey: Sequence[Row],
    choices: Sequence[Row],
    settings: Sequence[Row],
    *,
    file: str,
    language: str = "en",
    without_logic: bool = False,
) -> Imported:
    """The form of a workbook. InvalidInstrument with every problem where it cannot be carried."""
    about = {column: cell for _, row in settings[:1] for (column, _), cell in row.items()}
    said = about.pop("default_language", "")
    reading = _Reading(Draft(file, "_", without_logic, aside="/"), (_language(said) if said else "") or language)
    reading.list_choices(choices)
    for number, cells in survey:
        reading.take(number, cells)
    reading.end()
    name = PurePath(file).stem
    title, code = about.pop("form_title", ""), about.pop("form_id", "")
    version = about.pop("version", "")
    for column in about:
        reading.draft.note(0, "settings", f"column {column} is not carried")
    words = {reading.language: title or code or name}
    return reading.draft.finished(Title(code or title or name, words, f"the XLSForm {file}", version))


def _heading(cell: str) -> tuple[str, str]:
    """`label::Nederlands (nl)` is the column label in a language."""
    column, _, said = cell.strip().replace("::", ":").partition(":")
    column = column.strip().lower()
    return _ALIASES.get(column, column), said.strip()


def _language(said: str) -> str:
    """The code of a language as a column names it, such as `Nederlands (nl)`, `nl` or `Dutch`; empty where unknown."""
    coded = re.search(r"\(([A-Za-z]{2})(?:[-_][A-Za-z]+)?\)", said) or re.fullmatch(r"([A-Za-z]{2})", said)
    return coded[1].lower() if coded else _LANGUAGES.get(said.lower(), "")


@dataclass(slots=True)
class _Reading:
    """One form on its way in; `language` is that of words whose column names none."""

    draft: Draft
    language: str
    lists: dict[str, list[tuple[str, Text]]] = field(default_factory=dict)
    around: list[tuple[int, str, str]] = field(default_factory=list)  # of each open group: row, name, condition
    unused: dict[str, list[int]] = field(default_factory=dict)

    def list_choices(self, rows: Sequence[Row]) -> None:
        """The lists of answers."""
        for row, cells in rows:
            name, code = cells.get(("list_name", ""), ""), cells.get(("name", ""), "")
            if not name or not code:
                self.draft.wrong(row, "choices", "expected a list_name and a name")
            self.lists.setdefault(name, []).append((code, self._text(row, cells, "label")))
            for column, _ in cells:
                if column not in {"list_name", "name", "label"}:
                    self.unused.setdefault(f"{column} of the choices", []).append(row)

    def take(self, row: int, cells: Cells) -> None:
        """One row of the survey."""
        said, name = cells.get(("type", ""), ""), cells.get(("name", ""), "")
        kind = " ".join(said.split())
        if cells.get(("disabled", ""), "").lower() in _TRUE:
            self.draft.note(row, name, "left out: it is disabled")
        elif group := _GROUP.fullmatch(kind.lower()):
            self._group(row, name, cells, begins=group[1] == "begin", repeats=group[2] == "repeat")
        elif kind.lower() in _LEFT_OUT or kind.lower().split(" ")[0] in _LEFT_OUT:
            self.draft.note(row, name or said, f"left out: {_LEFT_OUT[kind.lower().split(' ')[0]]}")
        elif not name:
            self.draft.wrong(row, said, "expected a name")
        else:
            self._ask(row, name, kind, cells)

    def end(self) -> None:
        """After the last row."""
        for row, name, _ in self.around:
            self.draft.wrong(row, name, "this group does not end")
        self.draft.unused(self.unused)

    def _group(self, row: int, name: str, cells: Cells, *, begins: bool, repeats: bool) -> None:
        if not begins:
            if self.around:
                self.around.pop()
            else:
                self.draft.wrong(row, name, "there is no group to end")
            return
        self.around.append((row, name, cells.get(("relevant", ""), "")))
        if repeats:
            self.draft.wrong(row, name, "a group that repeats cannot be carried")
        if any(column == "label" for column, _ in cells):
            self.draft.note(row, name, "the heading of a group is not carried")

    def _ask(self, row: int, name: str, kind: str, cells: Cells) -> None:
        chosen = _SELECT.fullmatch(kind)
        taken = ("choice" if chosen[1] == "one" else "several") if chosen else _KINDS.get(kind.lower())
        if taken is None:
            known = ", ".join(("select_one LIST", "select_multiple LIST", *_KINDS, *_LEFT_OUT))
            self.draft.wrong(row, name, f"type {kind}: expected one of {known}")
            return
        for column, _ in cells:
            if column not in _USED:
                self.unused.setdefault(column, []).append(row)
        options, other = self._options(row, name, chosen) if chosen else ((), "")
        lowest, highest = self._bounds(row, name, taken, cells)
        ends: tuple[Text, Text] | tuple[()] = ()
        if kind.lower() == "range":
            parameters = cells.get(("parameters", ""), "")
            taken, lowest, highest = self._range(row, name, parameters)
            ends = self._ends(row, name, parameters, (lowest, highest) if taken == "vas" else ())
        logic = tuple(filter(None, (*(each for _, _, each in self.around), cells.get(("relevant", ""), ""))))
        if ("choice_filter", "") in cells:
            self.draft.lost(row, name, "its choice_filter, which decides what answers are shown, cannot be carried")
        self.draft.take(
            Asked(row, name, taken, self._label(row, cells), options, lowest, highest, self._required(row, name, cells),
                  logic, ends)
        )  # fmt: skip
        if other:
            self.draft.take(Asked(row, f"{name}_other", "text", _SPECIFY, logic=(f"selected(${{{name}}}, '{other}')",)))

    def _options(self, row: int, name: str, chosen: re.Match[str]) -> tuple[tuple[tuple[str, Text], ...], str]:
        """The answers of a list; and the one that asks for another answer in words, if there is one."""
        if chosen[2] not in self.lists:
            self.draft.wrong(row, name, f"there is no list {chosen[2]} among the choices")
        options = tuple(self.lists.get(chosen[2], ()))
        if not chosen[3]:
            return options, ""
        numbers = [int(code) for code, _ in options if re.fullmatch(r"-?[0-9]{1,9}", code)]
        other = str(max(numbers) + 1) if numbers and len(numbers) == len(options) else "other"
        return (*options, (other, _OTHER)), other

    def _range(self, row: int, name: str, parameters: str) -> tuple[Kind, float, float]:
        given = dict(re.findall(r"(\w+)\s*=\s*(-?[0-9]{1,9}(?:\.[0-9]{1,9})?)", parameters))
        lowest, highest, step = (
            float(given.get(part, usual)) for part, usual in (("start", 1), ("end", 10), ("step", 1))
        )
        if step == 1 and lowest.is_integer() and highest.is_integer():
            return "vas", lowest, highest
        self.draft.note(row, name, f"its step of {step:g} is not carried: any number between its ends is taken")
        return "number", lowest, highest

    def _ends(self, row: int, name: str, parameters: str, bounds: tuple[float, ...]) -> tuple[Text, Text] | tuple[()]:
        """The labels of the first and the last tick; ours has no words between them, nor at one end alone."""
        said = re.search(r"\btick_labelset\s*=\s*([^\s;,]+)", parameters)
        ticks = dict(self.lists.get(said[1], ())) if said else {}
        if said and not ticks:
            self.draft.wrong(row, name, f"there is no list {said[1]} among the choices")
        ends = [ticks.get(f"{bound:g}", {}) for bound in bounds]
        carried = {f"{bound:g}" for bound in bounds} if ends and all(ends) else set()
        others = [code for code in ticks if code not in carried]
        if others:
            self.draft.note(row, name, f"the words beside its ticks {', '.join(others)} are not carried")
        return (ends[0], ends[1]) if carried else ()

    def _bounds(self, row: int, name: str, kind: str, cells: Cells) -> tuple[float | None, float | None]:
        """The ends of a simple constraint: `. >= 0 and . <= 10`, or of a text `string-length(.) <= 100`."""
        constraint = cells.get(("constraint", ""), "")
        lowest: float | None = None
        highest: float | None = None
        for part in filter(None, re.split(r"\s+and\s+", constraint)):
            bare = part.strip().removeprefix("(").removesuffix(")").strip()
            bound, length = _BOUND.fullmatch(bare), _LENGTH.fullmatch(part.strip())
            if length and kind == "text":
                highest = float(length[1])
            elif bound and kind in {"count", "number"}:
                edge = float(bound[2]) + (kind == "count") * {">": 1, "<": -1}.get(bound[1], 0)
                lowest, highest = (edge, highest) if bound[1].startswith(">") else (lowest, edge)
                if kind == "number" and len(bound[1]) == 1:
                    self.draft.note(row, name, f"{bound[2]} itself is taken too")
            else:
                self.draft.note(row, name, f"its constraint, {part.strip()}, is not carried")
        return lowest, highest

    def _required(self, row: int, name: str, cells: Cells) -> bool:
        said = cells.get(("required", ""), "").lower()
        if said and said not in _TRUE and said not in {"no", "false", "false()", "0", "n"}:
            self.draft.note(row, name, "whether it is required depends on other answers, which is not carried")
        return said in _TRUE

    def _label(self, row: int, cells: Cells) -> Text:
        """The words of a question, with its hint in brackets."""
        label, hint = self._text(row, cells, "label"), self._text(row, cells, "hint")
        alone = sorted(hint.keys() - label.keys()) if label else []
        if alone:
            self.draft.note(row, "", f"hint in {', '.join(alone)}, where there is no label, is not carried")
        return {
            each: f"{text} ({hint[each]})".strip() if each in hint else text
            for each, text in (label or dict.fromkeys(hint, "")).items()
        }

    def _text(self, row: int, cells: Cells, column: str) -> Text:
        found = {}
        for (name, said), words in cells.items():
            if name != column:
                continue
            language = _language(said) if said else self.language
            if language:
                found[language] = words
            else:
                self.unused.setdefault(f"{column}::{said}, whose language has no code such as (nl),", []).append(row)
        return found

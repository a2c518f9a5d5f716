"""A REDCap data dictionary read as a questionnaire of ours: one form of it, a row for each field.

Fields that nobody is asked (calculations, texts between questions, hidden fields, files) are left out and noted, and so
is a field that would hold somebody's identity: here people are codes, and no questionnaire asks who they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pro_service.domain.errors import InvalidInstrument
from pro_service.domain.fhir_import import Imported
from pro_service.domain.form_draft import Asked, Draft, Title
from pro_service.domain.instruments import Kind, Text

Row = tuple[int, Mapping[str, str]]
"""The number of a row in its file, and its cells by the name of their column."""

COLUMNS: Mapping[str, str] = {
    "variable / field name": "field_name",
    "form name": "form_name",
    "section header": "section_header",
    "field type": "field_type",
    "field label": "field_label",
    "choices, calculations, or slider labels": "select_choices_or_calculations",
    "field note": "field_note",
    "text validation type or show slider number": "text_validation_type_or_show_slider_number",
    "text validation min": "text_validation_min",
    "text validation max": "text_validation_max",
    "identifier?": "identifier",
    "branching logic (show field only if...)": "branching_logic",
    "required field?": "required_field",
    "custom alignment": "custom_alignment",
    "question number (surveys only)": "question_number",
    "matrix group name": "matrix_group_name",
    "matrix ranking?": "matrix_ranking",
    "field annotation": "field_annotation",
}
"""The columns as a downloaded dictionary heads them, and as the program interface does."""

_CHOICES = "select_choices_or_calculations"
_VALIDATION = "text_validation_type_or_show_slider_number"
_NEEDED = ("field_name", "form_name", "field_type", "field_label")
_USED = frozenset({*_NEEDED, _CHOICES, _VALIDATION, "field_note", "text_validation_min", "text_validation_max",
                   "identifier", "branching_logic", "required_field", "field_annotation"})  # fmt: skip
_LEFT_OUT: Mapping[str, str] = {
    "calc": "a calculation is not asked: declare a scale for it",
    "descriptive": "a text without a question is not carried",
    "file": "a file cannot be asked for here",
    "signature": "a signature cannot be asked for here",
    "sql": "answers out of a query cannot be carried",
}
_KINDS: Mapping[str, Kind | Literal["several"]] = {
    "radio": "choice",
    "dropdown": "choice",
    "truefalse": "choice",
    "checkbox": "several",
    "yesno": "yes_no",
    "slider": "vas",
    "notes": "text",
    "text": "text",
}
_VALIDATED: Mapping[str, Kind] = {"integer": "count", "number": "number", "date_": "date"}
"""How a validation begins, and what it makes of a text."""

_BOUNDED = frozenset({"count", "number", "vas"})
_NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]+)?")
_TRUE_FALSE = (("1", {"en": "True", "nl": "Waar"}), ("0", {"en": "False", "nl": "Onwaar"}))
_HIDDEN = re.compile(r"@HIDDEN(-SURVEY)?\b")
_RECORD = re.compile(r"(.*_)?(id|record)", re.IGNORECASE)


def is_dictionary(header: Sequence[str]) -> bool:
    """Are these the columns of a data dictionary?"""
    return {"field_name", "form_name", "field_type"} <= set(map(_column, header))


def rows_of(header: Sequence[str], cells: Sequence[tuple[int, Sequence[str]]]) -> tuple[Row, ...]:
    """Each row that is not empty by the columns' short names."""
    names = [_column(name) for name in header]
    return tuple(
        (number, {name: cell.strip() for name, cell in zip(names, row, strict=False)})
        for number, row in cells
        if any(cell.strip() for cell in row)
    )


def forms_in(rows: Sequence[Row]) -> tuple[str, ...]:
    """The forms of a dictionary, in order."""
    return tuple(dict.fromkeys(cells.get("form_name", "") for _, cells in rows))


def instrument_of(
    rows: Sequence[Row], *, form: str, file: str, language: str = "en", without_logic: bool = False
) -> Imported:
    """One form of a dictionary. InvalidInstrument with every problem where it cannot be carried."""
    if not any(cells.get("form_name") == form for _, cells in rows):
        named = ", ".join(forms_in(rows)) or "none"
        raise InvalidInstrument(f"{file} has no form {form}: there are {named}")
    reading = _Reading(Draft(file, "___", without_logic), language, first=rows[0][0])
    for number, cells in rows:
        if cells.get("form_name") == form:
            reading.take(number, cells)
    reading.draft.unused(reading.unused)
    title = form.replace("_", " ").strip().capitalize() or "Questionnaire"
    return reading.draft.finished(Title(form, {language: title}, f"form {form} of the REDCap dictionary {file}"))


def _column(name: str) -> str:
    plain = " ".join(name.lower().split())
    return COLUMNS.get(plain, plain)


@dataclass(slots=True)
class _Reading:
    """One form on its way in; `first` is the first row of the dictionary, which names the record."""

    draft: Draft
    language: str
    first: int
    unused: dict[str, list[int]] = field(default_factory=dict)

    def take(self, row: int, cells: Mapping[str, str]) -> None:
        """One field."""
        name, kind = cells.get("field_name", ""), cells.get("field_type", "").lower()
        why = self._why_not(row, name, kind, cells)
        if why:
            self.draft.note(row, name, f"left out: {why}")
            return
        for column, cell in cells.items():
            if cell and column not in _USED:
                self.unused.setdefault(column, []).append(row)
        if cells.get("field_annotation"):
            self.draft.note(row, name, f"its annotation, {cells['field_annotation']}, is not carried")
        if kind not in _KINDS:
            known = ", ".join((*_KINDS, *_LEFT_OUT))
            self.draft.wrong(row, name, f"field type {kind}: expected one of {known}")
            return
        taken = self._kind(row, name, kind, cells)
        lowest, highest = self._bounds(row, name, taken, cells)
        ends = self._ends(row, name, cells) if taken == "vas" else ()
        note = _in_brackets(cells.get("field_note", ""))
        label = " ".join(filter(None, (cells.get("field_label", ""), note)))
        self.draft.take(
            Asked(
                row=row,
                name=name,
                kind=taken,
                label={self.language: label},
                options=_TRUE_FALSE if kind == "truefalse" else self._choices(row, name, taken, cells),
                minimum=lowest,
                maximum=highest,
                required=cells.get("required_field", "").lower() == "y",
                logic=tuple(filter(None, (cells.get("branching_logic", ""),))),
                ends=ends,
            )
        )

    def _why_not(self, row: int, name: str, kind: str, cells: Mapping[str, str]) -> str:
        """Why nobody is asked this field; empty where somebody is."""
        if cells.get("identifier", "").lower() == "y":
            return "it would hold somebody's identity, and here people are codes"
        if _HIDDEN.search(cells.get("field_annotation", "")):
            return "it is hidden from people"
        if row == self.first and kind == "text" and not cells.get(_VALIDATION) and _RECORD.fullmatch(name):
            return "it names the record, and here people are codes"
        return _LEFT_OUT.get(kind, "")

    def _kind(self, row: int, name: str, kind: str, cells: Mapping[str, str]) -> Kind | Literal["several"]:
        """What a text field is asked for is in its validation."""
        checked = cells.get(_VALIDATION, "").lower()
        if kind != "text" or not checked:
            return _KINDS[kind]
        for start, taken in _VALIDATED.items():
            if checked.startswith(start):
                return taken
        self.draft.note(row, name, f"the check {checked} is not carried: any text is taken")
        return "text"

    def _bounds(self, row: int, name: str, kind: str, cells: Mapping[str, str]) -> tuple[float | None, float | None]:
        found: list[float | None] = []
        for column in ("text_validation_min", "text_validation_max"):
            given = cells.get(column, "").replace(",", ".")
            usable = kind in _BOUNDED and _NUMBER.fullmatch(given)
            if given and not usable:
                self.draft.note(row, name, f"{column} is not carried: it bounds no number")
            found.append(float(given) if usable else None)
        lowest, highest = found
        if kind == "vas":
            return 0.0 if lowest is None else lowest, 100.0 if highest is None else highest
        return lowest, highest

    def _ends(self, row: int, name: str, cells: Mapping[str, str]) -> tuple[Text, Text] | tuple[()]:
        """`Never | Sometimes | Always`: the words at the ends of a slider; ours has none in the middle."""
        said = [part.strip() for part in cells.get(_CHOICES, "").split("|")]
        low, middle, high = said[0], "; ".join(filter(None, said[1:-1])), said[-1] if len(said) > 1 else ""
        if middle:
            self.draft.note(row, name, f"the words in the middle of its slider, {middle}, are not carried")
        if low and high:
            return {self.language: low}, {self.language: high}
        if low or high:
            self.draft.note(row, name, f"words at one end of its slider alone, {low or high}, are not carried")
        return ()

    def _choices(self, row: int, name: str, kind: str, cells: Mapping[str, str]) -> tuple[tuple[str, Text], ...]:
        """`1, Never | 2, Often`: codes and words."""
        if kind not in {"choice", "several"}:
            return ()
        found = []
        for one in filter(None, (part.strip() for part in cells.get(_CHOICES, "").split("|"))):
            code, comma, words = one.partition(",")
            if not comma:
                self.draft.wrong(row, name, "expected choices as code, words | code, words")
            found.append((code.strip(), {self.language: words.strip()}))
        return tuple(found)


def _in_brackets(words: str) -> str:
    return f"({words})" if words else ""

"""Reads the file of another system as a questionnaire: which kind of file it is, its form or forms, and what they ask.

JSON is a FHIR R4 Questionnaire. A table (CSV, XLSX) is a REDCap data dictionary or an XLSForm, told by its columns;
an XLSForm as CSV has the name of each sheet in a row before it, as its own tools write it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from pro_service.domain import fhir_import, redcap_import, xlsform_import
from pro_service.domain.errors import InvalidInstrument, InvalidTable
from pro_service.domain.fhir_import import Imported
from pro_service.instruments.sheets import Sheet, sheets, text_of

_Row = tuple[int, Sequence[str]]
_SHEETS = ("survey", "choices", "settings")


@dataclass(frozen=True, slots=True)
class Foreign:
    """A file that was recognised: what it is, the names of its forms, and how one of them is read.

    `read` is given the form, the language of words without one, and whether logic that cannot be carried is left out.
    """

    kind: str
    forms: tuple[str, ...]
    read: Callable[[str, str, bool], Imported]
    is_table: bool = True


def opened(content: bytes, *, file: str) -> Foreign:
    """Recognise a file. InvalidInstrument where it is none of those we read."""
    try:
        if PurePath(file).suffix.lower() == ".json":
            return _fhir(content, file)
        return _table(sheets(content, file=file), file)
    except InvalidTable as error:
        raise InvalidInstrument(error.message, problems=error.problems) from None


def _fhir(content: bytes, file: str) -> Foreign:
    try:
        document = json.loads(text_of(content, file=file))
    except (ValueError, RecursionError) as error:
        raise InvalidInstrument(f"{file} is not JSON") from error
    return Foreign("a FHIR Questionnaire", (), lambda *_: fhir_import.instrument_of(document), is_table=False)


def _table(found: Sequence[Sheet], file: str) -> Foreign:
    numbered = {sheet.name.strip().lower(): _numbered(sheet) for sheet in found}
    first = next(iter(numbered.values()), ())
    if first and redcap_import.is_dictionary(first[0][1]):
        return _redcap(first, file)
    named = numbered if "survey" in numbered else _parted(first)
    survey = named.get("survey", first)
    if survey and xlsform_import.is_survey(survey[0][1]):
        return _xlsform({**named, "survey": survey}, file)
    raise InvalidInstrument(
        f"{file} is neither a REDCap data dictionary (columns such as field_name, form_name, field_type) "
        "nor an XLSForm (a sheet survey with the columns type and name)"
    )


def _redcap(table: Sequence[_Row], file: str) -> Foreign:
    rows = redcap_import.rows_of(table[0][1], table[1:])

    def read(form: str, language: str, without_logic: bool) -> Imported:
        return redcap_import.instrument_of(rows, form=form, file=file, language=language, without_logic=without_logic)

    return Foreign("a REDCap data dictionary", redcap_import.forms_in(rows), read)


def _xlsform(named: Mapping[str, Sequence[_Row]], file: str) -> Foreign:
    survey, choices, settings = (
        xlsform_import.rows_of(table[0][1], table[1:]) if table else () for table in map(named.get, _SHEETS)
    )

    def read(_: str, language: str, without_logic: bool) -> Imported:
        return xlsform_import.instrument_of(
            survey, choices, settings, file=file, language=language, without_logic=without_logic
        )

    return Foreign("an XLSForm", (), read)


def _numbered(sheet: Sheet) -> tuple[_Row, ...]:
    """The rows from the first that is not empty, each with its number as a spreadsheet counts."""
    rows = tuple((number, cells) for number, (_, cells) in enumerate(sheet.rows, start=1))
    empty = next((place for place, (_, cells) in enumerate(rows) if any(map(str.strip, cells))), len(rows))
    return rows[empty:]


def _parted(rows: Sequence[_Row]) -> dict[str, list[_Row]]:
    """The sheets of an XLSForm in one table: the name of each in the first column, above its rows."""
    parts: dict[str, list[_Row]] = {}
    within: list[_Row] = []
    for number, cells in rows:
        if cells and cells[0].strip().lower() in _SHEETS:
            within = parts.setdefault(cells[0].strip().lower(), [])
        if any(map(str.strip, cells[1:])):
            within.append((number, cells[1:]))
    return parts

"""Reads the sheets of a file as rows of texts, each with its number: CSV has one sheet, a workbook (XLSX) several."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO, StringIO
from pathlib import PurePath
from zipfile import BadZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from pro_service.domain.errors import InvalidTable, Problem

LARGEST_FILE = 2_000_000
MOST_ROWS = 20_000
MOST_COLUMNS = 200


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of one sheet, each with its number (of a CSV: the line on which it begins); a CSV's has no name."""

    name: str
    rows: tuple[tuple[int, tuple[str, ...]], ...]


def sheets(content: bytes, *, file: str) -> tuple[Sheet, ...]:
    """Every sheet, in order. InvalidTable where the file is none of these kinds, too big or damaged."""
    suffix = PurePath(file).suffix.lower()
    if suffix not in _READ:
        raise unusable(file, 1, f"expected a file that ends in {', '.join(_READ)}")
    if len(content) > LARGEST_FILE:
        raise unusable(file, 1, f"expected at most {LARGEST_FILE} bytes")
    return _READ[suffix](content, file)


def unusable(file: str, line: int, message: str) -> InvalidTable:
    """The error for a file that cannot be read at all."""
    return InvalidTable(f"{file} cannot be used", problems=[Problem(message, file=file, line=line)])


def text_of(content: bytes, *, file: str) -> str:
    """The text of a file in UTF-8, with or without a byte-order mark; InvalidTable where it is none."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise unusable(file, line, "expected text in UTF-8") from None


def _csv(content: bytes, file: str) -> tuple[Sheet, ...]:
    text = text_of(content, file=file)
    head = next((line for line in text.splitlines()[:10] if any(mark in line for mark in ",;\t")), "")
    reader = csv.reader(StringIO(text, newline=""), delimiter=max(",;\t", key=head.count), strict=True)
    rows, start = [], 1
    try:
        for row in reader:
            rows.append((start, tuple(row)))
            start = reader.line_num + 1
    except csv.Error as error:
        raise unusable(file, reader.line_num, f"not CSV: {error}") from None
    return (Sheet("", tuple(rows)),)


def _xlsx(content: bytes, file: str) -> tuple[Sheet, ...]:
    try:
        book = load_workbook(BytesIO(content), read_only=True, data_only=True)
        found = []
        for sheet in book.worksheets:
            cells = sheet.iter_rows(values_only=True, max_row=MOST_ROWS + 1, max_col=MOST_COLUMNS + 1)
            rows = tuple((row, tuple(map(word, values))) for row, values in enumerate(cells, start=1))
            if any(any(values[MOST_COLUMNS:]) for _, values in rows) or any(
                any(values) for _, values in rows[MOST_ROWS:]
            ):
                message = f"expected at most {MOST_ROWS} rows and {MOST_COLUMNS} columns in the sheet {sheet.title}"
                raise unusable(file, 1, message)
            found.append(Sheet(sheet.title, rows[:MOST_ROWS]))
        book.close()
    except (BadZipFile, InvalidFileException, KeyError, ValueError, IndexError):
        raise unusable(file, 1, "not a workbook that can be read") from None
    return tuple(found)


def word(cell: object) -> str:
    """What a cell or a value of YAML says: a number or a date as one writes it."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell.isoformat() if isinstance(cell, date) else str(cell)


_READ: Mapping[str, Callable[[bytes, str], tuple[Sheet, ...]]] = {".csv": _csv, ".xlsx": _xlsx}

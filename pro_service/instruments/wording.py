"""Reads a wording pack from a file, as a row of texts each with its line: YAML, or a table as CSV or XLSX.

A table has the columns `what`, `item`, `option`, `text` and one text in each row; in YAML each item has its text and
its options, written out or by the name of a list under `options`. Whether the words fit is not asked here.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from io import BytesIO, StringIO
from pathlib import PurePath
from zipfile import BadZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException
from ruamel.yaml.comments import CommentedMap

from pro_service.domain.errors import InvalidInstrument, InvalidWording, Problem
from pro_service.domain.wording import ABOUT, Entry
from pro_service.instruments.page import Page, open_page

HEADER = ["what", "item", "option", "text"]
LARGEST_FILE = 2_000_000
MOST_ROWS = 20_000
_KEYS = {"text": "item", "recall": "item_recall", "unit": "unit"}


def entries(content: bytes, *, file: str) -> tuple[Entry, ...]:
    """Every text of a file, in the order written. InvalidWording where it is no such file."""
    suffix = PurePath(file).suffix.lower()
    if suffix not in _READ:
        raise _unusable(file, 1, f"expected a file that ends in {', '.join(_READ)}")
    if len(content) > LARGEST_FILE:
        raise _unusable(file, 1, f"expected at most {LARGEST_FILE} bytes")
    return _READ[suffix](content, file)


def _unusable(file: str, line: int, message: str) -> InvalidWording:
    return InvalidWording(f"{file} cannot be used", problems=[Problem(message, file=file, line=line)])


def _text(content: bytes, file: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _unusable(file, line, "expected text in UTF-8") from None


def _yaml(content: bytes, file: str) -> tuple[Entry, ...]:
    try:
        page = open_page(_text(content, file), file=file)
        page.known(page.root, [*ABOUT, "options", "items"])
        about = [Entry(key, _word(page.root[key]), _line(page.root, key)) for key in ABOUT if key in page.root]
        lists = dict(page.entries(page.mapping(page.root, "options", needed=False)))
        asked = page.entries(page.mapping(page.root, "items"))
        found = [*about, *(entry for code, item in asked for entry in _of_item(page, code, item, lists))]
        page.finish()
    except InvalidInstrument as error:
        raise InvalidWording(error.message, problems=error.problems) from None
    return tuple(found)


def _of_item(page: Page, code: str, item: CommentedMap, lists: Mapping[str, CommentedMap]) -> Iterator[Entry]:
    for key in item:
        if key not in (*_KEYS, "options"):
            page.wrong(f"{code}: unknown key {key}: a pack holds words only, logic is the definition's", item, key)
    for key, what in _KEYS.items():
        if key in item:
            yield Entry(what, _word(item[key]), _line(item, key), item=code)
    options = item.get("options", {})
    if isinstance(options, str) and options in lists:
        options = lists[options]
    if not isinstance(options, CommentedMap):
        if "options" in item:
            page.wrong(f"{code}: options: expected texts by code, or the name of a list under options", item, "options")
        return
    for option, label in options.items():
        yield Entry("option", _word(label), _line(options, option), item=code, option=str(option))


def _line(node: CommentedMap, key: object) -> int:
    return int(node.lc.data[key][0]) + 1


def _csv(content: bytes, file: str) -> tuple[Entry, ...]:
    text = _text(content, file)
    separator = ";" if ";" in text.split("\n", maxsplit=1)[0] else ","
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    rows = []
    try:
        start = 1
        for row in reader:
            rows.append((start, row))
            start = reader.line_num + 1
    except csv.Error as error:
        raise _unusable(file, reader.line_num, f"not CSV: {error}") from None
    return _rows(rows, file)


def _xlsx(content: bytes, file: str) -> tuple[Entry, ...]:
    try:
        book = load_workbook(BytesIO(content), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        cells = sheet.iter_rows(values_only=True, max_row=MOST_ROWS, max_col=2 * len(HEADER))
        rows = [(row, [_word(cell) for cell in values]) for row, values in enumerate(cells, start=1)]
        book.close()
    except (BadZipFile, InvalidFileException, KeyError, ValueError, IndexError):
        raise _unusable(file, 1, "not a workbook that can be read") from None
    return _rows(rows, file)


def _rows(rows: Sequence[tuple[int, list[str]]], file: str) -> tuple[Entry, ...]:
    """One entry for each row that is not empty."""
    header = [cell.strip().lower() for cell in rows[0][1]] if rows else []
    while header and not header[-1]:
        header.pop()
    if header != HEADER:
        more = [cell for cell in header if cell and cell not in HEADER]
        logic = f"; no {', '.join(more)}: a pack holds words only" if more else ""
        raise _unusable(file, 1, f"expected the columns {', '.join(HEADER)}{logic}")
    found, problems = [], []
    for line, cells in rows[1:]:
        if not any(cells):
            continue
        if any(cells[len(HEADER) :]):
            problems.append(Problem(f"expected {len(HEADER)} cells", file=file, line=line))
            continue
        what, item, option, text = [*cells, "", "", ""][: len(HEADER)]
        found.append(Entry(what.strip(), text, line, item=item.strip(), option=option.strip()))
    if problems:
        raise InvalidWording(f"{file} cannot be used", problems=problems)
    return tuple(found)


def _word(cell: object) -> str:
    """What a cell or a value of YAML says: a number or a date as one writes it."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell.isoformat() if isinstance(cell, date) else str(cell)


_READ: Mapping[str, Callable[[bytes, str], tuple[Entry, ...]]] = {
    ".yaml": _yaml,
    ".yml": _yaml,
    ".csv": _csv,
    ".xlsx": _xlsx,
}

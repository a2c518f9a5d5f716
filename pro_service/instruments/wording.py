"""Reads a wording pack from a file, as a row of texts each with its line: YAML or JSON, or a table as CSV or XLSX.

A table has the columns `what`, `item`, `option`, `text` and one text in each row, and may have a column `topic`, which
is a comment; in YAML and JSON each item has its text and its options, written out or by the name of a list under
`options`. JSON may be a FHIR Questionnaire instead. Whether the words fit is not asked here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePath

from ruamel.yaml.comments import CommentedMap

from pro_service.domain.errors import InvalidInstrument, InvalidTable, InvalidWording, Problem
from pro_service.domain.wording import ABOUT, ENDS, Entry
from pro_service.instruments import wording_fhir
from pro_service.instruments.page import Page, open_page
from pro_service.instruments.sheets import LARGEST_FILE, sheets, text_of, word

HEADER = ["what", "item", "option", "text"]
TOPIC = "topic"
_KEYS = {"text": "item", "recall": "item_recall", "unit": "unit", **{end: end for end in ENDS}}


def entries(content: bytes, *, file: str, language: str = "") -> tuple[Entry, ...]:
    """Every text of a file, in the order written. InvalidWording where it is no such file.

    `language` chooses among those of a FHIR Questionnaire; every other file has one.
    """
    suffix = PurePath(file).suffix.lower()
    if suffix not in _READ:
        raise _unusable(file, 1, f"expected a file that ends in {', '.join(_READ)}")
    if len(content) > LARGEST_FILE:
        raise _unusable(file, 1, f"expected at most {LARGEST_FILE} bytes")
    try:
        return _READ[suffix](content, file, language)
    except (InvalidInstrument, InvalidTable) as error:
        raise InvalidWording(error.message, problems=error.problems) from None


def _unusable(file: str, line: int, message: str) -> InvalidWording:
    return InvalidWording(f"{file} cannot be used", problems=[Problem(message, file=file, line=line)])


def _yaml(content: bytes, file: str, _: str) -> tuple[Entry, ...]:
    page = open_page(text_of(content, file=file), file=file)
    page.known(page.root, [*ABOUT, "options", "items"])
    about = [Entry(key, word(page.root[key]), _line(page.root, key)) for key in ABOUT if key in page.root]
    lists = dict(page.entries(page.mapping(page.root, "options", needed=False)))
    asked = page.entries(page.mapping(page.root, "items"))
    found = [*about, *(entry for code, item in asked for entry in _of_item(page, code, item, lists))]
    page.finish()
    return tuple(found)


def _of_item(page: Page, code: str, item: CommentedMap, lists: Mapping[str, CommentedMap]) -> Iterator[Entry]:
    for key in item:
        if key not in (*_KEYS, "options"):
            page.wrong(f"{code}: unknown key {key}: a pack holds words only, logic is the definition's", item, key)
    for key, what in _KEYS.items():
        if key in item:
            yield Entry(what, word(item[key]), _line(item, key), item=code)
    options = item.get("options", {})
    if isinstance(options, str) and options in lists:
        options = lists[options]
    if not isinstance(options, CommentedMap):
        if "options" in item:
            page.wrong(f"{code}: options: expected texts by code, or the name of a list under options", item, "options")
        return
    for option, label in options.items():
        yield Entry("option", word(label), _line(options, option), item=code, option=str(option))


def _line(node: CommentedMap, key: object) -> int:
    return int(node.lc.data[key][0]) + 1


def _json(content: bytes, file: str, language: str) -> tuple[Entry, ...]:
    text = text_of(content, file=file)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise _unusable(file, 1, "not JSON") from None
    if wording_fhir.is_questionnaire(document):
        return wording_fhir.entries(document, text=text, file=file, language=language)
    return _yaml(json.dumps(document, ensure_ascii=False, indent=1).encode(), file, language)


def _table(content: bytes, file: str, _: str) -> tuple[Entry, ...]:
    return _rows([(number, list(cells)) for number, cells in sheets(content, file=file)[0].rows], file)


def _rows(rows: Sequence[tuple[int, list[str]]], file: str) -> tuple[Entry, ...]:
    """One entry for each row that is not empty."""
    header = [cell.strip().lower() for cell in rows[0][1]] if rows else []
    while header and not header[-1]:
        header.pop()
    commented = header == [*HEADER, TOPIC]
    if header != HEADER and not commented:
        more = [cell for cell in header if cell and cell not in HEADER]
        logic = f"; no {', '.join(more)}: a pack holds words only" if more else ""
        raise _unusable(file, 1, f"expected the columns {', '.join(HEADER)}{logic}")
    found, problems = [], []
    for line, row in rows[1:]:
        cells = [*row[: len(HEADER)], *row[len(HEADER) + commented :]]
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


_READ: Mapping[str, Callable[[bytes, str, str], tuple[Entry, ...]]] = {
    ".yaml": _yaml,
    ".yml": _yaml,
    ".json": _json,
    ".csv": _table,
    ".xlsx": _table,
}

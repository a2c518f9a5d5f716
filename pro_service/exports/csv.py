"""CSV: one file per table, RFC 4180 quoting, UTF-8, full precision, an empty cell where there is nothing to say.

No cell of text begins a spreadsheet formula: one that would is written behind an apostrophe, as is one that already
stands behind one, so that a reader who takes a single apostrophe away has the original back. Dates are YYYY-MM-DD,
instants UTC with a trailing Z, truth is `true` or `false`, and a number is the shortest text that reads back the same.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from pro_service.domain.dataset import Dataset, Row, Table

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def write(dataset: Dataset, target: Path) -> dict[str, int]:
    """Write every table to `target` as <table>.csv; rows per file name."""
    with ExitStack() as stack:
        files = {
            table.name: stack.enter_context((target / f"{table.name}.csv").open("w", encoding="utf-8", newline=""))
            for table in dataset.tables
        }
        writers = {name: csv.writer(file, lineterminator="\r\n") for name, file in files.items()}
        for table in dataset.tables:
            writers[table.name].writerow(table.names())
        formats = {table.name: _formats(table) for table in dataset.tables}
        written = dict.fromkeys(files, 0)
        for batch in dataset.batches():
            for name, rows in batch.items():
                writers[name].writerows(_formatted(rows, formats[name]))
                written[name] += len(rows)
    return {f"{name}.csv": rows for name, rows in written.items()}


def guarded(text: str) -> str:
    """The text, with an apostrophe before anything a spreadsheet would take for a formula."""
    return f"'{text}" if text.lstrip("'").startswith(FORMULA_SIGNS) else text


def _text(cell: Any) -> str | None:
    return None if cell is None else guarded(cell)


def _number(cell: Any) -> str | None:
    if cell is None:
        return None
    number = float(cell)
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def _boolean(cell: Any) -> str | None:
    return None if cell is None else ("true" if cell else "false")


def _date(cell: date | None) -> str | None:
    return None if cell is None else cell.isoformat()


def _instant(cell: datetime | None) -> str | None:
    return None if cell is None else cell.astimezone(UTC).isoformat().replace("+00:00", "Z")


_FORMAT: Mapping[str, Callable[[Any], str | None]] = {
    "text": _text,
    "free_text": _text,
    "float": _number,
    "boolean": _boolean,
    "date": _date,
    "instant": _instant,
}


def _formats(table: Table) -> list[Callable[[Any], str | None] | None]:
    """One function per column; None where the csv module's own text of an integer will do."""
    return [_FORMAT.get(column.type) for column in table.columns]


def _formatted(rows: Iterable[Row], formats: list[Callable[[Any], str | None] | None]) -> Iterable[tuple[object, ...]]:
    """The same rows as text, worked out column by column."""
    columns: Iterable[Any] = zip(*rows, strict=True)
    return zip(
        *(column if form is None else map(form, column) for form, column in zip(formats, columns, strict=False)),
        strict=True,
    )

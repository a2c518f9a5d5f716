"""Rows of a CSV that could not be read: how many, and where, in words. No cell of them is kept.

A row with more or fewer cells than the header is left out. Worse is a quotation mark that is never closed: the rows
after it become the words of one cell, and nothing seems to be the matter. Lines within a cell that are parted like the
header are therefore counted as rows that were lost there.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types
import pyarrow.compute as pc  # type: ignore[import-untyped]  # the same
import pyarrow.csv as arrow_csv  # type: ignore[import-untyped]  # the same

_NAMED, _TELLING = 3, 4
_QUOTE = "is a quotation mark not closed?"


@dataclass(slots=True)
class LeftOut:
    """What was lost so far of a table whose rows have so many `marks` between their cells; `read` were not lost."""

    delimiter: str
    marks: int
    read: int = 0
    rows: int = 0
    named: int = 0
    first: list[str] = field(default_factory=list)

    def note(self, row: arrow_csv.InvalidRow) -> None:
        """Count one row that does not fit, and those inside it."""
        place = f"row {row.number} under the header" if row.number else "a row"
        said = f"{place} has {row.actual_columns} of {row.expected_columns} cells"
        within = self._rows_in(row.text or "")
        self._lose(1 + within, f"{said} and {within} rows inside it: {_QUOTE}" if within else said)

    def look(self, batch: pa.RecordBatch) -> None:
        """Look for rows inside the cells of a batch."""
        for column in batch.columns if self.marks >= _TELLING else ():
            texts = column.dictionary if pa.types.is_dictionary(column.type) else column
            if not pc.any(pc.greater(pc.binary_length(texts), self.marks)).as_py():
                continue
            for text in texts.filter(pc.match_substring(texts, "\n")).to_pylist():
                if within := self._rows_in(text):
                    self._lose(within, f"below row {self.read} one cell has {within} rows inside it: {_QUOTE}")
        self.read += batch.num_rows

    def in_words(self) -> str:
        """The first few."""
        more = self.rows - self.named
        return "; ".join(self.first) + (f"; and {more} more" if more else "")

    def _rows_in(self, text: str) -> int:
        """Whole rows after a line break; in a table of few columns a line of prose may look like one."""
        if self.marks < _TELLING:
            return 0
        lines = text.splitlines()[1:]
        whole = sum(line.count(self.delimiter) == self.marks for line in lines)
        begun = whole and lines[-1].count(self.delimiter) != self.marks  # where the next quotation mark ends the cell
        return whole + bool(begun)

    def _lose(self, rows: int, said: str) -> None:
        self.rows += rows
        if len(self.first) < _NAMED:
            self.first.append(said)
            self.named += rows

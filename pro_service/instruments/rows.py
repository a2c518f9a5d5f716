"""Reads a table that ships: one CSV, `# key: value` lines on top, then a header and rows that know their lines."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pro_service.domain.errors import InvalidInstrument, Problem


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: its cells by column name, and where it stands."""

    file: str
    line: int
    cells: Mapping[str, str]

    def number(self, column: str) -> float:
        """The number in a cell."""
        try:
            return float(self.cells[column])
        except ValueError:
            raise wrong(self.file, self.line, f"{column}: expected a number") from None

    def level(self, column: str = "level") -> int:
        """The level in a cell, from 1."""
        if self.cells[column].isdigit() and int(self.cells[column]) > 0:
            return int(self.cells[column])
        raise wrong(self.file, self.line, f"{column}: expected a level from 1")


@dataclass(frozen=True, slots=True)
class Table:
    """One file: what its top says of it, and its rows."""

    path: Path
    about: Mapping[str, str]
    rows: tuple[Row, ...]

    def need(self, key: str) -> str:
        """What the top says under that key; InvalidInstrument where it says nothing."""
        if not self.about.get(key):
            raise wrong(self.path.name, 1, f"expected a line '# {key}: ...'")
        return self.about[key]

    def filled(self) -> tuple[Row, ...]:
        """The rows; InvalidInstrument where there are none."""
        if not self.rows:
            raise wrong(self.path.name, 1, "no rows")
        return self.rows


def read_table(path: Path) -> Table:
    """The table in a file. Raises InvalidInstrument, with file and line, for a row that does not fit its header."""
    about: dict[str, str] = {}
    body: list[tuple[int, list[str]]] = []
    for line, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if text.startswith("#"):
            key, _, value = text[1:].partition(":")
            about.setdefault(key.strip(), value.strip())
        elif text.strip():
            body.append((line, next(csv.reader([text]))))
    header = body[0][1] if body else []
    for line, cells in body:
        if len(cells) != len(header):
            raise wrong(path.name, line, f"expected {len(header)} cells: {', '.join(header)}")
    rows = (Row(path.name, line, dict(zip(header, cells, strict=True))) for line, cells in body[1:])
    return Table(path, about, tuple(rows))


def wrong(file: str, line: int, message: str) -> InvalidInstrument:
    """The error for one mistake in a table."""
    return InvalidInstrument(f"{file} cannot be used", problems=[Problem(message, file=file, line=line)])

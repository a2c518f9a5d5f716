"""Tables of numbers and names that a command computes from: read whole, and refused whole where a cell cannot be used.

Rows are numbered as they stand under the header, from 1. No message holds a cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types
import pyarrow.compute as pc  # type: ignore[import-untyped]  # the same
from numpy.typing import NDArray

from pro_service.cli.form_columns import numbers_of
from pro_service.cli.form_tables import FormTable, reading
from pro_service.domain.errors import InvalidTable, Problem
from pro_service.domain.scoring_block import Bools, Floats

MOST_PROBLEMS = 20
BLANK = frozenset({"NA", "."})
"""What R and SAS write for a missing number."""

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Number:
    """A column of numbers: what they may be, whether a cell may be blank, and whether the column may be absent."""

    name: str
    expected: str
    low: float = -np.inf
    high: float = np.inf
    blank: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A column of names, none blank; the column may be absent where it is optional."""

    name: str
    optional: bool = False
    expected: str = "a name"


Column = Number | Text


@dataclass(frozen=True, slots=True, eq=False)
class Names:
    """A column of names: `values` are the different ones as they first come, `codes` each row's place among them."""

    values: pa.Array
    codes: Rows

    def texts(self) -> list[str]:
        """The different names as text."""
        return [str(value) for value in self.values.to_pylist()]

    def first_rows(self) -> Rows:
        """The first row of each name."""
        return np.unique(self.codes, return_index=True)[1]


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """What was read: `rows` of them, and the columns that are there."""

    name: str
    rows: int
    numbers: Mapping[str, Floats]
    names: Mapping[str, Names]

    def refuse(self, wrong: Iterable[tuple[Rows, str, str]]) -> None:
        """Raise InvalidTable for rows (from 0) whose cell in a column is not what was expected there."""
        found = sorted((int(row), column, expected) for rows, column, expected in wrong for row in rows)
        if not found:
            return
        problems = [
            Problem(f"expected {expected}", field=f"row {row + 1}, column {column}")
            for row, column, expected in found[:MOST_PROBLEMS]
        ]
        if len(found) > MOST_PROBLEMS:
            problems.append(Problem(f"and {len(found) - MOST_PROBLEMS} more"))
        cells = f"{len(found)} cells" if len(found) > 1 else "a cell"
        raise InvalidTable(f"{self.name}: {cells} cannot be used; rows are counted under the header", problems=problems)


def read(path: str, columns: Sequence[Column]) -> Table:
    """Read a CSV or Parquet file, or standard input. Raises InvalidTable naming each row and column it cannot use."""
    with reading(path, items={column.name: () for column in columns}) as table:
        there = _there(table, columns)
        batches = [batch.select([column.name for column in there]) for batch in table.batches]
    if table.left_out.rows:
        raise InvalidTable(f"{table.name} has rows unlike its header: {table.left_out.in_words()}")
    if not sum(batch.num_rows for batch in batches):
        raise InvalidTable(f"{table.name} has no rows")
    wrong: list[tuple[Rows, str, str]] = []
    numbers: dict[str, Floats] = {}
    names: dict[str, Names] = {}
    for column in there:
        cells = [batch.column(column.name) for batch in batches]
        if isinstance(column, Number):
            numbers[column.name], refused = _numbers(column, cells, table.comma)
        else:
            names[column.name], refused = _names(cells)
        wrong.append((np.flatnonzero(refused), column.name, column.expected))
    found = Table(table.name, sum(batch.num_rows for batch in batches), numbers, names)
    found.refuse(wrong)
    return found


def _there(table: FormTable, columns: Sequence[Column]) -> list[Column]:
    found = table.schema.names
    for column in columns:
        if found.count(column.name) > 1:
            raise InvalidTable(f"{table.name}: more than one column {column.name}")
    absent = [column.name for column in columns if column.name not in found and not column.optional]
    if absent:
        near = [name for name in found if name.strip().lower() in absent]
        hint = f"; there is {', '.join(near)}, and capitals count" if near else ""
        raise InvalidTable(f"{table.name}: no column {', '.join(absent)}{hint}")
    return [column for column in columns if column.name in found]


def _numbers(column: Number, cells: Sequence[pa.Array], comma: bool) -> tuple[Floats, Bools]:
    parts = [numbers_of(column.name, each, blank=BLANK, comma=comma) for each in cells]
    values, refused = (np.concatenate(pieces) for pieces in zip(*parts, strict=True))
    outside = (values < column.low) | (values > column.high)
    blank = np.zeros(len(values), dtype=np.bool_) if column.blank else np.isnan(values)
    return values, refused | outside | blank


def _names(cells: Sequence[pa.Array]) -> tuple[Names, Bools]:
    plain = [each.dictionary_decode() if pa.types.is_dictionary(each.type) else each for each in cells]
    column = pa.chunked_array(plain).combine_chunks()
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = pc.utf8_trim_whitespace(column)
    blank = pc.equal(column.cast(pa.large_string()), "").fill_null(True).to_numpy(zero_copy_only=False)
    encoded = column.dictionary_encode(null_encoding="encode")
    return Names(encoded.dictionary, encoded.indices.to_numpy(zero_copy_only=False).astype(np.intp)), blank

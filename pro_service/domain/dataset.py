"""The neutral shape of data that leave: tables of typed, labelled columns, read once, in batches.

Every export format writes a `Dataset` and nothing else. A dataset is read in one pass: `batches()` yields the next
rows of each table, so that memory stays bounded whatever the size of the study. A row is a tuple of cells in the
order of the table's columns; a cell is None where there is nothing to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Literal

Cell = str | int | float | bool | date | datetime | None
Row = tuple[Cell, ...]
Batch = Mapping[str, Sequence[Row]]
"""The next rows of some tables, by the table's name."""

Type = Literal["text", "free_text", "integer", "float", "boolean", "date", "instant"]
Measure = Literal["nominal", "ordinal", "scale"]


@dataclass(frozen=True, slots=True)
class Codelist:
    """The values a column may hold and what each means, in order."""

    name: str
    codes: tuple[tuple[int | str, str], ...]


@dataclass(frozen=True, slots=True)
class Meaning:
    """How to read the numbers of a column: figures that were published, each with its source; None or empty: none."""

    higher_is: str = ""
    missing_rule: str = ""
    threshold_side: str = ""
    threshold: float | None = None
    threshold_source: str = ""
    mid_better: float | None = None
    mid_worse: float | None = None
    mid_unit: str = ""
    mid_published: str = ""
    mid_source: str = ""
    reference_mean: float | None = None
    reference_sd: float | None = None
    reference_population: str = ""
    reference_source: str = ""


NO_MEANING = Meaning()


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `free_text` is text that a person typed: writers guard it against spreadsheet formulas."""

    name: str
    label: str
    type: Type = "text"
    measure: Measure = "nominal"
    codelist: str = ""
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    meaning: Meaning = NO_MEANING


@dataclass(frozen=True, slots=True)
class Table:
    """One table. Column names are unique, start with a letter and hold letters, digits and underscores only."""

    name: str
    label: str
    columns: tuple[Column, ...]

    def names(self) -> tuple[str, ...]:
        """The column names, in order."""
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the study's protocol that the data were collected under; `sha256` is of its file."""

    version: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """A study as it was known at `cut_off`. `batches()` starts a new pass over the rows each time it is called."""

    study: str
    versions: tuple[Version, ...]
    cut_off: datetime
    masked: bool
    tables: tuple[Table, ...]
    codelists: tuple[Codelist, ...]
    batches: Callable[[], Iterator[Batch]]

    def table(self, name: str) -> Table:
        """The table of that name; KeyError where there is none."""
        for table in self.tables:
            if table.name == name:
                return table
        raise KeyError(name)

    def rows(self, name: str) -> Iterator[Row]:
        """The rows of one table alone: a pass over the whole dataset, for formats that hold one table per file."""
        for batch in self.batches():
            yield from batch.get(name, ())


def identifier(*parts: str) -> str:
    """A column name made of codes: whatever is neither letter nor digit becomes an underscore."""
    joined = "_".join(parts)
    name = "".join(sign if sign.isascii() and sign.isalnum() else "_" for sign in joined)
    return name if name[:1].isalpha() else f"v_{name}"


_MEANING = tuple(field.name for field in fields(Meaning))


def codebook(tables: Sequence[Table], codelists: Sequence[Codelist]) -> tuple[tuple[Table, list[Row]], ...]:
    """Two tables that explain all the others: what every column means, and what every code means."""
    columns = [
        (
            table.name,
            position,
            column.name,
            column.label,
            column.type,
            column.measure,
            column.unit or None,
            column.minimum,
            column.maximum,
            column.codelist or None,
            *(None if (said := getattr(column.meaning, name)) == "" else said for name in _MEANING),
        )
        for table in tables
        for position, column in enumerate(table.columns, start=1)
    ]
    codes = [(codelist.name, str(code), label) for codelist in codelists for code, label in codelist.codes]
    return (_CODEBOOK, list[Row](columns)), (_CODELISTS, list[Row](codes))


_CODEBOOK = Table(
    "codebook",
    "What every column of every table means",
    (
        Column("table", "Table"),
        Column("position", "Place of the column in its table, from 1", "integer", "ordinal"),
        Column("column", "Column"),
        Column("label", "What the column holds"),
        Column("type", "text, free_text, integer, float, boolean, date (YYYY-MM-DD) or instant (UTC)"),
        Column("measure", "nominal, ordinal or scale"),
        Column("unit", "Unit of measurement"),
        Column("minimum", "Lowest value possible", "float", "scale"),
        Column("maximum", "Highest value possible", "float", "scale"),
        Column("codelist", "The list in `codelists` that explains the values"),
        Column("higher_is", "What a higher score means: better, worse, more or neither"),
        Column("missing_rule", "How many of its items a scale needs"),
        Column("threshold_side", "Of clinical importance below, above or from `threshold`"),
        Column("threshold", "The (first) threshold of clinical importance", "float", "scale"),
        Column("threshold_source", "Where the threshold was published"),
        Column("mid_better", "Change for the better within a person that matters", "float", "scale"),
        Column("mid_worse", "Change for the worse within a person that matters", "float", "scale"),
        Column("mid_unit", "points, or percent of the score at baseline"),
        Column("mid_published", "Range that was published; the upper end is used"),
        Column("mid_source", "Where the smallest change that matters was published"),
        Column("reference_mean", "Mean of a reference population", "float", "scale"),
        Column("reference_sd", "Standard deviation of the reference population", "float", "scale"),
        Column("reference_population", "The reference population"),
        Column("reference_source", "Where the reference values were published"),
    ),
)

_CODELISTS = Table(
    "codelists",
    "What every code means",
    (Column("codelist", "Code list"), Column("code", "Value as stored"), Column("label", "What it means")),
)

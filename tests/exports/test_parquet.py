"""Parquet: typed columns that another reader reads back, labels and all."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from pyarrow import parquet  # type: ignore[import-untyped]  # pyarrow ships no types

from pro_service.domain.dataset import Column, Dataset, Row, Table
from pro_service.exports.parquet import write

COLUMNS = (
    Column("arm", "Treatment arm", codelist="arm"),
    Column("count", "A count", "integer"),
    Column("score", "A score", "float", "scale"),
    Column("truth", "A truth", "boolean"),
    Column("day", "A day", "date"),
    Column("instant", "An instant", "instant"),
)
FULL: Row = ("short", 3, 200 / 3, True, date(2026, 3, 29), datetime(2026, 3, 29, 1, 30, tzinfo=UTC))


def dataset(*batches: list[Row]) -> Dataset:
    tables = (Table("things", "Things", COLUMNS),)
    read = [{"things": rows} for rows in batches]
    return Dataset("tiny", (), datetime(2026, 1, 1, tzinfo=UTC), False, tables, (), lambda: iter(read))


@pytest.mark.parametrize("rows", [0, 1, 9])
def test_what_goes_out_comes_back(tmp_path: Path, rows: int) -> None:
    """Failures 22 and 31: few rows, read back with an independent reader."""
    assert write(dataset([FULL] * rows), tmp_path) == {"things.parquet": rows}
    read = pl.read_parquet(tmp_path / "things.parquet")
    assert read.rows() == [FULL] * rows
    assert read.columns == [column.name for column in COLUMNS]


def test_a_cell_may_be_empty(tmp_path: Path) -> None:
    write(dataset([(None,) * 6]), tmp_path)
    assert pl.read_parquet(tmp_path / "things.parquet").rows() == [(None,) * 6]


def test_labels_travel_along(tmp_path: Path) -> None:
    """Failure 31: the label and the code list of a column stand in the file."""
    write(dataset([FULL]), tmp_path)
    field = parquet.read_schema(tmp_path / "things.parquet").field("arm")
    assert field.metadata[b"label"] == b"Treatment arm"
    assert field.metadata[b"codelist"] == b"arm"


def test_the_same_rows_are_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write(dataset([FULL], [FULL]), tmp_path / name)
    assert (tmp_path / "a" / "things.parquet").read_bytes() == (tmp_path / "b" / "things.parquet").read_bytes()

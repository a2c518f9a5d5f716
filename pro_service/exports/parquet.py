"""Parquet: one typed file per table, Zstandard inside, each column's label and code list in its metadata."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types
from pyarrow import parquet

from pro_service.domain.dataset import Column, Dataset, Row, Table

ROWS_PER_GROUP = 65_536

_TYPES = {
    "text": pa.string(),
    "free_text": pa.string(),
    "integer": pa.int64(),
    "float": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "instant": pa.timestamp("us", tz="UTC"),
}


def write(dataset: Dataset, target: Path) -> dict[str, int]:
    """Write every table to `target` as <table>.parquet; rows per file name."""
    with ExitStack() as stack:
        files = {table.name: stack.enter_context(_File(table, target)) for table in dataset.tables}
        for batch in dataset.batches():
            for name, rows in batch.items():
                files[name].add(rows)
    return {f"{name}.parquet": file.written for name, file in files.items()}


class _File:
    """One Parquet file being written: collects rows until a row group is full."""

    def __init__(self, table: Table, target: Path) -> None:
        self.written = 0
        self._schema = pa.schema([_field(column) for column in table.columns])
        self._rows: list[Row] = []
        self._writer = parquet.ParquetWriter(target / f"{table.name}.parquet", self._schema, compression="zstd")

    def add(self, rows: Sequence[Row]) -> None:
        self._rows.extend(rows)
        if len(self._rows) >= ROWS_PER_GROUP:
            self._flush()

    def _flush(self) -> None:
        columns = list(zip(*self._rows, strict=True)) or [()] * len(self._schema)
        arrays = [pa.array(column, type=field.type) for column, field in zip(columns, self._schema, strict=True)]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        self.written += len(self._rows)
        self._rows = []

    def __enter__(self) -> _File:
        return self

    def __exit__(self, *failure: object) -> None:
        if self._rows and failure[0] is None:
            self._flush()
        self._writer.close()


def _field(column: Column) -> pa.Field:
    notes = {"label": column.label, "measure": column.measure, "codelist": column.codelist}
    return pa.field(column.name, _TYPES[column.type], metadata={name: note for name, note in notes.items() if note})

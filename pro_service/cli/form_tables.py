"""Tables of forms, read and written in batches: CSV or Parquet by suffix, `-` for CSV on standard input or output.

A CSV may start with a byte-order mark and be parted by commas, semicolons or tabs (then 3,5 is a number too), be in
UTF-16 or packed with gzip; what is written is always UTF-8 with commas. Whatever the size of the file, one batch at a
time is in memory. A row with more or fewer cells than the header is left out and counted.
"""

from __future__ import annotations

import csv
import io
import math
import os
import re
import stat
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types
import pyarrow.compute as pc  # type: ignore[import-untyped]  # the same
import pyarrow.csv as arrow_csv  # type: ignore[import-untyped]  # the same
import pyarrow.parquet as pq  # type: ignore[import-untyped]  # the same

from pro_service.cli.form_losses import LeftOut
from pro_service.cli.form_streams import as_text
from pro_service.domain.errors import InvalidTable
from pro_service.services.folders import told_by_name

STREAM = "-"
BATCH_BYTES = 1 << 20
BATCH_ROWS = 1 << 15
SUFFIXES = (".csv", ".parquet")
READABLE = (".csv", ".csv.gz", ".parquet")

_MARK = b"\xef\xbb\xbf"
_DAMAGED = (EOFError, OSError, zlib.error, UnicodeError)


@dataclass(frozen=True, slots=True)
class FormTable:
    """A table of forms: its columns, and its rows in batches. `comma` says that 3,5 is a number in it.

    `expected` is about how many batches there will be; None where nobody can know.
    """

    name: str
    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]
    comma: bool = False
    expected: int | None = None
    left_out: LeftOut = field(default_factory=lambda: LeftOut(",", 0))


class Sink(Protocol):
    """Where finished batches go."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Append one batch."""


@contextmanager
def reading(path: str, *, items: Mapping[str, Sequence[str]]) -> Iterator[FormTable]:
    """Open a table. A CSV's item columns come as dictionaries of texts, its other columns as texts untouched.

    `items` has the names that each item's column may have besides its code; it comes under its code.
    """
    with ExitStack() as stack:
        if path == STREAM:
            yield _csv(sys.stdin.buffer, "standard input", items)
        elif Path(path).suffix.lower() == ".parquet":
            yield _parquet(path, stack, items)
        else:
            yield _csv(stack.enter_context(Path(path).open("rb")), Path(path).name, items)


@contextmanager
def writing(path: str, schema: pa.Schema) -> Iterator[Sink]:
    """Open a table to write. A file appears under its name only when all of it has been written."""
    if path == STREAM:
        yield CsvSink(sys.stdout.buffer, schema)
        sys.stdout.buffer.flush()
        return
    target = Path(path)
    part = target.with_name(f".{target.name}.part")
    try:
        with told_by_name(target), ExitStack() as stack:
            file = stack.enter_context(part.open("wb"))
            if target.suffix.lower() == ".parquet":
                yield stack.enter_context(pq.ParquetWriter(file, schema))
            else:
                yield CsvSink(file, schema)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


class CsvSink:
    """Writes batches as CSV: numbers in the shortest form that reads back the same, quotes only where needed."""

    def __init__(self, stream: BinaryIO, schema: pa.Schema) -> None:
        for column in schema:
            if not _can_be_text(column.type):
                raise InvalidTable(f"column {column.name} holds {column.type}, which no CSV can carry: write Parquet")
        self._stream = stream
        header = io.StringIO()
        csv.writer(header, lineterminator="\n").writerow(schema.names)
        stream.write(header.getvalue().encode())

    def write(self, batch: pa.RecordBatch) -> None:
        """Append one batch."""
        line = pc.binary_join_element_wise(*map(_cells, batch.columns), _text(","))
        lines = pc.binary_join_element_wise(line, _text(""), _text("\n"))
        # the texts of an Arrow column lie one after the other: its data buffer is the body of the file
        self._stream.write(lines.buffers()[2] if len(lines) else b"")


def _can_be_text(kind: pa.DataType) -> bool:
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    if pa.types.is_binary(inner) or pa.types.is_large_binary(inner) or pa.types.is_fixed_size_binary(inner):
        return False
    try:
        pa.array([], kind).cast(pa.large_string())
    except pa.ArrowNotImplementedError:
        return False
    return True


def _text(value: str) -> pa.Scalar:
    return pa.scalar(value, pa.large_string())


def _cells(column: pa.Array) -> pa.Array:
    if pa.types.is_floating(column.type):
        # a scale has few different scores: writing each out once is three times as fast
        scores = column.dictionary_encode()
        return scores.dictionary.cast(pa.large_string()).take(scores.indices).fill_null("")
    text = column.cast(pa.large_string()).fill_null("")
    if pa.types.is_integer(column.type):
        return text
    special = pc.match_substring_regex(text, '[",\r\n]')
    if not pc.any(special).as_py():
        return text
    escaped = pc.replace_substring(text, '"', '""')
    return pc.if_else(special, pc.binary_join_element_wise(_text('"'), escaped, _text('"'), _text("")), text)


def _named(columns: Sequence[str], items: Mapping[str, Sequence[str]]) -> list[str]:
    """The columns by their items' codes where they bear one of its other names; blanks around an item's name go."""
    codes = {other: code for code, others in items.items() for other in (code, *others)}
    return [codes.get(column.strip(), column) for column in columns]


def _parquet(path: str, stack: ExitStack, items: Mapping[str, Sequence[str]]) -> FormTable:
    name = Path(path).name
    try:
        # without pre-buffering a row group is decoded as it is read, not held whole
        file = stack.enter_context(pq.ParquetFile(path, pre_buffer=False))
    except pa.ArrowInvalid as error:
        raise InvalidTable(f"{name} is not a Parquet file") from error
    expected = math.ceil(file.metadata.num_rows / BATCH_ROWS)
    found = file.schema_arrow
    schema = pa.schema(
        [field.with_name(column) for field, column in zip(found, _named(found.names, items), strict=True)]
    )
    return FormTable(name, schema, _parquet_batches(file, name, schema.names), expected=expected)


def _parquet_batches(file: pq.ParquetFile, name: str, columns: list[str]) -> Iterator[pa.RecordBatch]:
    batches = file.iter_batches(batch_size=BATCH_ROWS)
    while True:
        try:
            batch = next(batches, None)
        except (pa.ArrowException, OSError) as error:
            raise InvalidTable(_damaged(name)) from error
        if batch is None:
            return
        yield batch.rename_columns(columns)


def _csv(raw: BinaryIO, name: str, items: Mapping[str, Sequence[str]]) -> FormTable:
    try:
        stream = as_text(raw, name)
        header = _header_line(stream, name)
    except _DAMAGED as error:
        raise InvalidTable(_damaged(name)) from error
    try:
        splits = {mark: next(csv.reader([header], delimiter=mark), []) for mark in ",;\t"}
    except csv.Error as error:
        raise InvalidTable(f"{name} has lines that end with a carriage return alone: save it as CSV again") from error
    delimiter = max(splits, key=lambda mark: len(set(_named(splits[mark], items)) & set(items)))
    columns = _named(splits[delimiter], items)
    types = {column: pa.dictionary(pa.int32(), pa.string()) if column in items else pa.string() for column in columns}
    schema = pa.schema([(column, types[column]) for column in columns])
    left_out = LeftOut(delimiter, len(columns) - 1)
    batches = _csv_batches(stream, name, schema, left_out)
    expected = _blocks(raw) if stream is raw else None
    return FormTable(name, schema, batches, comma=delimiter != ",", expected=expected, left_out=left_out)


def _blocks(stream: BinaryIO) -> int | None:
    """How many batches a file makes; a pipe does not tell."""
    try:
        about = os.fstat(stream.fileno())
    except io.UnsupportedOperation:  # no file at all, as where a program stands in for standard input
        return None
    return math.ceil(about.st_size / BATCH_BYTES) if stat.S_ISREG(about.st_mode) else None


def _header_line(stream: BinaryIO, name: str) -> str:
    line = stream.readline().removeprefix(_MARK)
    if re.fullmatch(rb"sep=[,;\t]\r?\n", line):  # what a spreadsheet may put on top; the header tells as much
        line = stream.readline()
    while line.count(b'"') % 2 and (more := stream.readline()):
        line += more
    try:
        header = line.decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise InvalidTable(_not_text(name)) from error
    if not header.strip() or "\x00" in header:
        raise InvalidTable(f"{name} has no header line" if not header.strip() else _not_text(name))
    return header


def _not_text(name: str) -> str:
    return f"{name} is not UTF-8 text: save it as CSV in UTF-8"


def _damaged(name: str) -> str:
    return f"{name} is damaged: not all of it can be read"


def _csv_batches(stream: BinaryIO, name: str, schema: pa.Schema, left_out: LeftOut) -> Iterator[pa.RecordBatch]:
    def note(row: arrow_csv.InvalidRow) -> str:
        left_out.note(row)
        return "skip"

    try:
        for batch in arrow_csv.open_csv(
            stream,
            read_options=arrow_csv.ReadOptions(column_names=schema.names, block_size=BATCH_BYTES, use_threads=False),
            parse_options=arrow_csv.ParseOptions(
                delimiter=left_out.delimiter, newlines_in_values=True, invalid_row_handler=note
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types={field.name: field.type for field in schema}, strings_can_be_null=False
            ),
        ):
            left_out.look(batch)
            yield batch
    except _DAMAGED as error:
        raise InvalidTable(_damaged(name)) from error
    except pa.ArrowInvalid as error:
        if str(error) == "Empty CSV file":
            return
        raise InvalidTable(_reason(str(error), name, left_out)) from None


def _reason(said: str, name: str, left_out: LeftOut) -> str:
    """Arrow's own message quotes the row: answers do not belong in messages."""
    if "UTF8" in said:
        return _not_text(name)
    if said.startswith("straddling object"):
        row = left_out.read + left_out.rows
        return f"{name} has a row below row {row} that does not end: is a quotation mark not closed?"
    return f"{name} is not a table: {re.sub(r':.*', '', said)}"

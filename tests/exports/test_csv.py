"""CSV: what goes out can be read back by any reader, and never runs as a formula."""

from __future__ import annotations

import csv
import math
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro_service.domain.dataset import Column, Dataset, Row, Table
from pro_service.exports.csv import FORMULA_SIGNS, guarded, write

COLUMNS = (
    Column("code", "A code"),
    Column("typed", "Typed text", "free_text"),
    Column("count", "A count", "integer"),
    Column("score", "A score", "float"),
    Column("truth", "A truth", "boolean"),
    Column("day", "A day", "date"),
    Column("instant", "An instant", "instant"),
)


def dataset(*batches: list[Row], columns: tuple[Column, ...] = COLUMNS) -> Dataset:
    return Dataset(
        study="tiny",
        versions=(),
        cut_off=datetime(2026, 1, 1, tzinfo=UTC),
        masked=False,
        tables=(Table("things", "Things", columns),),
        codelists=(),
        batches=lambda: iter([{"things": rows} for rows in batches]),
    )


def written(folder: Path, *batches: list[Row], columns: tuple[Column, ...] = COLUMNS) -> str:
    write(dataset(*batches, columns=columns), folder)
    return (folder / "things.csv").read_bytes().decode("utf-8")


FULL: Row = (
    "NKI-001",
    'said "so", twice',
    3,
    200 / 3,
    True,
    date(2026, 3, 29),
    datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
)


def test_every_kind_of_cell(tmp_path: Path) -> None:
    assert written(tmp_path, [FULL, (None,) * 7]) == (
        "code,typed,count,score,truth,day,instant\r\n"
        'NKI-001,"said ""so"", twice",3,66.66666666666667,true,2026-03-29,2026-03-29T01:30:00Z\r\n'
        ",,,,,,\r\n"
    )


@pytest.mark.parametrize("rows", [0, 1, 9])
def test_few_rows(tmp_path: Path, rows: int) -> None:
    """Failure 22: a table of 0, 1 or 9 rows is a table."""
    counts = write(dataset([FULL] * rows), tmp_path)
    assert counts == {"things.csv": rows}
    assert pl.read_csv(tmp_path / "things.csv").height == rows


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (100.0, "100"),
        (-0.446, "-0.446"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e-7, "1e-07"),
        (1e22, "1e+22"),
        (21231, "21231"),
    ],
)
def test_numbers_keep_full_precision(tmp_path: Path, number: float, text: str) -> None:
    assert written(tmp_path, [(number,)], columns=(Column("score", "", "float"),)) == f"score\r\n{text}\r\n"
    assert float(text) == number


@pytest.mark.parametrize(
    ("typed", "cell"),
    [
        ("=1+1", "'=1+1"),
        ('=HYPERLINK("http://evil","x")', '\'=HYPERLINK("http://evil","x")'),
        ("+31 6 1234", "'+31 6 1234"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("＝1+1", "'＝1+1"),
        ("'=1", "''=1"),
        ("it is = 1", "it is = 1"),
        ("'s morgens", "'s morgens"),
        ("", ""),
    ],
)
def test_typed_text_never_begins_a_formula(tmp_path: Path, typed: str, cell: str) -> None:
    """Failure 32: a spreadsheet opens the file and runs nothing."""
    written(tmp_path, [(typed,)], columns=(Column("typed", "", "free_text"),))
    with (tmp_path / "things.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file))[1:] == ([[cell]] if cell else [[""]])


HOSTILE = st.text(alphabet=st.one_of(st.characters(codec="utf-8"), st.sampled_from("=+-@'\",;\r\n\t\\ ＝é😀")))


@given(st.lists(st.tuples(HOSTILE, HOSTILE), max_size=8))
def test_hostile_text_comes_back_unharmed(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    """Failure 32: quotes, line ends and formulas; whoever takes the guard away again has the original."""
    folder = tmp_path_factory.mktemp("csv")
    written(folder, list[Row](rows), columns=(Column("a", "", "free_text"), Column("b", "", "text")))
    with (folder / "things.csv").open(encoding="utf-8", newline="") as file:
        read = [tuple(row) for row in csv.reader(file)][1:]
    assert [tuple(map(unguarded, row)) for row in read] == rows
    assert not any(cell.startswith(FORMULA_SIGNS) for row in read for cell in row)


def unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and guarded(cell[1:]) == cell else cell


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=8))
def test_every_number_reads_back_the_same(tmp_path_factory: pytest.TempPathFactory, numbers: list[float]) -> None:
    folder = tmp_path_factory.mktemp("csv")
    text = written(folder, [(number,) for number in numbers], columns=(Column("score", "", "float"),))
    assert all(math.isclose(float(a), b, rel_tol=0, abs_tol=0) for a, b in zip(text.split()[1:], numbers, strict=True))


def test_batches_follow_each_other(tmp_path: Path) -> None:
    """Failure 27: rows come in batches, and the count is that of all of them."""
    cells: list[list[Row]] = [[(1,), (2,)], [], [(3,)]]
    columns = (Column("n", "", "integer"),)
    assert written(tmp_path, *cells, columns=columns) == "n\r\n1\r\n2\r\n3\r\n"
    assert write(dataset(*cells, columns=columns), tmp_path) == {"things.csv": 3}

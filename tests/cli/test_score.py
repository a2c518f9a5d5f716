"""`pro score`: what comes out for every way a file of forms can be, and can be wrong."""

from __future__ import annotations

import csv
import io
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types
import pyarrow.parquet as pq  # type: ignore[import-untyped]  # the same
import pytest

from pro_service.cli import run

Pro = Callable[..., tuple[int, str, str]]
Write = Callable[..., Path]

C30 = [f"q{number}" for number in range(1, 31)]
EQ = ["MO", "SC", "UA", "PD", "AD", "VAS"]
NL = ("--value-set", "nl-2016")
TWOS = ",".join(["2"] * 30)
PRO_SCORE = [sys.executable, "-c", "from pro_service.cli import main; main()", "score"]


@pytest.fixture
def pro(capsys: pytest.CaptureFixture[str]) -> Pro:
    """Runs `pro score`; exit status, standard output and standard error."""

    def score(*arguments: str | Path) -> tuple[int, str, str]:
        status = run(["score", *map(str, arguments)])
        said = capsys.readouterr()
        return status, said.out, said.err

    return score


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file of forms and answers its path."""

    def to_file(content: str | bytes, name: str = "forms.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return to_file


def eq(*rows: str, carried: str = "id") -> str:
    return "\n".join([f"{carried},{','.join(EQ)}", *rows]) + "\n"


def test_carried_columns_come_first_and_unchanged(pro: Pro, write: Write) -> None:
    carried = ["007", "1.50", 'says "no", twice', "two\nlines", "", " spaced ", "é€", "2026-01-12", "NA", "=1+1"]
    content = io.StringIO()
    writer = csv.writer(content)
    names = [f"extra {number}" for number in range(len(carried))]
    # an item column may stand anywhere among them
    writer.writerow([names[0], *EQ, *names[1:]])
    writer.writerow([carried[0], 2, 1, 2, 3, 1, 70, *carried[1:]])
    status, out, err = pro("eq-5d-5l", write(content.getvalue()), *NL)
    rows = list(csv.reader(io.StringIO(out)))
    assert (status, err) == (0, "")
    assert rows[0] == [*names, "PROFILE", "INDEX", "LSS", "VAS"]
    assert rows[1] == [*carried, "21231", "0.787", "9", "70"]


def test_scales_come_in_catalogue_order_with_full_precision_and_empty_where_not_scorable(
    pro: Pro, write: Write
) -> None:
    row = ["2"] * 30
    row[7] = ""
    status, out, _ = pro("qlq-c30", write(f"{','.join(C30)}\n{','.join(row)}\n"))
    header, scores = out.splitlines()
    assert status == 0
    assert header == "QL2,PF2,RF2,EF,CF,SF,FA,NV,PA,DY,SL,AP,CO,DI,FI,SUMMARY"
    assert scores.split(",")[:2] == ["16.666666666666668", "66.66666666666667"]
    assert (scores.split(",")[9], scores.split(",")[15]) == ("", "")


@pytest.mark.parametrize("separator", [";", "\t", ","])
def test_a_byte_order_mark_and_other_separators_are_understood(pro: Pro, write: Write, separator: str) -> None:
    content = eq("A,2,1,2,3,1,70").replace(",", separator).replace("\n", "\r\n")
    status, out, err = pro("eq-5d-5l", write(b"\xef\xbb\xbf" + content.encode()), *NL)
    assert (status, err) == (0, "")
    assert out == "id,PROFILE,INDEX,LSS,VAS\nA,21231,0.787,9,70\n"


def test_a_file_parted_by_semicolons_may_write_a_decimal_comma(pro: Pro, write: Write) -> None:
    items = (
        "work;hours_week;days_week;absent;absent_days;absent_long;"
        "bothered;bothered_days;bothered_output;unpaid;unpaid_days;unpaid_hours_day"
    )
    status, out, err = pro("ipcq", write(f"{items}\n0;;;;;;;;;1;10;2,5\n"), "--value-set", "nl-prices-2022")
    assert (status, err) == (0, "")
    assert out.splitlines()[1] == "0,0,25,0,0,470,470"


def test_what_an_item_does_not_allow_is_missing_and_counted_in_one_line(pro: Pro, write: Write) -> None:
    rows = ["A,6,1,1,1,1,101", "B,0,1,1,1,1,50.5", "C,many,1,1,1,1,-1", "D,na,1,1,1,1,1e3", "E,NA,1,1,1,1,0x10",
            "F,declined,1,1,1,1,٣", "G, 1 ,1,1,1,1,1_0", "H,+1,1.0,1e0,1,1,100"]  # fmt: skip
    status, out, err = pro("eq-5d-5l", write(eq(*rows)), *NL)
    assert status == 0
    assert err == ("warning: values not allowed were taken as missing: MO 5, VAS 7; forms without any score: 6 of 8\n")
    assert out.splitlines()[1:] == [
        *(f"{person},,,," for person in "ABCDEF"), "G,11111,1,5,", "H,11111,1,5,100",
    ]  # fmt: skip


def test_not_applicable_is_told_from_missing(pro: Pro, write: Write) -> None:
    items = [f"q{number}" for number in range(1, 31)]
    rows = [["na"] * 30, ["5"] * 14 + ["na"] + ["3"] * 15, ["5"] * 14 + [""] * 16]
    status, out, err = pro("tess-le", write("\n".join(",".join(row) for row in [items, *rows])))
    assert (status, err) == (0, "")
    assert out.splitlines() == ["TESS,N_ANSWERED,N_NA", ",0,30", "74.13793103448276,29,1", ",14,0"]


WRONG = [
    ("id,MO,SC,UA,PD\nA,1,1,1,1\n", "forms.csv: no column AD, VAS"),
    ("MO,SC,UA,PD,AD,VAS,MO\n", "forms.csv: more than one column MO"),
    (eq("A,1,1,1,1,1,1", carried="INDEX"), "forms.csv: a column already bears the name of a scale: INDEX"),
    ("", "forms.csv has no header line"),
    ("\n\n", "forms.csv has no header line"),
    (eq("B,1,1"), "forms.csv has no row like its header: row 1 under the header has 3 of 7 cells"),
    (eq("A,1,1,1,1,1,50").encode("utf-16-le"), "forms.csv is not UTF-8 text: save it as CSV in UTF-8"),
    (eq("é,1,1,1,1,1,50").encode("latin-1"), "forms.csv is not UTF-8 text: save it as CSV in UTF-8"),
    (eq("A,1,1,1,1,1,50", carried="é").encode("latin-1"), "forms.csv is not UTF-8 text: save it as CSV in UTF-8"),
]


@pytest.mark.parametrize(("content", "message"), WRONG)
def test_a_table_that_does_not_fit_is_refused_and_nothing_is_written(
    pro: Pro, write: Write, tmp_path: Path, content: str | bytes, message: str
) -> None:
    target = tmp_path / "scores.csv"
    target.write_text("from yesterday")
    status, out, err = pro("eq-5d-5l", write(content), *NL, "--output", target)
    assert (status, out, err) == (1, "", f"invalid-table: {message}\n")
    assert target.read_text() == "from yesterday"
    assert sorted(path.name for path in tmp_path.iterdir() if "csv" in path.name) == ["forms.csv", "scores.csv"]


def test_a_broken_row_is_named_without_its_answers(pro: Pro, write: Write) -> None:
    _, _, err = pro("eq-5d-5l", write(eq("A,1,1,1,1,1,50", "secret,1,1")), *NL)
    assert "secret" not in err


USAGE = [
    (["QLQ-C3", "forms.csv"], "QLQ-C3: did you mean qlq-c30? there are "),
    (["no-such", "forms.csv"], "no-such: there are "),
    (["eq-5d-5l", "forms.csv"], "INDEX of eq-5d-5l needs --value-set: one of nl-2016, england-2018, us-2019"),
    (["imcq", "forms.csv"], "TOTAL of imcq needs --value-set: one of nl-prices-2022"),
    (["eq-5d-5l", "forms.csv", "--value-set", "nl-2006"], "nl-2006: eq-5d-5l takes nl-2016"),
    (["eq-5d-5l", "forms.csv", "--value-set", "nl-prices-2022"], "nl-prices-2022: eq-5d-5l takes nl-2016"),
    (["qlq-c30", "forms.csv", *NL], "nl-2016: qlq-c30 takes none"),
    (["qlq-c30", "forms.csv", "--missing-rule", "most"], "most: qlq-c30 takes default, half, more-than-half, all"),
    (["eq-5d-5l", "forms.csv", *NL, "--missing-rule", "half"], "half: eq-5d-5l takes default"),
    (["qlq-c30", "absent.csv"], "does not exist"),
    (["qlq-c30", "forms.xlsx"], "expected a name that ends in .csv, .csv.gz or .parquet"),
    (["qlq-c30", "forms.csv", "--output", "scores.sav"], "expected a name that ends in .csv or .parquet"),
    (["qlq-c30"], "Missing argument 'INPUT'"),
]


@pytest.mark.parametrize(("arguments", "message"), USAGE)
def test_wrong_use_says_what_would_be_right(
    *, pro: Pro, write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str], message: str
) -> None:
    write(eq())
    write("", "forms.xlsx")
    monkeypatch.chdir(tmp_path)
    status, out, err = pro(*arguments)
    assert (status, out) == (2, "")
    assert message in err


@pytest.mark.parametrize("rows", [0, 1, 9])
def test_any_number_of_rows_will_do(pro: Pro, write: Write, rows: int) -> None:
    status, out, err = pro("eq-5d-5l", write(eq(*[f"{row},1,1,1,1,1,100" for row in range(rows)])), *NL)
    assert (status, err) == (0, "" if rows else "warning: forms.csv has no forms under its header\n")
    assert out.splitlines() == ["id,PROFILE,INDEX,LSS,VAS", *[f"{row},11111,1,5,100" for row in range(rows)]]


def test_another_missing_rule(pro: Pro, write: Write) -> None:
    row = ",".join(["2", "", ""] + ["2"] * 27)
    path = write(f"{','.join(C30)}\n{row}\n")
    by_rule = {rule: pro("qlq-c30", path, "--missing-rule", rule)[1].splitlines()[1].split(",")[1]
               for rule in ("default", "half", "all")}  # fmt: skip
    assert by_rule == {"default": "66.66666666666667", "half": "66.66666666666667", "all": ""}


def test_standard_input_and_output(write: Write) -> None:
    command = [*PRO_SCORE, "eq-5d-5l", "-", *NL]
    done = subprocess.run(command, input=eq("A,2,1,2,3,1,70").encode(), capture_output=True, check=True)
    assert done.stdout == b"id,PROFILE,INDEX,LSS,VAS\nA,21231,0.787,9,70\n"


def test_parquet_keeps_the_types_of_what_it_carries(pro: Pro, tmp_path: Path) -> None:
    source, target = tmp_path / "forms.parquet", tmp_path / "scores.parquet"
    table = pa.table({
        "id": pa.array([1, 2], pa.int32()),
        "visit": pa.array(["a", None]).dictionary_encode(),
        "MO": pa.array([2, None], pa.int8()), "SC": pa.array([1.0, 1.0]), "UA": pa.array(["2", "1"]),
        "PD": pa.array([Decimal(3), Decimal(1)]), "AD": pa.array(["1", "9"]).dictionary_encode(),
        "VAS": pa.array([70, 250], pa.uint8()),
    })  # fmt: skip
    pq.write_table(table, source)
    status, out, err = pro("eq-5d-5l", source, *NL, "--output", target)
    scored = pq.read_table(target)
    assert (status, out) == (0, "")
    assert err == ("warning: values not allowed were taken as missing: AD 1, VAS 1; forms without any score: 1 of 2\n")
    assert scored.schema.field("id").type == pa.int32()
    assert scored.drop_columns("visit").to_pylist() == [
        {"id": 1, "PROFILE": "21231", "INDEX": 0.787, "LSS": 9.0, "VAS": 70.0},
        {"id": 2, "PROFILE": None, "INDEX": None, "LSS": None, "VAS": None},
    ]
    assert scored["visit"].to_pylist() == ["a", None]


def test_a_parquet_column_of_another_kind_is_refused(pro: Pro, tmp_path: Path) -> None:
    source = tmp_path / "forms.parquet"
    pq.write_table(pa.table({item: pa.array([0], pa.timestamp("ms")) for item in EQ}), source)
    status, _, err = pro("eq-5d-5l", source, *NL)
    assert (status, err) == (1, "invalid-table: column MO holds timestamp[ms], expected numbers\n")


def test_a_file_that_is_only_called_parquet_is_refused(pro: Pro, write: Write) -> None:
    status, _, err = pro("eq-5d-5l", write(eq(), "forms.parquet"), *NL)
    assert (status, err) == (1, "invalid-table: forms.parquet is not a Parquet file\n")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_file_that_cannot_be_written_is_told_by_the_name_that_was_asked_for(
    pro: Pro, write: Write, tmp_path: Path, suffix: str
) -> None:
    target = tmp_path / "nowhere" / f"scores.{suffix}"
    status, _, err = pro("eq-5d-5l", write(eq("A,1,1,1,1,1,70")), *NL, "--output", target)
    assert (status, err) == (1, f"file-error: No such file or directory: {target}\n")


def test_csv_to_parquet_to_csv_gives_the_same_scores(pro: Pro, write: Write, tmp_path: Path) -> None:
    source = write(eq("A,2,1,2,3,1,70", "B,5,5,5,5,5,0", "C,,1,1,1,1,"))
    pro("eq-5d-5l", source, *NL, "--output", tmp_path / "scores.parquet")
    _, direct, _ = pro("eq-5d-5l", source, *NL)
    rows = pq.read_table(tmp_path / "scores.parquet").to_pylist()
    expected = [{name: cell or None for name, cell in row.items()} for row in csv.DictReader(io.StringIO(direct))]
    written = [{name: None if cell is None else f"{cell:g}" if isinstance(cell, float) else cell
                for name, cell in row.items()} for row in rows]  # fmt: skip
    assert written == expected


def test_the_order_of_rows_holds_over_many_batches(pro: Pro, write: Write, tmp_path: Path) -> None:
    rows = 70_000
    source = write("id," + ",".join(C30) + "\n" + "".join(f"P{row},{TWOS}\n" for row in range(rows)))
    target = tmp_path / "scores.csv"
    assert pro("qlq-c30", source, "--output", target) == (0, "", "")
    lines = target.read_text().splitlines()[1:]
    assert len(lines) == rows
    assert all(line.startswith(f"P{row},16.66") for row, line in enumerate(lines))


def test_memory_does_not_grow_with_the_file(write: Write, tmp_path: Path) -> None:
    peaks = [_peak_megabytes(write("id," + ",".join(C30) + "\n" + f"P1,{TWOS}\n" * rows), tmp_path / "out.csv")
             for rows in (40_000, 400_000)]  # fmt: skip
    # held whole, the bigger file's texts, numbers and scores would take more than 150 MB
    assert peaks[1] - peaks[0] < 64


def _peak_megabytes(source: Path, target: Path) -> float:
    """The kernel's high-water mark of the program alone; `ru_maxrss` would count this process before exec."""
    program = (
        "import sys; from pro_service.cli import run; status = run(sys.argv[1:]); "
        "print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0]); sys.exit(status)"
    )
    command = [sys.executable, "-c", program, "score", "qlq-c30", str(source), "--output", str(target)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout) / 1024


def test_scoring_a_file_loads_no_database_web_or_queue() -> None:
    program = (
        "import sys, pro_service.cli.score, pro_service.cli.instruments\n"
        "print(sorted({'flask', 'celery', 'sqlalchemy', 'polars', 'alembic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("suffix", "piped", "shown"),
    [(".csv", False, "100%  3 forms"), (".parquet", False, "100%  3 forms"), (".csv", True, "3 forms")],
)
def test_a_terminal_sees_how_far_it_is(tmp_path: Path, suffix: str, piped: bool, shown: str) -> None:
    source = tmp_path / f"forms{suffix}"
    if suffix == ".csv":
        source.write_text(f"{','.join(C30)}\n" + f"{TWOS}\n" * 3)
    else:
        pq.write_table(pa.table({item: [2, 2, 2] for item in C30}), source)
    ours, theirs = pty.openpty()
    try:
        subprocess.run(
            [*PRO_SCORE, "qlq-c30", "-" if piped else source, "--output", tmp_path / "scores.csv"],
            input=source.read_bytes() if piped else None,
            stderr=theirs,
            check=True,
        )
        seen = os.read(ours, 10_000).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    assert "Scoring  [" in seen
    assert shown in seen


def test_a_terminal_that_shows_the_scores_shows_no_bar_among_them(tmp_path: Path) -> None:
    source = tmp_path / "forms.csv"
    source.write_text(f"{','.join(C30)}\n{TWOS}\n")
    ours, theirs = pty.openpty()
    try:
        subprocess.run([*PRO_SCORE, "qlq-c30", source], stdout=theirs, stderr=theirs, check=True)
        seen = os.read(ours, 10_000).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    assert seen.startswith("QL2,PF2")

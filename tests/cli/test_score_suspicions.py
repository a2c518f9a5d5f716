"""`pro score` on files that are not what they seem: what can be scored is, and what looks wrong is told with counts."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types
import pyarrow.parquet as pq  # type: ignore[import-untyped]  # the same
import pytest

from pro_service.cli import run
from pro_service.instruments import load_catalogue

Score = Callable[..., tuple[int, list[list[str]], list[str]]]

C30 = [f"q{number}" for number in range(1, 31)]
EQ = ["MO", "SC", "UA", "PD", "AD", "VAS"]
Rows = list[list[object]]


@pytest.fixture
def score(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Score:
    """Writes a file, runs `pro score`: exit status, the cells written, the lines of standard error."""

    def run_on(instrument: str, header: Sequence[str], rows: Rows, *options: str, parted: str = ",") -> tuple[
        int, list[list[str]], list[str]
    ]:  # fmt: skip
        source = tmp_path / "forms.csv"
        source.write_text("\n".join(parted.join(map(str, row)) for row in [header, *rows]) + "\n")
        status = run(["score", instrument, str(source), *options])
        said = capsys.readouterr()
        return status, [line.split(",") for line in said.out.splitlines()], said.err.splitlines()

    return run_on


def states(number: int, top: int) -> Rows:
    """Health states with ids, every level up to the highest one among them."""
    dice = random.Random(5)
    return [[f"P{row}", *(dice.randint(1, top) for _ in range(5)), 70] for row in range(number)]


def c30(number: int) -> Rows:
    dice = random.Random(30)
    return [[f"P{row}", *(dice.randint(1, 4) for _ in range(28)), *(dice.randint(1, 7) for _ in range(2))]
            for row in range(number)]  # fmt: skip


def test_a_good_file_raises_no_suspicion(score: Score) -> None:
    assert score("qlq-c30", ["id", *C30], c30(200))[2] == []
    assert score("eq-5d-5l", ["id", *EQ], states(200, 5), "--value-set", "nl-2016")[2] == []
    assert score("eq-5d-3l", ["id", *EQ], states(200, 3), "--value-set", "nl-2006")[2] == []


def test_three_levels_scored_as_five_are_noticed(score: Score) -> None:
    """Trap 17: every code is allowed, so only the whole file tells."""
    status, rows, err = score("eq-5d-5l", ["id", *EQ], states(30, 3), "--value-set", "nl-2016")
    assert (status, len(rows)) == (0, 31)
    assert err == [
        "warning: EQ-5D-3L? no answer above 3 to MO SC UA PD AD in 30 forms; if so, score it as eq-5d-3l",
    ]
    assert score("eq-5d-5l", ["id", *EQ], states(29, 3), "--value-set", "nl-2016")[2] == []
    assert score("eq-5d-5l", ["id", *EQ], states(200, 2), "--value-set", "nl-2016")[2] == []


def test_five_levels_scored_as_three_are_noticed(score: Score) -> None:
    """Trap 17: 4 and 5 are missing and counted, and the file is called by its name."""
    _, _, err = score("eq-5d-3l", ["id", *EQ], [["A", 4, 1, 1, 1, 5, 70], ["B", 5, 1, 2, 1, 1, 70]],
                      "--value-set", "nl-2006")  # fmt: skip
    assert err == [
        "warning: values not allowed were taken as missing: MO 2, AD 1",
        "warning: EQ-5D-5L? answers that only it allows: MO 2, AD 1; if so, score it as eq-5d-5l",
    ]


def test_the_first_version_scored_as_the_third_is_noticed(score: Score) -> None:
    """Trap 14: its first seven items were answered with yes or no; the others were not."""
    old = [[row[0], *(1 + int(str(cell)) // 3 for cell in row[1:8]), *row[8:]] for row in c30(40)]
    _, _, err = score("qlq-c30", ["id", *C30], old)
    assert err == [
        "warning: QLQ-C30 version 1.0? no answer above 2 to q1 q2 q3 q4 q5 q6 q7 in 40 forms; "
        "if so, it cannot be scored as this",
    ]
    well = [[row[0], *[1 + int(str(row[1])) % 2] * 28, 6, 6] for row in c30(40)]
    assert score("qlq-c30", ["id", *C30], well)[2] == []


def test_codes_from_nought_are_noticed(score: Score) -> None:
    """Trap 6: options counted from 0 would shift every scale."""
    shifted = [[row[0], *(int(str(cell)) - 1 for cell in row[1:])] for row in c30(50)]
    _, _, err = score("qlq-c30", ["id", *C30], shifted)
    noughts = [sum(row[place] == 0 for row in shifted) for place in range(1, 7)]
    counts = ", ".join(f"q{place} {count}" for place, count in enumerate(noughts, start=1))
    assert err[0].startswith(f"warning: values not allowed were taken as missing: {counts}, q7 ")
    assert err[1] == (
        f"warning: coded from 0? 0 was seen and the highest code never: {counts} and 24 more; "
        "the codes of qlq-c30 start at 1"
    )


def test_a_nought_for_missing_is_not_called_coded_from_nought(score: Score) -> None:
    rows = c30(50)
    for row in rows[:10]:
        row[28] = 0
    _, _, err = score("qlq-c30", ["id", *C30], rows)
    assert [line.split(": ")[1] for line in err] == ["values not allowed were taken as missing"]


def test_swapped_columns_are_noticed(score: Score) -> None:
    header = ["id", *C30[:27], "q29", "q28", "q30"]
    _, _, err = score("qlq-c30", header, c30(50))
    assert len(err) == 2
    assert err[1].startswith("warning: columns swapped? q28 has ")
    assert err[1].endswith(" values that it does not allow and q29 does, which in turn holds none that q28 does not")
    _, _, err = score("eq-5d-5l", ["id", "VAS", *EQ[1:5], "MO"], states(20, 5), "--value-set", "nl-2016")
    assert "columns swapped? MO has 20 values that it does not allow and VAS does" in err[1]


def test_words_instead_of_codes_are_named(score: Score) -> None:
    rows = [[row[0], *["Quite a bit"] * 28, 6, 6] for row in c30(12)]
    status, out, err = score("qlq-c30", ["id", *C30], rows)
    assert (status, len(out)) == (0, 13)
    assert err[1] == (
        "warning: words instead of numbers: q1 12, q2 12, q3 12, q4 12, q5 12, q6 12 and 22 more; "
        "expected one of 1, 2, 3, 4"
    )
    assert "Quite" not in " ".join(err)


def test_a_few_words_among_codes_are_only_counted(score: Score) -> None:
    rows = c30(12)
    rows[0][3] = "unknown"
    assert score("qlq-c30", ["id", *C30], rows)[2] == ["warning: values not allowed were taken as missing: q3 1"]


@pytest.mark.parametrize("carried", [["id"], ["id", "visit"]])
def test_ids_given_twice_are_counted_and_scored(score: Score, carried: list[str]) -> None:
    keys = [["A", "1"], ["B", "1"], ["A", "2"], ["A", "1"], ["", "1"], ["", "1"]]
    rows: Rows = [[*key[: len(carried)], 1, 1, 1, 1, 1, place] for place, key in enumerate(keys)]
    status, out, err = score("eq-5d-5l", [*carried, *EQ], rows, "--value-set", "nl-2016")
    again = {1: 3, 2: 2}[len(carried)]
    assert (status, len(out)) == (0, 7)
    assert err == [f"warning: rows with the same {', '.join(carried)} as an earlier row: {again}; each was scored"]


def test_ids_that_only_look_alike_are_not_called_the_same(score: Score) -> None:
    ids = ["1", "01", "1.0", "10", "100", "A", "a", "AB", "BA", "é", "e", '"x,y"', '"x"', "y,x"[:1], "A1", "1A"]
    rows: Rows = [[key, 1, 1, 1, 1, 1, 50] for key in dict.fromkeys(ids)]
    assert score("eq-5d-5l", ["id", *EQ], rows, "--value-set", "nl-2016")[2] == []


def test_ids_are_compared_across_batches_and_kinds_of_column(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    number = 70_000
    table = pa.table({
        "id": pa.array(range(number)), "site": pa.array(["a", "b"] * (number // 2)).dictionary_encode(),
        "weight": pa.array([0.5, None] * (number // 2)), **{item: pa.array([1] * number, pa.int8()) for item in EQ},
    })  # fmt: skip
    pq.write_table(pa.concat_tables([table, table.slice(7, 3)]), tmp_path / "forms.parquet")
    status = run(["score", "eq-5d-5l", str(tmp_path / "forms.parquet"), "--value-set", "nl-2016",
                  "--output", str(tmp_path / "scores.parquet")])  # fmt: skip
    assert (status, capsys.readouterr().err) == (
        0, "warning: rows with the same id, site, weight as an earlier row: 3; each was scored\n",
    )  # fmt: skip


def test_rows_that_do_not_fit_are_left_out_and_counted(score: Score) -> None:
    rows: Rows = [["A", 1, 1, 1, 1, 1, 50], ["B", 1, 1], ["C", 5, 5, 5, 5, 5, 0], ["x"], ["y"], ["secret"]]
    status, out, err = score("eq-5d-5l", ["id", *EQ], rows, "--value-set", "nl-2016")
    assert status == 1
    assert [row[0] for row in out] == ["id", "A", "C"]
    assert err == [
        "warning: rows of forms.csv left out: 4 (row 2 under the header has 3 of 7 cells; "
        "row 4 under the header has 1 of 7 cells; row 5 under the header has 1 of 7 cells; and 1 more)"
    ]


@pytest.mark.parametrize("parted", [";", "\t"])
def test_decimal_commas_are_read_where_commas_part_nothing(score: Score, parted: str) -> None:
    rows: Rows = [[1, "2,5", 0, "37,5", 2, 1]]
    status, out, err = score("wpai", C30[:6], rows, parted=parted)
    assert (status, err) == (0, [])
    assert out[1] == ["6.25", "20", "25", "10"]


def test_a_line_that_tells_a_spreadsheet_the_separator_is_no_header(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "forms.csv"
    source.write_bytes(b"\xef\xbb\xbfsep=;\r\n" + f"id;{';'.join(EQ)}\r\nA;2;1;2;3;1;70\r\n".encode())
    status = run(["score", "eq-5d-5l", str(source), "--value-set", "nl-2016"])
    assert (status, capsys.readouterr().out) == (0, "id,PROFILE,INDEX,LSS,VAS\nA,21231,0.787,9,70\n")


ONES = {item: pa.array([1, 1], pa.int8()) for item in EQ}
UNWRITABLE = [
    (pa.array([[1], [2]]), "column x holds list<element: int64>, which no CSV can carry: write Parquet"),
    (pa.array([b"a", b"b"]), "column x holds binary, which no CSV can carry: write Parquet"),
]


@pytest.mark.parametrize(("column", "message"), UNWRITABLE, ids=["lists", "bytes"])
def test_what_no_csv_can_carry_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], column: pa.Array, message: str
) -> None:
    source = tmp_path / "forms.parquet"
    pq.write_table(pa.table({**ONES, "x": column}), source)
    assert run(["score", "eq-5d-5l", str(source), "--value-set", "nl-2016"]) == 1
    assert capsys.readouterr().err == f"invalid-table: {message}\n"
    assert (
        run(["score", "eq-5d-5l", str(source), "--value-set", "nl-2016", "--output", str(tmp_path / "s.parquet")]) == 0
    )
    assert pq.read_table(tmp_path / "s.parquet")["x"].combine_chunks() == column


def test_dates_and_truth_values_are_carried_into_a_csv(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "forms.parquet"
    pq.write_table(pa.table({**ONES, "on": pa.array([date(2026, 1, 12), None]), "ok": pa.array([True, None])}), source)
    assert run(["score", "eq-5d-5l", str(source), "--value-set", "nl-2016"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == ["2026-01-12,true,11111,1,5,1", ",,11111,1,5,1"]


def test_a_damaged_file_is_called_so_and_leaves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = tmp_path / "forms.parquet", tmp_path / "scores.parquet"
    pq.write_table(pa.table(ONES), source)
    octets = bytearray(source.read_bytes())
    octets[10:60] = b"\xff" * 50
    source.write_bytes(octets)
    assert run(["score", "eq-5d-5l", str(source), "--value-set", "nl-2016", "--output", str(target)]) == 1
    assert capsys.readouterr().err == "invalid-table: forms.parquet is damaged: not all of it can be read\n"
    assert [path.name for path in tmp_path.iterdir()] == ["forms.parquet"]


def test_lines_of_an_old_machine_are_refused_with_the_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "forms.csv"
    source.write_text(f"{','.join(EQ)}\r1,1,1,1,1,50\r", newline="")
    assert run(["score", "eq-5d-5l", str(source), "--value-set", "nl-2016"]) == 1
    assert capsys.readouterr().err == (
        "invalid-table: forms.csv has lines that end with a carriage return alone: save it as CSV again\n"
    )


def test_names_in_other_capitals_are_pointed_out(score: Score) -> None:
    status, _, err = score("eq-5d-5l", [item.lower() for item in EQ], [[1] * 6], "--value-set", "nl-2016")
    assert status == 1
    assert err == [
        "invalid-table: forms.csv: no column MO, SC, UA, PD, AD, VAS; there is mo, sc, ua, pd, ad, vas, "
        "and capitals count"
    ]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_columns_may_have_the_names_of_another_program(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], suffix: str
) -> None:
    items = load_catalogue()["pro-ctcae"].items
    names = [item.also[0] if place % 2 else item.code for place, item in enumerate(items)]
    assert {"PROCTCAE_1A_SCL", "PROCTCAE_48C_SCL", "PROCTCAE_80A_SCL"} <= {item.also[0] for item in items}
    source = tmp_path / f"forms{suffix}"
    if suffix == ".csv":
        source.write_text(f"{','.join(names)},note\n{','.join(['1'] * len(items))},hello\n")
    else:
        pq.write_table(pa.table({**{name: [1] for name in names}, "note": ["hello"]}), source)
    assert run(["score", "pro-ctcae", str(source)]) == 0
    header, scores = capsys.readouterr().out.splitlines()
    assert header.startswith("note,T1,T2,T3,T4,T6,")
    assert scores == ",".join(["hello", *["1"] * 59])


def test_a_column_given_under_two_names_is_refused(score: Score) -> None:
    items = load_catalogue()["pro-ctcae"].items
    header = [*(item.code for item in items), "PROCTCAE_1A_SCL"]
    status, _, err = score("pro-ctcae", header, [[1] * len(header)])
    assert (status, err) == (1, ["invalid-table: forms.csv: more than one column t1S"])

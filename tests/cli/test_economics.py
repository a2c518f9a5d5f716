"""`pro economics qaly` and `pro economics cea`: what comes out for every way a file can be, and can be wrong."""

from __future__ import annotations

import csv
import hashlib
import json
import random
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types
import pyarrow.parquet as pq  # type: ignore[import-untyped]  # the same
import pytest

from pro_service.cli import run

Pro = Callable[..., tuple[int, str, str]]
Write = Callable[..., Path]

UTILITIES = """id,arm,time,utility,death_time
007,short,0,0.8,
007,short,2.5,0.9,
12,long,1,0.7,1.5
007,short,1,0.6,
12,long,0,0.5,
"""
PEOPLE = """id,arm,cost,effect
1,old,100,1
2,new,500,2.5
3,old,300,2
4,new,700,2.5
"""


@pytest.fixture
def pro(capsys: pytest.CaptureFixture[str]) -> Pro:
    """Runs `pro economics`; exit status, standard output and standard error."""

    def economics(*arguments: str | Path) -> tuple[int, str, str]:
        status = run(["economics", *map(str, arguments)])
        said = capsys.readouterr()
        return status, said.out, said.err

    return economics


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file and answers its path."""

    def to_file(content: str, name: str = "input.csv") -> Path:
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return path

    return to_file


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def test_one_row_per_person_in_the_order_they_come(pro: Pro, write: Write, tmp_path: Path) -> None:
    status, _, err = pro("qaly", write(UTILITIES), "--output", tmp_path / "qalys.csv")
    assert (status, err) == (0, "")
    short, long = table(tmp_path / "qalys.csv")
    assert list(short) == ["id", "arm", "qaly", "qaly_discounted", "observed_years", "censored"]
    assert (short["id"], short["arm"], short["observed_years"], short["censored"]) == ("007", "short", "2.5", "true")
    assert (long["id"], long["arm"], long["observed_years"], long["censored"]) == ("12", "long", "1.5", "false")
    assert float(short["qaly"]) == pytest.approx(1.825)
    # 0.6 to 0.8 in the second year, 0.8 to 0.9 in the half of the third
    assert float(short["qaly_discounted"]) == pytest.approx(0.7 + 0.7 / 1.015 + 0.425 / 1.015**2)
    assert float(long["qaly"]) == pytest.approx(0.775)
    assert float(long["qaly_discounted"]) == pytest.approx(0.6 + 0.175 / 1.015)


def test_conventions_can_be_chosen(pro: Pro, write: Write) -> None:
    source = write(UTILITIES)
    _, out, _ = pro("qaly", source, "--death", "carry", "--discount", "0.1", "--discount-timing", "annual")
    long = list(csv.DictReader(out.splitlines()))[1]
    assert float(long["qaly"]) == pytest.approx(0.95)
    assert float(long["qaly_discounted"]) == pytest.approx(0.6 + 0.35 / 1.1)
    _, out, _ = pro("qaly", source, "--discount", "0.1", "--discount-timing", "continuous")
    assert float(list(csv.DictReader(out.splitlines()))[1]["qaly_discounted"]) < 0.6 + 0.175


def test_parquet_semicolons_and_any_order_of_rows_make_the_same(pro: Pro, write: Write, tmp_path: Path) -> None:
    rows = list(csv.DictReader(UTILITIES.splitlines()))
    columns = {name: [float(row[name]) if row[name] else None for row in rows] for name in ("time", "utility")}
    columns["death_time"] = [None, None, 1.5, None, 1.5]
    ids = [7 if row["id"] == "007" else 12 for row in rows]
    pq.write_table(pa.table({"id": ids, **columns}), tmp_path / "utilities.parquet")
    status, _, _ = pro("qaly", tmp_path / "utilities.parquet", "--output", tmp_path / "qalys.parquet")
    found = pq.read_table(tmp_path / "qalys.parquet").to_pydict()
    assert status == 0
    assert found["id"] == [7, 12]
    assert found["censored"] == [True, False]
    _, out, _ = pro("qaly", write(UTILITIES))
    semicolons = UTILITIES.replace(",", ";").replace(".", ",")
    assert pro("qaly", write(semicolons, "spreadsheet.csv"))[1] == out
    header, *lines = UTILITIES.splitlines()
    backwards = "\n".join([header, *reversed(lines)]) + "\n"
    _, reversed_out, _ = pro("qaly", write(backwards, "backwards.csv"))
    assert sorted(reversed_out.splitlines()) == sorted(out.splitlines())
    assert found["qaly"] == [float(row["qaly"]) for row in csv.DictReader(out.splitlines())]


def test_what_was_left_out_is_told(pro: Pro, write: Write) -> None:
    source = write(
        "id,time,utility,death_time\n"
        "a,0,0.5,2\na,1,0.7,2\na,1,0.9,2\na,2,0,2\na,2.5,0.8,2\n"
        "b,0,NA,\nb,,,\n"
        "c,0.25,0.5,\n"
    )
    status, out, err = pro("qaly", source)
    assert status == 0
    rows = {row["id"]: row for row in csv.DictReader(out.splitlines())}
    assert float(rows["a"]["qaly"]) == pytest.approx(0.65 + 0.4)
    assert rows["b"]["qaly"] == ""
    assert (rows["b"]["observed_years"], rows["b"]["censored"]) == ("0", "true")
    assert err.splitlines() == [
        "warning: rows without a utility, left out: 2",
        "warning: rows at or after the person's death, left out: 1",
        "warning: rows at the same time as another of the person, of which the mean counts: 1",
        "warning: people without any observation; their QALYs are empty: 1",
        "warning: people first seen after randomisation; nothing is counted before that: 1",
        "warning: people seen once; their QALYs are 0 over 0 years: 1",
    ]


WRONG = [
    ("id,time\n1,0\n", "no column utility"),
    ("id,Time,utility\n1,0,1\n", "no column time; there is Time, and capitals count"),
    ("id,time,utility,utility\n1,0,1,1\n", "more than one column utility"),
    ("id,time,utility\n", "has no rows"),
    ("id,time,utility\n1,0,1\n1,1\n", "row 2 under the header has 2 of 3 cells"),
    ("id,time,utility\n1,0,1\n1,1,80\n", "row 2, column utility: expected a utility from -2 to 1"),
    ("id,time,utility\n1,0,1\n1,1,-9\n", "row 2, column utility: expected a utility from -2 to 1"),
    ("id,time,utility\n1,0,good\n", "row 1, column utility: expected a utility"),
    ("id,time,utility\n1,365,1\n", "row 1, column time: expected years since randomisation, from -1 to 100"),
    ("id,time,utility\n1,1e999,1\n", "row 1, column time: expected years since randomisation, from -1 to 100"),
    ("id,time,utility\n1,,1\n", "row 1, column time: expected a time, as there is a utility"),
    ("id,time,utility\n ,0,1\n", "row 1, column id: expected a name"),
    ("id,time,utility,death_time\n1,0,1,2\n1,1,1,3\n", "row 2, column death_time: expected the same death"),
    ("id,time,utility,death_time\n1,0,1,-2\n", "row 1, column death_time: expected years from randomisation to death"),
    ("id,time,utility,arm\n1,0,1,a\n1,1,1,b\n", "row 2, column arm: expected the arm of the person's first row"),
]


@pytest.mark.parametrize(("content", "said"), WRONG)
def test_a_file_that_cannot_be_used_is_refused_whole(
    pro: Pro, write: Write, tmp_path: Path, content: str, said: str
) -> None:
    status, out, err = pro("qaly", write(content), "--output", tmp_path / "qalys.csv")
    assert (status, out) == (1, "")
    assert err.startswith("invalid-table: ")
    assert said in err
    assert "good" not in err
    assert not (tmp_path / "qalys.csv").exists()


def test_bad_rows_are_listed_and_the_list_has_an_end(pro: Pro, write: Write) -> None:
    lines = ["id,time,utility", *(f"{number},0,{5 if number % 2 else 0.5}" for number in range(60))]
    status, _, err = pro("qaly", write("\n".join(lines) + "\n"))
    assert status == 1
    told = err.splitlines()
    assert "30 cells cannot be used" in told[0]
    assert told[1] == "row 2, column utility: expected a utility from -2 to 1"
    assert (len(told), told[-1]) == (22, "and 10 more")


def test_a_column_of_the_wrong_kind_is_refused(pro: Pro, tmp_path: Path) -> None:
    wrong = {"id": ["a"], "time": [pa.scalar(0).as_py()], "utility": [[0.5]]}
    pq.write_table(pa.table(wrong), tmp_path / "lists.parquet")
    status, _, err = pro("qaly", tmp_path / "lists.parquet")
    assert status == 1
    assert "column utility holds list" in err


def test_the_folder_holds_tables_pictures_and_what_they_were_made_from(pro: Pro, write: Write, tmp_path: Path) -> None:
    source, cea = write(PEOPLE), tmp_path / "cea"
    wtp = ("--wtp", "0:2000:500")
    status, out, err = pro("cea", source, "--reference", "old", *wtp, "--bootstrap", "1000", "--output", cea)
    assert (status, err) == (0, "")
    assert out.startswith("new: cost +400.00 (+200.00 to +600.00), effect +1.0000 (")
    pictures = {"ceac.png", "ceac.svg", "plane.png", "plane.svg"}
    tables = {"arms.csv", "incremental.csv", "inmb.csv", "ceac.csv", "replicates.csv"}
    assert {path.name for path in cea.iterdir()} == pictures | tables | {"manifest.json"}
    assert table(cea / "arms.csv")[0] == {"arm": "old", "people": "2", "cost": "200", "effect": "1.5"}
    (seen,) = table(cea / "incremental.csv")
    assert (seen["incremental_cost"], seen["incremental_effect"], seen["icer"]) == ("400", "1", "400")
    assert (seen["quadrant"], seen["verdict"]) == ("north-east", "trade-off")
    inmb = {row["wtp"]: float(row["inmb"]) for row in table(cea / "inmb.csv")}
    assert inmb == {"0": -400, "500": 100, "1000": 600, "1500": 1100, "2000": 1600}
    assert [row["wtp"] for row in table(cea / "ceac.csv")] == list(inmb)
    assert float(table(cea / "ceac.csv")[0]["probability"]) == 0
    manifest = json.loads((cea / "manifest.json").read_text())
    assert manifest["input"]["sha256"] == hashlib.sha256(PEOPLE.encode()).hexdigest()
    assert (manifest["reference"], manifest["bootstrap"], manifest["seed"]) == ("old", 1000, 1)
    assert manifest["people"] == {"old": 2, "new": 2}
    for name, file in manifest["files"].items():
        assert file["sha256"] == hashlib.sha256((cea / name).read_bytes()).hexdigest()
    assert (cea / "plane.png").read_bytes().startswith(b"\x89PNG")
    assert "Incremental cost" in (cea / "plane.svg").read_text()


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_seed_makes_the_same_bytes_in_any_order_of_rows(pro: Pro, write: Write, tmp_path: Path) -> None:
    dice = random.Random(4)
    people = [f"{number},{dice.choice('abc')},{dice.uniform(0, 9e4)},{dice.uniform(0, 3)}" for number in range(90)]
    source = write("\n".join(["id,arm,cost,effect", *people]) + "\n")
    dice.shuffle(people)
    shuffled = write("\n".join(["id,arm,cost,effect", *people]) + "\n", "shuffled.csv")
    options = ("--reference", "b", "--bootstrap", "1000", "--wtp", "20000,50000")
    runs = {"one": source, "again": source, "shuffled": shuffled}
    for name, path in runs.items():
        assert pro("cea", path, *options, "--seed", "7", "--output", tmp_path / name)[0] == 0
    one, again, mixed = (bytes_of(tmp_path / name) for name in runs)
    assert one == again
    assert {name: content for name, content in mixed.items() if name != "manifest.json"} == {
        name: content for name, content in one.items() if name != "manifest.json"
    }
    assert [row["arm"] for row in table(tmp_path / "one" / "incremental.csv")] == ["a", "c"]
    # what was drawn can be taken as ready-made
    status, _, _ = pro(
        "cea", "--replicates", tmp_path / "one" / "replicates.csv", *options[4:], "--output", tmp_path / "r"
    )
    ready = bytes_of(tmp_path / "r")
    assert status == 0
    assert ready["ceac.csv"] == one["ceac.csv"]
    assert ready["replicates.csv"] == one["replicates.csv"]
    assert "arms.csv" not in ready


def test_replicates_made_elsewhere(pro: Pro, write: Write, tmp_path: Path) -> None:
    rows = ["1000,1500,0.5,0.6", "1100,1400,0.6,0.7", "900,1600,0.7,0.6"]
    source = write("\n".join(["cost_ref,cost_new,effect_ref,effect_new", *rows]) + "\n")
    status, _, err = pro("cea", "--replicates", source, "--wtp", "4000", "--output", tmp_path / "cea")
    assert status == 0
    assert "3 replicates; intervals want 1000 or more" in err
    assert "no interval of the ICER" in err
    (seen,) = table(tmp_path / "cea" / "incremental.csv")
    assert float(seen["icer"]) == pytest.approx(500 / (0.1 / 3))
    assert (seen["icer_low"], seen["icer_high"]) == ("", "")
    assert float(table(tmp_path / "cea" / "ceac.csv")[0]["probability"]) == pytest.approx(1 / 3)


USE = [
    (["--output", "x"], "name INPUT"),
    (["INPUT", "--output", "x"], "which arm is the reference? input.csv has new, old"),
    (["INPUT", "--reference", "odl", "--output", "x"], "no arm odl: input.csv has new, old"),
    (["INPUT", "--reference", "old", "--wtp", "5:1:1", "--output", "x"], "expected START:STOP:STEP"),
    (["INPUT", "--reference", "old", "--wtp", "0:1:0", "--output", "x"], "expected START:STOP:STEP"),
    (["INPUT", "--reference", "old", "--wtp", "0:1e9:1", "--output", "x"], "more than 10001 amounts"),
    (["INPUT", "--reference", "old", "--wtp", "much", "--output", "x"], "is neither like 0:100000:2500"),
    (["INPUT", "--reference", "old", "--wtp", "-5", "--output", "x"], "0 or more"),
    (["INPUT", "--reference", "old", "--wtp", "nan", "--output", "x"], "0 or more"),
    (["INPUT", "--replicates", "INPUT", "--seed", "3", "--output", "x"], "leave out INPUT, --seed"),
    (["INPUT", "--reference", "old"], "Missing option '--output'"),
    (["nowhere.csv", "--reference", "old", "--output", "x"], "does not exist"),
    (["README.txt", "--reference", "old", "--output", "x"], "ends in .csv, .csv.gz or .parquet"),
]


@pytest.mark.parametrize(("arguments", "said"), USE)
def test_wrong_use(pro: Pro, write: Write, tmp_path: Path, arguments: list[str], said: str) -> None:
    write("text", "README.txt")
    paths = {"INPUT": write(PEOPLE), "x": tmp_path / "x", "README.txt": tmp_path / "README.txt"}
    status, _, err = pro("cea", *(paths.get(argument, argument) for argument in arguments))
    assert status == 2
    assert said in err
    assert not (tmp_path / "x").exists()


REFUSED = [
    ("id,arm,cost,effect\n1,old,,1\n2,new,5,1\n", "row 1, column cost: expected a number; impute"),
    ("id,arm,cost,effect\n1,old,5,1\n2,new,5,NA\n", "row 2, column effect: expected a number; impute"),
    ("id,arm,cost,effect\n1,old,5,1\n1,new,5,1\n", "row 2, column id: expected one row per person"),
    ("id,arm,cost,effect\n1,old,5,1\n2,,5,1\n", "row 2, column arm: expected a name"),
    ("id,arm,cost,effect\n1,old,5,1\n2,old,5,1\n", "has no other arm than old"),
]


@pytest.mark.parametrize(("content", "said"), REFUSED)
def test_people_that_cannot_be_compared(pro: Pro, write: Write, tmp_path: Path, content: str, said: str) -> None:
    status, out, err = pro("cea", write(content), "--reference", "old", "--output", tmp_path / "cea")
    assert (status, out) == (1, "")
    assert said in err
    assert list(tmp_path.iterdir()) == [tmp_path / "input.csv"]


def test_a_folder_in_use_is_left_alone_and_one_person_is_told_of(pro: Pro, write: Write, tmp_path: Path) -> None:
    few = write("id,arm,cost,effect\n1,old,5,1\n2,new,6,1\n")
    status, _, err = pro("cea", few, "--reference", "old", "--output", tmp_path)
    assert status == 1
    assert "not an empty folder" in err
    status, _, err = pro("cea", few, "--reference", "old", "--bootstrap", "10", "--output", tmp_path / "cea")
    assert status == 0
    assert "arm new has one person" in err
    assert (tmp_path / "cea" / "ceac.svg").exists()

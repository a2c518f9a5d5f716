"""`pro toxicity`: from the forms of people to their worst grades, and what is wrong with a file of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pro_service.cli import run
from pro_service.instruments import load_catalogue


def pro(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    capsys.readouterr()
    status = run([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return status, said.out, said.err


@pytest.fixture
def grades(tmp_path: Path) -> Path:
    path = tmp_path / "grades.csv"
    path.write_text(
        "id,visit,T9,t9F,note\nA,baseline,1,1,\nB,week 6,3,4,x\nA,week 6,2,3,\nB,baseline,3,2,\nC,week 6,,,\n"
    )
    return path


def test_each_person_has_a_row(capsys: pytest.CaptureFixture[str], grades: Path) -> None:
    status, out, err = pro(capsys, "toxicity", grades, "--baseline", "baseline")
    assert status == 0
    assert out.splitlines() == [
        "id,T9_MAX,T9_AFTER,T9_ADJUSTED,t9F_MAX,t9F_AFTER,t9F_ADJUSTED",
        "A,2,2,2,3,3,3",
        "B,3,3,0,4,4,4",
        "C,,,,,,",
    ]
    assert err == "warning: people without a form at baseline; nothing of theirs is adjusted: 1\n"


def test_what_score_writes_can_be_read(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    items = [item.code for item in load_catalogue()["pro-ctcae"].items]
    forms, scored = tmp_path / "forms.csv", tmp_path / "grades.parquet"
    rows = [f"A,{visit},{','.join([code] * len(items))}" for visit, code in (("0", "0"), ("1", "1"))]
    forms.write_text("\n".join([f"person,day,{','.join(items)}", *rows]) + "\n")
    assert pro(capsys, "score", "pro-ctcae", forms, "--output", scored)[0] == 0
    status, out, err = pro(capsys, "toxicity", scored, "--baseline", "0", "--id", "person", "--visit", "day")
    assert (status, err) == (0, "")
    header, row = out.splitlines()
    assert len(header.split(",")) == 1 + 3 * 59
    assert set(row.split(",")[1:]) == {"1"}


WRONG = [
    ("id,visit,T9\nA,1,4\n", "row 1, column T9: expected a grade from 0 to 3"),
    ("id,visit,T9\nA,1,0\nA,1,2\n", "row 2, column visit: expected one row for each id and visit"),
    ("id,visit,T9\nA,2,0\n", "no row has the visit 1: there are 2"),
    ("id,visit,q1\nA,1,0\n", "no column of pro-ctcae, such as T1 or "),
    ("id,T9\nA,0\n", "no column visit"),
]


@pytest.mark.parametrize(("content", "message"), WRONG, ids=[message for _, message in WRONG])
def test_what_is_wrong_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "grades.csv").write_text(content)
    status, out, err = pro(capsys, "toxicity", tmp_path / "grades.csv", "--baseline", "1")
    assert (status, out) == (1, "")
    assert message in err

"""`pro instrument import` of other systems' files: what comes out is checked, scored, asked by a study and tried."""

from __future__ import annotations

from pathlib import Path

import pytest

from pro_service.cli import run
from pro_service.instruments.reader import read
from tests.instruments.test_foreign import REDCAP, XLSFORM
from tests.services.tiny import FILE as TINY


def pro(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    capsys.readouterr()
    status = run([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_a_form_of_redcap_is_asked_by_a_study_here(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    definition = tmp_path / "instruments" / "wellness.yaml"
    definition.parent.mkdir()
    status, out, err = pro(
        capsys, "instrument", "import", REDCAP, "--form", "wellness", "--output", definition,
        "--scale", "BALANCE=dizzy,steady:item_sum:worse", "--scale", "TIMES=dizzy_when___1,dizzy_when___2:mean",
    )  # fmt: skip
    assert (status, out) == (0, "")
    assert "redcap.csv: row 14: total: left out: a calculation is not asked: declare a scale for it\n" in err
    assert pro(capsys, "instrument", "check", definition)[:2] == (0, "wellness 1: 13 items, 2 scales, no problems\n")
    forms = tmp_path / "forms.csv"
    items = "dizzy,dizzy_when___1,dizzy_when___2,dizzy_when____1,fell,falls,weight,steady,agree,aid"
    forms.write_text(f"record_id,{items}\n1,2,1,0,0,0,,70.5,40,1,2\n2,0,,,,,,60,,1,1\n")
    assert pro(capsys, "score", definition, forms) == (0, "record_id,BALANCE,TIMES\n1,42,0.5\n2,,\n", "")
    trial = tmp_path / "trial.yaml"
    trial.write_text(TINY.read_text(encoding="utf-8").replace("[eq-5d-5l, ipcq]", "[wellness]"), encoding="utf-8")
    assert pro(capsys, "study", "check", trial)[0] == 0
    cohort = ("study", "simulate", trial, "--participants", "3", "--months", "3", "--totals")
    _, in_memory, _ = pro(capsys, *cohort, "--until", "2025-06-01")
    status, out, err = pro(capsys, *cohort, "--until", "2025-06-01", "--through-database")
    assert (status, err) == (0, "")
    extra = [line for line in out.splitlines() if line not in in_memory.splitlines()]
    assert [line.split()[0] for line in extra] == ["answers", "scores"]  # the same lives, and what only storing counts
    assert int(extra[1].split()[1]) > 0


def test_without_a_scale_it_counts_answers_and_shows_how_scales_are_declared(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    status, out, _ = pro(capsys, "instrument", "import", XLSFORM)
    assert status == 0
    (scale,) = read(out, file="balance-form.yaml").scales
    assert (scale.code, scale.method, scale.maximum) == ("N_ANSWERED", "count_answered", 7)
    shown = [line.removeprefix("#") for line in out.splitlines() if line.startswith("#   ")]
    kept = "\n".join(line for line in out.splitlines() if not line.startswith("#"))
    tried = tmp_path / "tried.yaml"
    tried.write_text("\n".join([kept, *(line[1:] for line in shown)]) + "\n")
    assert [one.code for one in read(tried.read_text(), file="tried.yaml").scales] == ["N_ANSWERED", "TOTAL"]


WRONG = [
    (["--form", "welness"], 1, "redcap.csv has no form welness: there are intake, wellness"),
    ([], 2, "a REDCap data dictionary with several forms: say --form with one of intake, wellness"),
    (["--form", "wellness", "--language", "Dutch"], 2, "Dutch: expected two letters, such as nl"),
    (["--form", "wellness", "--scale", "dizzy"], 1, "dizzy: expected NAME=ITEM,ITEM:METHOD"),
    (["--form", "wellness", "--scale", "A=dizy:mean"], 1, "A: no item dizy: there are dizzy, "),
    (["--form", "wellness", "--scale", "A=since:mean"], 1, "A: since is a date, which cannot be scored"),
    (["--form", "wellness", "--scale", "A=fell:sum"], 1, "A: sum: expected one of linear, mean, prorated_sum"),
    (["--form", "wellness", "--scale", "A=fell:mean:up"], 1, "A: up: expected one of better, worse, more, neither"),
    (["--form", "wellness", "--scale", "A=dizzy,fell:linear"], 1, "need the same lowest and highest code"),
    (["--form", "wellness", "--scale", "A=fell:mean", "--scale", "A=dizzy:mean"], 1, "two scales have the same name"),
]


@pytest.mark.parametrize(("arguments", "expected", "message"), WRONG, ids=[message for _, _, message in WRONG])
def test_wrong_use_says_what_would_be_right_and_writes_nothing(
    *, capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str], expected: int, message: str
) -> None:
    target = tmp_path / "out.yaml"
    status, out, err = pro(capsys, "instrument", "import", REDCAP, "--output", target, *arguments)
    assert (status, out, target.exists()) == (expected, "", False)
    assert message in err


def test_a_file_of_one_form_takes_no_form(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = pro(capsys, "instrument", "import", XLSFORM, "--form", "balance")
    assert status == 2
    assert "an XLSForm is one form" in err


def test_of_fhir_no_logic_is_left_out(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    there = tmp_path / "gad-7.json"
    assert run(["instrument", "export", "gad-7", "--output", str(there)]) == 0
    status, _, err = pro(capsys, "instrument", "import", there, "--without-logic")
    assert status == 2
    assert "a FHIR Questionnaire is refused where its logic can't be carried" in err

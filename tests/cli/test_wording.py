"""`pro wording` on the command line: loaded, checked alone, and what is lacking for a study."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pro_service.cli import run
from pro_service.domain import fhir
from pro_service.instruments import load_catalogue
from tests.services.test_wording import as_csv, eq, invented
from tests.wording.test_fhir import worded


@pytest.fixture(autouse=True)
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRO_DATA_DIR", str(tmp_path / "var"))
    assert run(["db", "upgrade"]) == 0


def pro(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    capsys.readouterr()
    status = run(["wording", *map(str, arguments)])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_a_pack_is_tried_and_loaded(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "eq.csv"
    file.write_bytes(as_csv(eq()))
    about = f"licence 2026-01, without end; SHA-256 {eq().sha256}\n"
    version = load_catalogue()["eq-5d-5l"].version
    tried = pro(capsys, "load", file, "--dry-run")
    assert tried == (0, f"eq-5d-5l {version} in en fits; nothing was kept; {about}", "")
    assert pro(capsys, "load", file, "--actor", "j.jansen")[:2] == (
        0, f"eq-5d-5l {version} in en is loaded; {about}"
    )  # fmt: skip


def test_what_is_wrong_is_said_line_by_line_without_a_word_of_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "eq.csv"
    file.write_bytes(as_csv(eq()).replace(b"option,MO,2", b"option,MO,9"))
    status, out, err = pro(capsys, "load", file)
    assert (status, out) == (1, "")
    assert err.splitlines()[0].startswith(f"invalid-wording: {file} departs from eq-5d-5l")
    assert f"{file}:10: MO: expected options 1, 2, 3, 4, 5 in this order; found 1, 9, 3, 4, 5" in err
    assert "Invented" not in err


def test_status_says_what_is_lacking_and_then_that_nothing_is(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert pro(capsys, "status") == (0, "no study is loaded yet\n", "")
    study = Path("tests/services/tiny.yaml")
    assert run(["study", "load", str(study)]) == 0
    status, out, _ = pro(capsys, "status", "--study", "tiny")
    assert (status, out.splitlines()[0]) == (1, "tiny")
    lacking = {tuple(line.split()) for line in out.splitlines()[1:]}
    assert all(line[3] == "placeholder" for line in lacking)
    for code, _, language, _ in lacking:
        file = tmp_path / f"{code}-{language}.csv"
        file.write_bytes(as_csv(invented(load_catalogue()[code], language)))
        assert pro(capsys, "load", file)[0] == 0
    status, out, _ = pro(capsys, "status")
    assert status == 0
    assert out.count(" licensed ") == len(lacking)
    assert run(["study", "activate", "tiny", "--real-participants"]) == 0


def test_one_language_of_a_fhir_questionnaire_is_loaded(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "phq-9.json"
    file.write_text(json.dumps(fhir.questionnaire(worded("phq-9", "en", "nl")), indent=1))
    status, _, err = pro(capsys, "load", file, "--language", "nl")
    assert (status, "expires_on: expected a text, nothing is there" in err) == (1, True)
    about = ("--about", "licence=2026-14", "--about", "expires_on=2027-12-31", "--language", "nl")
    status, out, _ = pro(capsys, "load", file, *about)
    version = load_catalogue()["phq-9"].version
    assert (status, out.partition(";")[0]) == (0, f"phq-9 {version} in nl is loaded")
    assert "licence 2026-14, until 2027-12-31" in out
    status, _, err = pro(capsys, "load", file, "--about", "items=none")
    assert (status, "items: expected NAME=TEXT with one of instrument, version, title" in err) == (2, True)


def test_a_language_that_a_file_does_not_have_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "eq.csv"
    file.write_bytes(as_csv(eq()))
    status, _, err = pro(capsys, "load", file, "--language", "nl")
    assert (status, f"{file}:1: language: expected nl, as you said" in err) == (1, True)


def test_an_empty_pack_is_written_and_refused_until_filled(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "gad-7-nl.csv"
    assert pro(capsys, "template", "gad-7", "--language", "nl", "--output", file) == (0, "", "")
    status, _, err = pro(capsys, "load", file)
    assert (status, err.count("expected a text of 1 to 4000 characters")) == (1, 4 + 7 * 5)
    assert pro(capsys, "template", "gad-7", "--language", "Dutch", "--output", file)[0] == 2
    status, _, err = pro(capsys, "template", "gad-7", "--language", "nl", "--output", tmp_path / "pack.txt")
    assert (status, "say --format, one of yaml, csv, xlsx" in err) == (2, True)

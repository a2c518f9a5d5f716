"""A questionnaire of one's own on the command line: shown, scored, loaded alone or with the study beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pro_service.cli import run
from tests.instruments.test_reader import GOOD
from tests.services.tiny import FILE as TINY


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A study file and, in `instruments` beside it, the questionnaire it asks."""
    (tmp_path / "instruments").mkdir()
    (tmp_path / "instruments" / "sleep-diary.yaml").write_text(GOOD)
    text = TINY.read_text(encoding="utf-8").replace("instruments: [eq-5d-5l]", "instruments: [sleep-diary]")
    (tmp_path / "trial.yaml").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture(autouse=True)
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRO_DATA_DIR", str(tmp_path / "var"))
    assert run(["db", "upgrade"]) == 0


def pro(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    capsys.readouterr()
    status = run([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_a_study_is_checked_and_loaded_with_what_lies_beside_it(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    trial = folder / "trial.yaml"
    assert pro(capsys, "study", "check", trial)[0] == 0
    assert pro(capsys, "study", "load", trial) == (
        0, "tiny version 1 is loaded; activate it with: pro study activate tiny\n", ""
    )  # fmt: skip
    assert pro(capsys, "study", "activate", "tiny")[0] == 0
    (folder / "instruments" / "sleep-diary.yaml").write_text(GOOD.replace("Fair", "So so"))
    status, _, err = pro(capsys, "study", "load", trial)
    assert status == 1
    assert "is loaded with other words" in err


def test_without_it_the_study_asks_what_nobody_knows(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "instruments" / "sleep-diary.yaml").unlink()
    status, _, err = pro(capsys, "study", "check", folder / "trial.yaml")
    assert status == 1
    assert "sleep-diary" in err


def test_one_is_loaded_alone_and_again_without_effect(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    diary = folder / "instruments" / "sleep-diary.yaml"
    for _ in range(2):
        assert pro(capsys, "instrument", "load", diary) == (
            0, "sleep-diary 1 is loaded; a study may ask it now\n", ""
        )  # fmt: skip


def test_a_file_is_shown_and_scored_like_the_catalogue(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    diary = folder / "instruments" / "sleep-diary.yaml"
    status, out, _ = pro(capsys, "instrument", "show", diary)
    assert (status, "Sleep diary" in out, "needs 2 of 2 items" in out) == (0, True, True)
    (folder / "forms.csv").write_text("id,q1,q2,q3,q4\na,2,2,0,\nb,0,1,1,30\nc,,1,1,\n")
    status, out, _ = pro(capsys, "score", diary, folder / "forms.csv")
    assert (status, out.splitlines()) == (0, ["id,REST,AWAKE", "a,100,0", "b,25,30", "c,,"])

"""`pro study simulate`: every window and message of a synthetic cohort, totals, and what cannot work."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from pro_service.cli import run
from pro_service.studies.reader import shipped

SMALL = ["study", "simulate", "scopes", "--participants", "9"]


def simulated(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> tuple[str, str]:
    """What was printed, and what was complained of."""
    assert run([*SMALL, *arguments]) == status
    printed = capsys.readouterr()
    return printed.out, printed.err


def test_every_window_and_message_of_everybody_and_the_totals(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = simulated(capsys)
    lines = out.splitlines()
    assert sum(line.startswith("  window ") for line in lines) == 9 * 8
    messages = [line.split() for line in lines if line.startswith("  message ")]
    sent = [line for line in messages if "send:" in line]
    assert len(sent) >= 9
    assert sum(line[2] == "10:00" for line in sent) > len(sent) / 2
    assert "participants 9" in lines
    assert all(line.startswith("warning: ") for line in err.splitlines())


def test_the_same_as_json_lines(capsys: pytest.CaptureFixture[str]) -> None:
    *people, last = map(json.loads, simulated(capsys, "--format", "json")[0].splitlines())
    assert [len(person["windows"]) for person in people] == [8] * 9
    assert {person["timezone"] for person in people} >= {"Europe/Amsterdam", "America/New_York"}
    totals = last["totals"]
    assert totals["decisions"]["send"] == sum(person["messages_sent"] for person in people)
    assert totals["questions_per_participant"]["most"] == max(person["questions"] for person in people)
    assert sum(totals["assessments"].values()) == 9 * 8
    assert sum(totals["groups"].values()) == totals["participants"] == 9


def test_a_seed_means_a_cohort(capsys: pytest.CaptureFixture[str]) -> None:
    first = simulated(capsys, "--seed", "5")
    assert first == simulated(capsys, "--seed", "5")
    assert first != simulated(capsys, "--seed", "6")


def test_files_hold_what_is_printed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = tmp_path / "simulated"
    out, _ = simulated(capsys, "--output", str(folder), "--format", "json")
    files = {path.name: path for path in folder.iterdir()}
    assert set(files) == {"participants.csv", "windows.csv", "messages.csv", "totals.json"}
    rows = {
        name: list(csv.DictReader(path.read_text().splitlines()))
        for name, path in files.items()
        if path.suffix == ".csv"
    }
    assert (len(rows["participants.csv"]), len(rows["windows.csv"])) == (9, 72)
    totals: dict[str, Any] = json.loads(files["totals.json"].read_text())
    assert totals == json.loads(out)
    assert len(rows["messages.csv"]) == sum(totals["totals"]["decisions"].values())
    assert sum(bool(row["sent_at"]) for row in rows["messages.csv"]) == totals["totals"]["decisions"]["send"]


def test_through_the_database_the_same_totals_come_out(capsys: pytest.CaptureFixture[str]) -> None:
    """And answers and scores beside them, which only that path makes."""
    small = ["--participants", "2", "--months", "2", "--until", "2025-06-30", "--format", "json", "--totals"]
    stored = json.loads(simulated(capsys, *small, "--through-database")[0])["totals"]
    in_memory = json.loads(simulated(capsys, *small)[0])["totals"]
    assert stored.pop("answers") > 0
    assert stored.pop("scores") > 0
    assert stored == in_memory


def test_a_protocol_that_cannot_work(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Messages at ten in the evening, a visit that is over before it begins: a line each, and exit status 1."""
    text, _ = shipped("scopes")
    path = tmp_path / "mine.yaml"
    path.write_text(
        text.replace('  at: "10:00"', '  at: "22:00"').replace("before: surgery", "before: randomisation"),
        encoding="utf-8",
    )
    assert run(["study", "simulate", str(path), "--participants", "16", "--totals"]) == 1
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert [line.split(": ")[1] for line in errors] == ["no-window", "quiet-hours"]


def test_limits(capsys: pytest.CaptureFixture[str]) -> None:
    _, err = simulated(capsys, "--totals", "--weekly-messages", "1", "--form-minutes", "10", status=1)
    assert "error: too-many-messages: up to " in err
    assert "warning: too-long: baseline: takes up to 20 minutes where 10 are allowed" in err


def test_a_study_file_with_mistakes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("study: mine\n", encoding="utf-8")
    assert run(["study", "simulate", str(path)]) == 1
    assert capsys.readouterr().err.startswith("invalid-study: ")


def test_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["study", "simulate", "scopes", "--participants", "0"]) == 2
    assert "--participants" in capsys.readouterr().err

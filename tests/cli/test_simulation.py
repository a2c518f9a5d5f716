"""`pro study simulate`: totals of a synthetic cohort, the same for a seed, and nothing kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pro_service.cli import run

SMALL = ["study", "simulate", "scopes", "--participants", "2", "--months", "2", "--format", "json"]


def totals(capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, object]:
    assert run([*SMALL, *more]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_a_seed_means_a_cohort(capsys: pytest.CaptureFixture[str]) -> None:
    first = totals(capsys, "--seed", "5")
    assert first == totals(capsys, "--seed", "5")
    assert first["participants"] == 2
    assert first.keys() == {"participants", "assessments", "answers", "messages", "scores"}


def test_a_study_file_with_mistakes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("study: mine\n", encoding="utf-8")
    assert run(["study", "simulate", str(path)]) == 1
    assert capsys.readouterr().err.startswith("invalid-study: ")


def test_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["study", "simulate", "scopes", "--participants", "0"]) == 2
    assert "--participants" in capsys.readouterr().err

"""`pro export`: a data cut from the command line, and one clear line where there can be none."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from pro_service.cli import run
from pro_service.runtime import Runtime
from tests.services.tiny import Tiny
from tests.support.clock import Clock

DEAR = ["participants", "forms", "items_wide", "items_long", "scores_wide", "scores_long", "compliance"]


@pytest.fixture
def lived(runtime: Runtime, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    """The tiny study at the end of its story, in the database that the command finds."""
    Tiny(runtime, clock).live()
    monkeypatch.setenv("PRO_ENV", "test")
    monkeypatch.setenv("PRO_DATA_DIR", str(runtime.settings.data_dir))
    monkeypatch.setenv("PRO_DATABASE_URL", runtime.settings.database_url)
    return runtime


def test_an_export_of_a_day(lived: Runtime, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "cut"
    status = run(["export", "tiny", "--format", "csv", "--output", str(folder), "--as-of", "2026-02-28"])
    said = capsys.readouterr()
    assert (status, said.err) == (0, "")
    assert f"{folder / 'forms.csv'}  6 rows" in said.out.splitlines()
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["cut_off"], manifest["provisional"]) == ("2026-02-28T23:00:00Z", False)
    for table in DEAR:
        with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
            assert len(list(csv.reader(file))) == manifest["files"][f"{table}.csv"]["rows"] + 1


def test_two_exports_of_the_same_cut_are_the_same_bytes(lived: Runtime, tmp_path: Path) -> None:
    for name in ("a", "b"):
        words = ["--format", "csv", "--output", str(tmp_path / name), "--as-of", "2026-01-21T14:00:00+01:00"]
        assert run(["export", "tiny", *words]) == 0
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert files == sorted(path.name for path in (tmp_path / "b").iterdir())
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in files)


def test_a_masked_export_has_no_arm(lived: Runtime, tmp_path: Path) -> None:
    assert run(["export", "tiny", "--format", "csv", "--output", str(tmp_path / "cut"), "--masked"]) == 0
    with (tmp_path / "cut" / "forms.csv").open(encoding="utf-8", newline="") as file:
        assert "arm" not in next(csv.reader(file))


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["tinny", "--format", "csv"], 1, "unknown-study: no study 'tinny'"),
        (["tiny", "--format", "punchcard"], 1, "unknown-format: no format 'punchcard': there is csv, "),
        (["tiny", "--format", "csv", "--as-of", "2999-01-01"], 1, "invalid: 2999-01-01 has not come yet"),
        (["tiny", "--format", "csv", "--as-of", "2025-01-01"], 1, "study-not-active: "),
        (["tiny", "--format", "csv", "--as-of", "yesterday"], 2, "'yesterday' is neither a day"),
        (["tiny", "--format", "csv", "--as-of", "2026-02-01T10:00:00"], 2, "has no offset from UTC"),
        (["tiny"], 2, "Missing option '--format'"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_refused(
    lived: Runtime,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    *,
    arguments: list[str],
    status: int,
    words: str,
) -> None:
    folder = tmp_path / "cut"
    assert run(["export", *arguments, "--output", str(folder)]) == status
    assert words in capsys.readouterr().err
    assert not folder.exists()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_folder_in_use_stays_as_it_is(lived: Runtime, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "thesis.txt").write_text("three years of work", encoding="utf-8")
    assert run(["export", "tiny", "--format", "csv", "--output", str(tmp_path / "cut")]) == 1
    assert "exists and is not an empty folder" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "cut").iterdir()] == ["thesis.txt"]

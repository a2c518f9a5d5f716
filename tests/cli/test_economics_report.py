"""`pro economics report`: from stored scores to a folder that the other commands read."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from pro_service.cli import run
from pro_service.runtime import Runtime
from pro_service.storage.audit import audit_event
from tests.services.tiny import Tiny
from tests.support import people
from tests.support.clock import Clock


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_report_and_what_reads_it(
    runtime: Runtime,
    clock: Clock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    Tiny(runtime, clock).live()
    monkeypatch.setenv("PRO_ENV", "test")
    monkeypatch.setenv("PRO_DATA_DIR", str(runtime.settings.data_dir))
    monkeypatch.setenv("PRO_DATABASE_URL", runtime.settings.database_url)
    report = ["economics", "report", "tiny", "--as-of", "2026-02-28", "--actor", "ada"]
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        assert run([*report, "--output", str(folder)]) == 0
    said = capsys.readouterr()
    assert "warning: people without any observation; their QALYs are empty: 2" in said.err.splitlines()
    assert "long: 0 of 2 people observed, 1 died" in said.out.splitlines()
    names = ["arms.csv", "manifest.json", "qalys.csv", "utilities.csv"]
    for folder in folders:
        assert sorted(path.name for path in folder.iterdir()) == names
    assert all((folders[0] / name).read_bytes() == (folders[1] / name).read_bytes() for name in names)
    manifest = json.loads((folders[0] / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["cut_off"], manifest["value_sets"]) == ("2026-02-28T23:00:00Z", ["nl-2016"])
    assert manifest["files"]["utilities.csv"]["rows"] == 4
    arms = {row["arm"]: row for row in table(folders[0] / "arms.csv")}
    assert arms["long"] == {
        **{"arm": "long", "people": "2", "observed": "0", "died": "1"},
        **{"mean_qaly": "", "mean_qaly_discounted": "", "mean_observed_years": ""},
    }
    # the file command computes the same of the utilities
    assert run(["economics", "qaly", str(folders[0] / "utilities.csv"), "--output", str(tmp_path / "qalys.csv")]) == 0
    assert (tmp_path / "qalys.csv").read_bytes() == (folders[0] / "qalys.csv").read_bytes()
    assert arms["short"]["mean_qaly"] == table(folders[0] / "qalys.csv")[0]["qaly"]
    with runtime.work(people.everything, writes=False) as work:
        lines = work.session.execute(audit_event.select().where(audit_event.c.action == "economics.report")).all()
    assert len(lines) == 2
    capsys.readouterr()
    assert run([*report, "--output", str(folders[0])]) == 1
    assert "not an empty folder" in capsys.readouterr().err
    assert run(["economics", "report", "tinny", "--output", str(tmp_path / "three")]) == 1
    assert "unknown-study" in capsys.readouterr().err
    assert run(["economics", "report", "tiny", "--instrument", "ipcq", "--output", str(tmp_path / "three")]) == 1
    assert "expected one of its questionnaires with an index: eq-5d-5l" in capsys.readouterr().err

"""`pro study`: the worked examples as JSON, exactly as the contract writes them, and errors that say what to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pro_service.cli import run
from pro_service.studies.reader import shipped

SHORT = ["--arm", "short", "--stratum", "lower_extremity"]
WINTER = ["--event", "randomisation=2026-01-12", "--event", "radiotherapy_start=2026-01-26"]
KEYS = [
    "timepoint",
    "state",
    "anchor",
    "anchor_on",
    "target_on",
    "opens_at",
    "due_at",
    "closes_at",
    "instruments",
    "reason",
]
GOOD = Path(__file__).parent.parent / "studies" / "good.yaml"


def pro(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of one command."""
    status = run(["study", *arguments])
    said = capsys.readouterr()
    return status, said.out, said.err


def plan(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    status, out, err = pro(capsys, "plan", "scopes", *arguments, "--format", "json")
    assert (status, err) == (0, "")
    found: list[dict[str, Any]] = json.loads(out)
    return found


def test_worked_example_1_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    found = plan(capsys, *SHORT, *WINTER, "--timezone", "Europe/Amsterdam")
    assert [list(one) for one in found] == [KEYS] * 8
    assert [one["timepoint"] for one in found] == [
        *("baseline", "end_of_radiotherapy", "before_surgery", "postop_30d"),
        *("month_3", "month_6", "month_12", "month_24"),
    ]
    assert found[0] == {
        "timepoint": "baseline",
        "state": "planned",
        "anchor": "randomisation",
        "anchor_on": "2026-01-12",
        "target_on": "2026-01-19",
        "opens_at": "2026-01-11T23:00:00Z",
        "due_at": "2026-01-19T23:00:00Z",
        "closes_at": "2026-01-26T23:00:00Z",
        "instruments": ["qlq-c30", "eq-5d-5l", "tess-le", "imcq", "ipcq"],
        "reason": None,
    }
    assert found[2] == dict.fromkeys(KEYS) | {
        "timepoint": "before_surgery",
        "state": "waiting",
        "instruments": ["qlq-c30", "eq-5d-5l"],
    }
    assert (found[1]["anchor"], found[1]["anchor_on"], found[1]["target_on"]) == (
        *("radiotherapy_start", "2026-01-26", "2026-02-12"),
    )


def test_cancelled_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    found = plan(capsys, *SHORT, *WINTER, "--event", "death=2026-02-01")
    assert [(one["state"], one["reason"]) for one in found] == [("planned", None), *[("cancelled", "death")] * 7]


def test_the_zone_is_the_studys_unless_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert plan(capsys, *SHORT, *WINTER) == plan(capsys, *SHORT, *WINTER, "--timezone", "Europe/Amsterdam")
    found = plan(capsys, *SHORT, *WINTER, "--timezone", "America/New_York")
    assert found[0]["opens_at"] == "2026-01-12T05:00:00Z"


def test_table_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """Local days, and the pairs that come too close to each other."""
    status, out, _ = pro(capsys, "plan", "scopes", *SHORT, *WINTER, "--event", "surgery=2026-02-20")
    assert status == 0
    rows = {cells[0]: cells for line in out.splitlines() if len(cells := line.split()) > 6}
    assert rows["baseline"][1:7] == ["planned", "randomisation", "2026-01-12", "2026-01-12", "2026-01-19", "2026-01-26"]
    assert rows["before_surgery"][4:7] == ["2026-02-13", "2026-02-19", "2026-02-19"]
    assert "Days in Europe/Amsterdam" in out
    assert "end_of_radiotherapy and before_surgery may come within 7 days of each other" in out


def test_table_without_any_event(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = pro(capsys, "plan", "scopes", *SHORT)
    assert (status, out.count("waiting")) == (0, 8)


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--arm", "long", "--stratum", "trunk"], 1, "unknown-arm: no arm 'long'; the arms are conventional, short"),
        (
            ["--arm", "short", "--stratum", "leg"],
            1,
            "unknown-stratum: no stratum 'leg'; the strata are lower_extremity",
        ),
        ([*SHORT, "--event", "operation=2026-01-12"], 1, "unknown-event: no event 'operation'; the events are"),
        ([*SHORT, "--event", "surgery=2019-01-12"], 1, "event-too-early: surgery on 2019-01-12 lies before the study"),
        ([*SHORT, "--event", "surgery=9999-12-31"], 1, "invalid: surgery on 9999-12-31 lies more than a hundred years"),
        ([*SHORT, *WINTER, *WINTER[:2]], 1, "invalid: --event randomisation is given more than once"),
        ([*SHORT, "--timezone", "Europe/Amsterdm"], 1, "invalid: 'Europe/Amsterdm' is not an IANA time zone"),
        ([*SHORT, "--event", "surgery=2026-02-30"], 2, "'surgery=2026-02-30' is not an event and its date, such as"),
        ([*SHORT, "--event", "surgery"], 2, "'surgery' is not an event and its date, such as surgery=2026-03-20"),
        ([*SHORT, "--event", "=2026-02-20"], 2, "'=2026-02-20' is not an event and its date"),
        ([*SHORT, "--event", "surgery=20260220"], 2, "'surgery=20260220' is not an event and its date"),
        (["--arm", "short"], 2, "Missing option '--stratum'"),
        ([*SHORT, "--format", "xml"], 2, "'xml' is not one of 'table', 'json'"),
    ],
)
def test_wrong_facts(capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, said: str) -> None:
    """Exit status 1 where the study says no, 2 where the command was typed wrongly; nothing on standard output."""
    found, out, err = pro(capsys, "plan", "scopes", *arguments)
    assert (found, out) == (status, "")
    assert said in err


def test_check_a_sound_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for file in ("scopes", shipped("scopes")[1], str(GOOD)):
        status, out, err = pro(capsys, "check", file)
        assert (status, err) == (0, "")
        assert "version 1: sound; " in out


def test_check_names_every_mistake(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text(GOOD.read_text().replace("version: 1", "version: one").replace("opens: -7d", "opens: 7"))
    status, out, err = pro(capsys, "check", str(file))
    assert (status, out) == (1, "")
    assert err.splitlines() == [
        f"invalid-study: {file}: 3 problems",
        f"{file}:2: version: expected a whole number, 1 or more, found 'one'",
        f"{file}:43: timepoints.baseline.opens: expected an offset such as 7d, -14d, 2w or 3 months, found '7'",
        f"{file}:53: timepoints.after_surgery.opens: expected an offset such as 7d, -14d, 2w or 3 months, found '7'",
    ]


def test_check_what_is_no_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00study")
    for file, said in {
        "unheard-of": "unknown-study: no study 'unheard-of' ships with the service; there is scopes",
        str(tmp_path / "missing.yaml"): "file-error: No such file or directory",
        str(tmp_path): "file-error: Is a directory",
        str(binary): f"{binary}:1: not text in UTF-8",
    }.items():
        status, _, err = pro(capsys, "check", file)
        assert status == 1
        assert said in err


@pytest.fixture
def environment(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables a command finds: a migrated, empty database."""
    monkeypatch.setenv("PRO_ENV", "test")
    monkeypatch.setenv("PRO_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("PRO_DATABASE_URL", database_url)


def test_from_file_to_active(capsys: pytest.CaptureFixture[str], environment: None) -> None:
    def said(*arguments: str) -> str:
        status, out, err = pro(capsys, *arguments)
        assert (status, err) == (0, "")
        return out

    assert said("list") == ""
    assert said("load", "scopes", "--actor", "tester").startswith("scopes version 1 is loaded; activate it with")
    assert "version 1: not active" in said("list")
    assert said("activate", "scopes", "--dry-run") == "scopes version 1 would become active\n"
    assert "not active" in said("list")
    assert said("activate", "scopes", "--actor", "tester") == "scopes version 1 is active\n"
    assert said("activate", "scopes", "--dry-run") == "scopes version 1 is active\n"
    assert "version 1: active since 20" in said("list")
    assert said("load", "scopes") == "scopes version 1 is active already\n"


def test_what_cannot_be_activated(capsys: pytest.CaptureFixture[str], environment: None) -> None:
    status, _, err = pro(capsys, "activate", "scopes")
    assert (status, err) == (1, "unknown-study: no study 'scopes'; load its file first\n")
    assert pro(capsys, "load", "scopes")[0] == 0
    status, _, err = pro(capsys, "activate", "scopes", "--real-participants")
    assert status == 1
    assert err.startswith("placeholder-wording: scopes cannot be activated for real participants")


def test_an_active_version_cannot_be_loaded_over(
    capsys: pytest.CaptureFixture[str], environment: None, tmp_path: Path
) -> None:
    file = tmp_path / "tiny.yaml"
    file.write_text(GOOD.read_text())
    assert [pro(capsys, *command)[0] for command in (["load", str(file)], ["activate", "tiny"])] == [0, 0]
    file.write_text(GOOD.read_text().replace("overdue_after: 7d", "overdue_after: 8d"))
    status, _, err = pro(capsys, "load", str(file))
    assert status == 1
    assert err.startswith("already-active: version 1 of tiny is active and cannot change")


@pytest.mark.parametrize("command", ["check", "load"])
def test_words_of_health_in_messages_are_pointed_out(
    capsys: pytest.CaptureFixture[str], environment: None, tmp_path: Path, command: str
) -> None:
    file = tmp_path / "tiny.yaml"
    file.write_text(GOOD.read_text().replace("subject: Ready,", "subject: From your hospital,"))
    status, out, err = pro(capsys, command, str(file))
    assert status == 0
    assert "tiny version 1" in out
    assert err.startswith(f"warning: {file}:67: messages.invitation.en.subject: says 'hospital', a word of health")
    assert len(err.splitlines()) == 1
    file.write_text(GOOD.read_text())
    assert pro(capsys, command, str(file))[::2] == (0, "")


@pytest.mark.parametrize("name", ["check", "plan", "load", "activate", "list"])
def test_every_command_helps_with_an_example(capsys: pytest.CaptureFixture[str], name: str) -> None:
    status, out, _ = pro(capsys, name, "--help")
    assert status == 0
    assert "Example: pro study" in out

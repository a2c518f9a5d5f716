"""`pro study diff` and `pro study activate`: what an amendment comes to, for how many, and carrying it out."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from pro_service.domain.participants import Participant
from tests.cli.conftest import Pro
from tests.services.amended import TEXT, second
from tests.services.forms import Begin
from tests.services.test_amendments import targets
from tests.support.clock import Clock


@pytest.fixture
def anna(enrolled: Callable[..., Participant], clock: Clock) -> Participant:
    """Randomised today: the command line has the real clock."""
    clock.set(datetime.now(UTC))
    return enrolled(randomisation=clock.now.date())


@pytest.fixture
def pro(installed: Pro, anna: Participant) -> Pro:
    """Runs `pro study` with these arguments in a database with SCOPES and one participant."""
    return partial(installed, "study")


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "scopes-2.yaml"
    path.write_text(second())
    return str(path)


def rows(table: str) -> dict[str, list[str]]:
    cells = [line.split() for line in table.splitlines()]
    return {line[0]: line[1:] for line in cells if line and line[0].startswith("month_")}


AS_A_TABLE = {
    "month_3": ["changed", "move_unopened", "1", "1", "0", "0", "0", "0"],
    "month_18": ["added", "move_unopened", "1", "0", "1", "0", "0", "0"],
    "month_24": ["removed", "finish_on_old", "1", "0", "0", "0", "0", "1"],
}


def test_from_diff_to_carried_out(pro: Pro, file: str, work: Begin, anna: Participant) -> None:
    before = targets(work, anna)
    status, out, err = pro("diff", file)
    assert (status, err) == (0, "")
    assert out.startswith("scopes: version 1 -> 2")
    assert rows(out) == AS_A_TABLE
    assert out.endswith("1 participant is enrolled\n")
    assert pro("load", file)[0] == 0
    rehearsed = pro("activate", "scopes", "--dry-run")[1]
    assert rehearsed.startswith("scopes version 2 would become active\n")
    assert rows(rehearsed) == AS_A_TABLE
    assert targets(work, anna) == before
    assert pro("activate", "scopes", "--actor", "ann") == (
        0,
        "scopes version 2 is active\n1 participant brought under version 2\n",
        "",
    )
    after = targets(work, anna)
    assert {code for code in after if after[code] != before.get(code)} == {"month_3", "month_18"}
    assert pro("activate", "scopes") == (0, "scopes version 2 is active\n", "")
    listed = pro("list")[1].splitlines()
    assert [line.endswith("; 1 participant") for line in listed] == [True, False]


def test_for_programs(pro: Pro, file: str) -> None:
    found = json.loads(pro("diff", file, "--format", "json")[1])
    assert (found["study"], found["old"], found["new"], found["enrolled"], found["in_screening"]) == (
        *("scopes", 1, 2),
        *(1, 0),
    )
    assert found["tallies"][0] == {
        "timepoint": "month_3",
        "difference": "changed",
        "policy": "move_unopened",
        "participants": 1,
        "creates": 0,
        "moves": 1,
        "cancels": 0,
        "revives": 0,
        "stays": 0,
    }


def test_a_file_without_a_policy_is_told_line_by_line(pro: Pro, tmp_path: Path) -> None:
    path = tmp_path / "scopes-2.yaml"
    path.write_text(second()[: second().index("\namendment:")])
    status, out, err = pro("diff", str(path))
    assert (status, out) == (1, "")
    assert err.splitlines()[0] == f"invalid-study: {path}: 3 problems"
    assert f"{path}:" in err.splitlines()[1]
    assert "'month_3' has changed since version 1; say under amendment.enrolled" in err
    assert pro("list")[1].count("version") == 1


def test_what_differs_in_nothing(pro: Pro, tmp_path: Path) -> None:
    assert "scopes: version 1 -> 1: every timepoint stays as it is" in pro("diff", "scopes")[1]
    path = tmp_path / "scopes-2.yaml"
    path.write_text(TEXT.replace("\nversion: 1\n", "\nversion: 2\n").replace("overdue_after: 7d", "overdue_after: 9d"))
    assert "scopes: version 1 -> 2: every timepoint stays as it is" in pro("diff", str(path))[1]


def test_what_cannot_be_compared(pro: Pro, tmp_path: Path) -> None:
    path = tmp_path / "other.yaml"
    path.write_text(TEXT.replace("study: scopes", "study: other"))
    assert pro("diff", str(path))[::2] == (1, "unknown-study: no study 'other'; load its file first\n")
    path.write_text(TEXT.replace("overdue_after: 7d", "overdue_after: 9d"))
    status, _, err = pro("diff", str(path))
    assert status == 1
    assert err.startswith("already-active: version 1 of scopes is active and cannot change")
    assert pro("diff")[0] == 2


@pytest.mark.parametrize("name", ["diff", "activate"])
def test_help_has_an_example(pro: Pro, name: str) -> None:
    status, out, _ = pro(name, "--help")
    assert status == 0
    assert "Example: pro study" in out

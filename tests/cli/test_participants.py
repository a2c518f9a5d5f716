"""`pro participant`: enrol a roster from a CSV file, list who is there, print a template."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from pro_service.domain.protocol import Study
from tests.cli.conftest import Pro
from tests.services.test_rosters import table
from tests.support.clock import Clock


@pytest.fixture
def pro(installed: Pro, scopes: Study, clock: Clock) -> Pro:
    """Runs `pro participant` with these arguments in a database that holds SCOPES: status, output, complaints."""
    return partial(installed, "participant")


def written(path: Path, rows: list[list[str]], delimiter: str = ",", encoding: str = "utf-8") -> str:
    """A CSV file of these rows; answers its path."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return str(path)


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_roster_is_checked_then_enrolled_then_listed(pro: Pro, scopes: Study, tmp_path: Path, delimiter: str) -> None:
    file = written(tmp_path / "roster.csv", table(scopes, 2, eligibility__adult="not_sure"), delimiter, "utf-8-sig")
    told = "2 participants (1 of them parked in screening)"
    assert pro("import", file, "--dry-run") == (0, f"{told} would be enrolled; nothing was written\n", "")
    assert pro("import", file, "--actor", "ann") == (0, f"{told} enrolled\n", "")
    status, out, _ = pro("list", "--study", "scopes")
    listed = list(csv.DictReader(io.StringIO(out)))
    assert status == 0
    assert [(one["code"], one["open_questions"], bool(one["enrolled_at"])) for one in listed] == [
        ("N-000", "", True),
        ("N-001", "adult", False),
    ]
    assert pro("list", "--site", "lumc")[1].splitlines()[1:] == []


def test_bad_rows_are_told_on_a_line_each_and_nobody_is_enrolled(pro: Pro, scopes: Study, tmp_path: Path) -> None:
    file = written(tmp_path / "roster.csv", table(scopes, 3, site="utrecht", email="somebody"))
    status, out, err = pro("import", file)
    assert (status, out) == (1, "")
    assert err.splitlines() == [
        "invalid: nobody was enrolled: this roster has problems",
        "roster.csv:4: email: expected an e-mail address",
    ]
    assert pro("list")[1].splitlines()[1:] == []


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(b"code,site\n\xff\xfe", "expected UTF-8 text"), (b'code,site\n"half', "expected CSV")],
)
def test_what_is_no_csv_is_told_so(pro: Pro, tmp_path: Path, content: bytes, complaint: str) -> None:
    path = tmp_path / "roster.csv"
    path.write_bytes(content)
    status, _, err = pro("import", str(path))
    assert status == 1
    assert complaint in err


def test_a_template_has_every_column_and_enrols_nobody(pro: Pro, tmp_path: Path) -> None:
    status, out, _ = pro("template")
    assert status == 0
    assert {"code", "eligibility.adult", "events.randomisation", "planned.surgery", "email"} <= set(
        out.strip().split(",")
    )
    (tmp_path / "roster.csv").write_text(out)
    assert pro("import", str(tmp_path / "roster.csv")) == (0, "0 participants enrolled\n", "")


def test_wrong_use_is_told_apart(pro: Pro) -> None:
    assert pro("import", "nowhere.csv")[0] == 2
    assert pro("list", "--study", "other")[0] == 1


def test_messages_are_chosen_for_somebody_who_telephones(pro: Pro, scopes: Study, tmp_path: Path) -> None:
    pro("import", written(tmp_path / "roster.csv", table(scopes, 1)))
    code = pro("list")[1].splitlines()[1].partition(",")[0]
    day = str((datetime.now(UTC) + timedelta(days=20)).date())
    status, out, _ = pro("prefer", code, "--pause-until", day, "--no-reminders", "--quiet", "20:00-09:00")
    kept = [f"paused_until: {day}", "quiet_from: 20:00", "quiet_until: 09:00", "reminder: no"]
    assert (status, out.splitlines()[1:]) == (0, kept)
    assert pro("prefer", code, "--pause-until", "", "--quiet", "", "--reminders")[1].splitlines()[1:] == [
        "reminder: yes"
    ]
    status, _, complaints = pro("prefer", code, "--channel", "pigeon", "--quiet", "late")
    assert status == 1
    assert "channel: expected one of email, none" in complaints
    assert "quiet_from: expected a time of day as HH:MM" in complaints
    assert "pigeon" not in complaints

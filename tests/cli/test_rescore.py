"""`pro rescore`: the report on the screen and in a file, and what it says of forms it leaves alone."""

from __future__ import annotations

import csv
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine, update

from pro_service.storage.responses import response
from tests.cli.conftest import Pro
from tests.services.forms import QLQ, THIRTY, Begin, Enrol
from tests.services.test_rescoring import score_as_before
from tests.services.test_scores import submit


@pytest.fixture
def pro(installed: Pro, work: Begin, enrolled: Enrol) -> Pro:
    """Runs `pro rescore` in a database with two forms that an older scorer has scored."""
    for _ in range(2):
        submit(work, enrolled(), {QLQ: THIRTY})
    score_as_before(work)
    return partial(installed, "rescore")


def test_from_dry_run_to_done(pro: Pro) -> None:
    status, rehearsed, err = pro("scopes", "--dry-run", "--actor", "ann")
    assert (status, err) == (0, "")
    status, done, err = pro("scopes", "--actor", "ann")
    assert (status, err) == (0, "")
    assert rehearsed.replace("would get", "got") == done
    (row,) = [line.split() for line in done.splitlines() if "PF2" in line]
    assert row == [QLQ, "PF2", "2", "2", "0", "0", "-10", "-10"]
    assert done.endswith("of 2 forms, 2 got new scores\n")
    status, again, _ = pro("scopes", "--actor", "ann")
    assert (status, again) == (0, done.replace("2 got new scores", "0 got new scores"))


def test_the_report_in_a_file_has_every_scale(pro: Pro, tmp_path: Path) -> None:
    file = tmp_path / "report.csv"
    status, out, _ = pro("scopes", "--instrument", QLQ, "--output", str(file), "--actor", "ann")
    assert (status, len(out.splitlines())) == (0, 1)
    rows = {row["scale"]: row for row in csv.DictReader(file.read_text().splitlines())}
    assert len(rows) > 10
    assert float(rows["PF2"]["mean_difference"]) == pytest.approx(-10)
    assert (rows["PA"]["newly_scorable"], rows["PA"]["largest_difference"]) == ("2", "")
    assert rows["QL2"]["changed"] == "0"


def test_what_it_leaves_alone_is_a_problem(pro: Pro, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(update(response).values(instrument_version="1.0"))
    status, out, err = pro("scopes", "--actor", "ann")
    assert status == 1
    assert out.endswith("of 2 forms, 0 got new scores\n")
    assert err == "qlq-c30 version 1.0: 2 forms left alone, no such definition here\n"


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("scope",), 1, "unknown-study"),
        (("scopes", "--instrument", "qlq-c3"), 1, "unknown-instrument"),
        (("scopes", "--output", "no/such/folder/report.csv"), 2, "there is no folder"),
    ],
)
def test_wrong_use(pro: Pro, arguments: tuple[str, ...], status: int, said: str) -> None:
    found, _, err = pro(*arguments, "--actor", "ann")
    assert found == status
    assert said in err

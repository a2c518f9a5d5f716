"""A trial from its study file to its data: read it top to bottom."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from pro_service.domain.protocol import Study
from pro_service.runtime import Runtime
from pro_service.services import exports
from tests.journeys.office import Office, link_in
from tests.support import people
from tests.support.clock import Clock
from tests.support.postbox import Postbox

ANN, BEN = "ann@example.org", "ben@example.org"


@pytest.fixture
def office(
    client: FlaskClient, staff_key: str, scopes: Study, runtime: Runtime, clock: Clock, postbox: Postbox
) -> Office:
    return Office(client, staff_key, scopes, runtime, clock, postbox)


def answers_to(part: dict[str, Any], code: int) -> dict[str, Any]:
    """An answer to every item shown at first: the same code where it exists, else the lowest allowed value."""
    given: dict[str, Any] = {}
    for item in part["items"]:
        codes = [option["code"] for option in item["options"]]
        if item["shown_if"]:
            continue
        if codes:
            given[item["code"]] = code if code in codes else codes[0]
        elif item["kind"] in {"count", "number", "vas"}:
            given[item["code"]] = int(item["minimum"] or 0)
    return given


def rows(folder: Path, table: str) -> list[dict[str, str]]:
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_from_study_file_to_data(office: Office, tmp_path: Path) -> None:
    # Ann joins on Monday 12 January 2026, on the short schedule; Ben on the conventional one.
    office.clock.set(office.clock().replace(hour=8))
    ann = office.enrols("NKI-001", arm="short", stratum="lower_extremity", randomised="2026-01-12", email=ANN)
    ben = office.enrols("NKI-002", arm="conventional", stratum="trunk", randomised="2026-01-12", email=BEN)
    office.records(ann, "radiotherapy_start", "2026-01-26", actual=False)
    schedule = office.schedule(ann)
    assert schedule["baseline"]["status"] == "open"
    assert schedule["baseline"]["closes_at"] == "2026-01-26T23:00:00Z", "capped by the start of radiotherapy"
    assert schedule["before_surgery"]["status"] == "waiting"
    assert "tess-le" in schedule["baseline"]["instruments"]
    assert "tess-le" not in office.schedule(ben)["baseline"]["instruments"]

    # Both are invited at ten in the morning, once.
    office.it_becomes("2026-01-12 10:00")
    office.it_becomes("2026-01-12 10:05")
    (invitation,) = office.postbox.to(ANN)
    assert len(office.postbox.to(BEN)) == 1

    # A mail scanner opens Ann's link twice; that spends nothing. She signs in herself and answers what is asked.
    link = link_in(invitation)
    assert office.client.get(link).status_code == 200
    assert office.client.get(link).status_code == 200
    token, baseline = office.signs_in(link), schedule["baseline"]["id"]
    form = office.call("GET", f"/me/assessments/{baseline}", token=token)
    first, *others = form["instruments"]
    path = f"/me/assessments/{baseline}"
    save = {"answers": answers_to(first, 1), "revision": 0}
    revision = office.call("PATCH", f"{path}/responses/{first['code']}", save, token=token)["revision"]
    assert revision == 1

    # She leaves. Three days later a reminder comes, and only to those who have not submitted.
    office.it_becomes("2026-01-15 10:00")
    assert len(office.postbox.to(ANN)) == 2
    token = office.signs_in(link_in(office.postbox.to(ANN)[-1]))
    drafts = {part["code"]: {"answers": answers_to(part, 2), "revision": 0} for part in others}
    done = office.call("POST", f"{path}/submission", {"responses": drafts}, token=token)
    assert office.call("POST", f"{path}/submission", {"responses": drafts}, token=token) == done, "again: the same"
    office.it_becomes("2026-01-19 10:00")
    assert len(office.postbox.to(ANN)) == 2, "nothing is sent after submission"
    assert len(office.postbox.to(BEN)) == 3, "invitation, and reminders after three and seven days"

    # Surgery is planned, then moves a month. The office sees first what that would change.
    office.records(ann, "surgery", "2026-02-20", actual=False)
    assert office.schedule(ann)["end_of_radiotherapy"]["closes_at"] == "2026-02-19T23:00:00Z"
    before = office.schedule(ann)
    preview = office.previews(ann, "surgery", "2026-03-20", actual=False)
    assert office.schedule(ann) == before, "looking changes nothing"
    changes = office.records(ann, "surgery", "2026-03-20", actual=False, reason="theatre was full")
    assert changes == preview
    after = office.schedule(ann)
    assert {one["timepoint"] for one in changes} == {"end_of_radiotherapy", "before_surgery", "postop_30d"}
    assert after["end_of_radiotherapy"]["closes_at"] == "2026-02-26T23:00:00Z"
    assert after["before_surgery"]["opens_at"] == "2026-03-12T23:00:00Z"
    assert after["before_surgery"]["id"] == before["before_surgery"]["id"]
    assert after["baseline"] == before["baseline"]

    # Ben answers half a form, then dies; nobody ever writes to him again, and what he gave is kept.
    token = office.signs_in(link_in(office.postbox.to(BEN)[-1]))
    his = office.schedule(ben)["baseline"]["id"]
    save = {"answers": {"q1": 1, "q2": 1, "q3": 4}, "revision": 0}
    office.call("PATCH", f"/me/assessments/{his}/responses/qlq-c30", save, token=token)
    office.it_becomes("2026-01-20 09:00")
    office.records(ben, "death", "2026-01-20")
    office.it_becomes("2026-02-20 10:00")
    assert len(office.postbox.to(BEN)) == 3

    # The data: one row per expected form with its status, Ann's scores by the published rules, twice the same bytes.
    for name in ("cut", "again"):
        with office.runtime.work(people.everything) as work:
            exports.write(work, study="scopes", format="csv", directory=tmp_path / name)
    cut = tmp_path / "cut"
    status = {(row["participant"], row["timepoint"]): row["status"] for row in rows(cut, "forms")}
    assert status["NKI-001", "baseline"] == "submitted_in_window"
    assert status["NKI-001", "month_12"] == "not_yet_due"
    assert status["NKI-002", "month_12"].startswith("cancelled")
    scales = {
        (row["participant"], row["timepoint"], row["instrument"], row["scale"]): row["value"]
        for row in rows(cut, "scores_long")
    }
    assert float(scales["NKI-001", "baseline", "qlq-c30", "PF2"]) == 100.0
    assert float(scales["NKI-001", "baseline", "qlq-c30", "FA"]) == 0.0
    assert float(scales["NKI-001", "baseline", "eq-5d-5l", "INDEX"]) == pytest.approx(
        1 - 0.047 - 0.035 - 0.038 - 0.039 - 0.066 - 0.070, abs=1e-12
    )
    files = sorted(path.name for path in cut.iterdir())
    assert files == sorted(path.name for path in (tmp_path / "again").iterdir())
    for file in files:
        assert (cut / file).read_bytes() == (tmp_path / "again" / file).read_bytes()
        assert b"example.org" not in (cut / file).read_bytes(), "no address ever leaves"
    assert json.loads((cut / "manifest.json").read_text())

    # And the office can ask why a message was or was not sent on any day.
    why = office.call("GET", f"/participants/{ben}/deliveries")
    assert why["items"]

"""Exports: whole or not at all, the same bytes for the same cut, and a line in the trail before anything leaves."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text

from pro_service.domain.audit import Actor
from pro_service.domain.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    StudyNotActive,
    UnknownFormat,
    UnknownStudy,
)
from pro_service.domain.exports import cut_off
from pro_service.runtime import Runtime
from pro_service.services import exports
from pro_service.services.work import Work
from pro_service.storage import exports as stored_exports
from tests.services.tiny import Tiny, at
from tests.support import people
from tests.support.clock import Clock

Begin = Callable[..., AbstractContextManager[Work]]

data_manager = Actor(kind="staff", id="data-manager", role="data_manager", study="tiny")
elsewhere = Actor(kind="staff", id="elsewhere", role="data_manager", study="another")


@pytest.fixture
def lived(runtime: Runtime, clock: Clock) -> Tiny:
    """The tiny study at the end of its story."""
    tiny = Tiny(runtime, clock)
    tiny.live()
    clock.set(at("02-28"))
    return tiny


def export(work: Begin, directory: Path, *, actor: Actor = people.everything, **options: object) -> exports.Manifest:
    with work(actor, writes=False) as w:
        return exports.write(w, **{"study": "tiny", "format": "csv", "directory": directory, **options})  # type: ignore[arg-type]  # options come by name


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir())}


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_the_same_cut_is_the_same_bytes(lived: Tiny, work: Begin, tmp_path: Path, form: str) -> None:
    export(work, tmp_path / "a", format=form, as_of=date(2026, 2, 15))
    lived.clock.advance(days=40)
    export(work, tmp_path / "b", format=form, as_of=date(2026, 2, 15))
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert {"participants", "forms", "items_wide", "items_long", "scores_wide", "scores_long", "codebook"} <= {
        name.partition(".")[0] for name in contents(tmp_path / "a")
    }


def test_the_manifest_says_what_is_in_the_folder(lived: Tiny, work: Begin, tmp_path: Path) -> None:
    """Failures 27 and 30: rows and checksums of every file; the versions and value sets that made the numbers."""
    manifest = export(work, tmp_path / "cut")
    assert json.loads((tmp_path / "cut" / "manifest.json").read_text(encoding="utf-8")) == manifest
    assert set(manifest["files"]) == set(contents(tmp_path / "cut")) - {"manifest.json"}
    for name, file in manifest["files"].items():
        content = (tmp_path / "cut" / name).read_bytes()
        with (tmp_path / "cut" / name).open(encoding="utf-8", newline="") as lines:
            assert file["rows"] == len(list(csv.reader(lines))) - 1, name
        assert (file["sha256"], file["bytes"]) == (hashlib.sha256(content).hexdigest(), len(content))
    assert manifest["value_sets"] == ["nl-2016", "nl-prices-2024"]
    assert manifest["scorer_versions"]
    assert [version["version"] for version in manifest["study_versions"]] == [1]
    assert (manifest["cut_off"], manifest["provisional"]) == ("2026-02-28T23:00:00Z", True)


def test_an_interrupted_export_leaves_nothing_behind(lived: Tiny, work: Begin, tmp_path: Path) -> None:
    """Failure 27: no folder that looks like an export and is half of one."""

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(work, tmp_path / "out" / "cut", progress=interrupt)
    assert list((tmp_path / "out").iterdir()) == []


def test_an_empty_folder_will_do_and_a_full_one_will_not(lived: Tiny, work: Begin, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    export(work, tmp_path / "empty")
    with pytest.raises(Conflict, match="not an empty folder"):
        export(work, tmp_path / "empty")


REFUSED: list[tuple[dict[str, object], type[Exception], str]] = [
    ({"format": "punchcard"}, UnknownFormat, "no format 'punchcard': there is csv"),
    ({"study": "tinny"}, UnknownStudy, "tinny"),
    ({"as_of": date(2026, 3, 1)}, Invalid, "2026-03-01 has not come yet"),
    ({"as_of": datetime(2026, 2, 28, 9, 1, tzinfo=UTC)}, Invalid, "has not come yet"),
    ({"as_of": date(2025, 12, 31)}, StudyNotActive, "not active by 2025-12-31"),
    ({"actor": people.coordinator_nki, "study": "scopes"}, Forbidden, "exports.write"),
    ({"actor": elsewhere}, NotFound, "no such thing here"),
]


def test_what_is_refused_writes_nothing(lived: Tiny, work: Begin, tmp_path: Path) -> None:
    for options, error, words in REFUSED:
        with pytest.raises(error, match=words):
            export(work, tmp_path / "cut", **options)  # type: ignore[arg-type]  # as above
        assert not (tmp_path / "cut").exists()


@pytest.mark.parametrize(
    ("as_of", "zone", "expected"),
    [
        (None, "Europe/Amsterdam", "2026-03-29T22:00:00+00:00"),  # today, on the day the clocks go forward
        (date(2026, 3, 28), "Europe/Amsterdam", "2026-03-28T23:00:00+00:00"),
        (date(2026, 3, 28), "America/New_York", "2026-03-29T04:00:00+00:00"),
        (datetime.fromisoformat("2026-03-29T12:00:00+02:00"), "Europe/Amsterdam", "2026-03-29T10:00:00+00:00"),
    ],
)
def test_the_instant_of_a_cut(as_of: date | datetime | None, zone: str, expected: str) -> None:
    now = datetime(2026, 3, 29, 11, 0, tzinfo=UTC)
    assert cut_off(as_of, timezone=zone, now=now).isoformat() == expected


def test_who_may_not_see_arms_gets_a_masked_export(lived: Tiny, work: Begin, tmp_path: Path) -> None:
    manifest = export(work, tmp_path / "cut", actor=data_manager)
    assert manifest["masked"] is True
    for path in (tmp_path / "cut").glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            assert not [row for row in csv.reader(file) if {"arm", "short", "long"} & set(row)], path.name


def trail(work: Begin) -> list[str]:
    with work(writes=False) as w:
        found = w.session.execute(text("SELECT action FROM audit_event WHERE action LIKE 'export.%' ORDER BY id"))
        return [str(action) for action in found.scalars()]


def test_an_export_asked_for_is_written_by_a_worker(lived: Tiny, runtime: Runtime, work: Begin, tmp_path: Path) -> None:
    with work(data_manager) as w:
        asked = exports.request(w, study="tiny", format="csv")
    assert asked.outcome is None
    assert exports.run_pending(partial(runtime.work, people.system), directory=tmp_path, limit=5) == 1
    assert exports.run_pending(partial(runtime.work, people.system), directory=tmp_path, limit=5) == 0
    with work(data_manager) as w:
        done = exports.by_id(w, export_id=asked.id)
    assert (done.outcome, done.masked, done.as_of) == ("done", True, date(2026, 2, 28))
    assert done.manifest == json.loads((tmp_path / str(asked.id) / "manifest.json").read_text(encoding="utf-8"))
    assert trail(work) == ["export.request", "export.finish"]


def test_an_export_that_cannot_be_written_says_why(lived: Tiny, runtime: Runtime, work: Begin, tmp_path: Path) -> None:
    with work() as w:
        asked = exports.request(w, study="tiny", format="csv", as_of=date(2025, 6, 1))
    assert exports.run_pending(partial(runtime.work, people.system), directory=tmp_path) == 1
    with work() as w:
        failed = exports.by_id(w, export_id=asked.id)
    assert failed.outcome == "failed"
    assert failed.manifest is not None
    assert failed.manifest["code"] == "study-not-active"
    assert list(tmp_path.glob("*")) == [] or not (tmp_path / str(asked.id)).exists()


def test_a_worker_that_died_is_followed_by_another(lived: Tiny, runtime: Runtime, work: Begin, tmp_path: Path) -> None:
    """The claim of a dead worker lapses; a folder it had finished is taken as it is."""
    with work() as w:
        asked = exports.request(w, study="tiny", format="csv")
    with work(people.system) as w:
        assert stored_exports.claim(w.session, now=w.now, until=w.now + exports.LEASE) is not None
    open_work = partial(runtime.work, people.system)
    assert exports.run_pending(open_work, directory=tmp_path) == 0
    manifest = export(work, tmp_path / str(asked.id))
    lived.clock.advance(seconds=(exports.LEASE + timedelta(seconds=1)).total_seconds())
    assert exports.run_pending(open_work, directory=tmp_path) == 1
    with work() as w:
        assert exports.by_id(w, export_id=asked.id).manifest == manifest


def test_somebody_elses_export_is_not_found(lived: Tiny, work: Begin) -> None:
    with work() as w:
        asked = exports.request(w, study="tiny", format="csv")
    with work(elsewhere) as w, pytest.raises(NotFound):
        exports.by_id(w, export_id=asked.id)

"""Exports: a data cut written to a folder that appears whole or not at all, with a manifest of what is in it.

`write` serves the command line; `request`, `run_pending` and `by_id` serve the API, which answers at once and lets a
worker write. The manifest knows no time but that of the cut: the same cut is the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from pro_service import __version__, shelf
from pro_service.domain.audit import AuditEvent
from pro_service.domain.calendar import local_date, zone
from pro_service.domain.dataset import Batch, Dataset
from pro_service.domain.errors import ProError, UnknownFormat
from pro_service.domain.exports import Export, cut_off
from pro_service.domain.roles import allows, require
from pro_service.services import datasets, studies
from pro_service.services.folders import MANIFEST, appearing, fingerprint, refuse_used
from pro_service.services.work import Work
from pro_service.storage import exports
from pro_service.storage.metadata import new_id

LEASE = timedelta(minutes=30)
"""How long a worker may be silent before another takes its export over."""

Manifest = dict[str, Any]
Progress = Callable[[int], None]
"""Told how many participants have been written since it was told last."""


class OpenWork(Protocol):
    """`runtime.work` with an actor filled in."""

    def __call__(self, *, writes: bool = True) -> AbstractContextManager[Work]: ...


def formats() -> dict[str, Callable[[Dataset, Path], dict[str, int]]]:
    """Every export format by the name people give it: one module of the shelf each."""
    return {name.replace("_", "-"): write for name, write in shelf.load("pro_service.exports", "write").items()}


def write(
    work: Work,
    *,
    study: str,
    format: str,
    directory: Path,
    as_of: date | datetime | None = None,
    masked: bool = False,
    free_text: bool = False,
    timing: bool = False,
    progress: Progress = lambda _: None,
) -> Manifest:
    """Write a cut to `directory`, which must not exist or be empty; it appears when all is written, never before.

    A reading transaction will do; who writes an export for somebody first leaves a line with `record`. Raises
    UnknownStudy, StudyNotActive, UnknownFormat, Invalid for a day to come, Conflict where the folder is not empty.
    """
    require(work.actor, "exports.write", study=study)
    writer = _writer(format)
    refuse_used(directory)
    protocol = studies.active(work, code=study)
    at = cut_off(as_of, timezone=protocol.timezone, now=work.now)
    hidden = masked or not allows(work.actor, "arms.read")
    dataset = datasets.cut(work, study=study, as_of=at, masked=hidden, free_text=free_text, timing=timing)
    with appearing(directory) as folder:
        found: dict[str, set[str]] = {"scorer_version": set(), "value_set": set()}
        rows = writer(replace(dataset, batches=lambda: _watched(dataset, found, progress)), folder)
        made_with = {"scorer_versions": sorted(found["scorer_version"]), "value_sets": sorted(found["value_set"])}
        files = {name: {"rows": rows[name], **fingerprint(folder / name)} for name in sorted(rows)}
        facts = {"format": format, "provisional": at > work.now, "free_text": free_text, "timing": timing, **made_with}
        manifest = {**_of(dataset), **facts, "service_version": __version__, "files": files}
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return manifest


def _of(dataset: Dataset) -> Manifest:
    """What the manifest says of the cut itself."""
    return {
        "study": dataset.study,
        "study_versions": [{"version": one.version, "sha256": one.sha256} for one in dataset.versions],
        "cut_off": dataset.cut_off.isoformat().replace("+00:00", "Z"),
        "masked": dataset.masked,
    }


def record(
    work: Work,
    *,
    study: str,
    format: str,
    as_of: date | datetime | None,
    masked: bool,
    free_text: bool,
    timing: bool = False,
) -> None:
    """Leave a line in the trail that data are about to leave. Raises UnknownStudy, UnknownFormat, Forbidden."""
    require(work.actor, "exports.write", study=study)
    _writer(format)
    study_id = studies.active_version(work, code=study).study_id
    asked = {"format": format, "as_of": as_of, "masked": masked, "free_text": free_text, "timing": timing}
    changes: dict[str, tuple[object, object]] = {name: (None, value) for name, value in asked.items()}
    work.record(AuditEvent("export.write", "study", study_id, changes, study_id=study_id))


def request(work: Work, *, study: str, format: str, as_of: date | None = None, masked: bool = False) -> Export:
    """Ask for an export that a worker will write; who may not see arms gets a masked one."""
    require(work.actor, "exports.write", study=study)
    _writer(format)
    version = studies.active_version(work, code=study)
    cut_off(as_of, timezone=version.study.timezone, now=work.now)
    today = local_date(work.now, zone(version.study.timezone))
    asked = Export(
        id=new_id(),
        study_id=version.study_id,
        study=study,
        format=format,
        as_of=as_of or today,
        masked=masked or not allows(work.actor, "arms.read"),
        asked_by=f"{work.actor.kind}:{work.actor.id}",
        asked_at=work.now,
    )
    exports.add(work.session, asked)
    changes: dict[str, tuple[object, object]] = {
        name: (None, getattr(asked, name)) for name in ("study", "format", "as_of", "masked")
    }
    work.record(AuditEvent("export.request", "export", asked.id, changes, study_id=asked.study_id))
    return asked


def by_id(work: Work, *, export_id: UUID) -> Export:
    """An export that was asked for; outside the actor's study there is none."""
    found = exports.by_id(work.session, export_id)
    require(work.actor, "exports.write", study=found.study)
    return found


def run_pending(open_work: OpenWork, *, directory: Path, limit: int = 1) -> int:
    """Write up to `limit` exports that were asked for, each to a folder of its id; how many were finished.

    A worker that dies leaves a claim that lapses; another then begins afresh, or finds the folder complete.
    """
    for done in range(limit):
        with open_work() as work:
            asked = exports.claim(work.session, now=work.now, until=work.now + LEASE)
        if asked is None:
            return done
        _run(open_work, asked, directory / str(asked.id))
    return limit


def _run(open_work: OpenWork, asked: Export, folder: Path) -> None:
    try:
        outcome, manifest = "done", _written_before(folder) or _write(open_work, asked, folder)
    except (ProError, OSError) as error:
        code = error.code if isinstance(error, ProError) else "file-error"
        outcome, manifest = "failed", {"code": code, "message": str(error)}
    with open_work() as work:
        ended = replace(asked, finished_at=work.now, outcome=outcome, manifest=manifest)
        exports.finish(work.session, ended)
        changes: dict[str, tuple[object, object]] = {"outcome": (None, outcome)}
        work.record(AuditEvent("export.finish", "export", asked.id, changes, study_id=asked.study_id))


def _write(open_work: OpenWork, asked: Export, folder: Path) -> Manifest:
    with open_work(writes=False) as work:
        return write(
            work, study=asked.study, format=asked.format, as_of=asked.as_of, masked=asked.masked, directory=folder
        )


def _written_before(folder: Path) -> Manifest | None:
    """The manifest of a folder that was finished by a worker who could not say so any more."""
    path = folder / MANIFEST
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def _writer(format: str) -> Callable[[Dataset, Path], dict[str, int]]:
    known = formats()
    if format not in known:
        raise UnknownFormat(f"no format '{format}': there is {', '.join(sorted(known))}")
    return known[format]


def _watched(dataset: Dataset, found: dict[str, set[str]], progress: Progress) -> Iterator[Batch]:
    """The batches as they pass, taking note of what the scores in them were made with."""
    names = dataset.table("scores_long").names()
    places = {name: names.index(name) for name in found}
    for batch in dataset.batches():
        for name, place in places.items():
            found[name].update(str(row[place]) for row in batch.get("scores_long", ()) if row[place] is not None)
        yield batch
        progress(len(batch.get("participants", ())))

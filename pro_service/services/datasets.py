"""Data cuts: a study as it was known at one instant, as tables that any export format can write.

Participants are read in batches, a few bulk queries each, so memory does not grow with the study. What was recorded
after the cut stays out: rows carry their instants, and what changed later is taken back with the help of the audit
trail. The same cut of the same data is the same rows, on PostgreSQL and on SQLite.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from pro_service.domain import datacut_answers, datacut_forms, datacut_scores, datacut_times, dataset
from pro_service.domain.compliance import FormFact
from pro_service.domain.datacut import Cut, KnownParticipant, every_timepoint
from pro_service.domain.dataset import Batch, Dataset, Row, Table, Version
from pro_service.domain.errors import StudyNotActive, UnknownStudy
from pro_service.domain.protocol import Study, StudyVersion
from pro_service.domain.roles import require
from pro_service.services import knowledge, studies
from pro_service.services.work import Work
from pro_service.storage import datasets
from pro_service.storage import studies as stored_studies

PEOPLE_PER_BATCH = 200


def cut(
    work: Work, *, study: str, as_of: datetime, masked: bool = False, free_text: bool = False, timing: bool = False
) -> Dataset:
    """The study as it was known at `as_of`, or as it is known now where that lies ahead.

    `masked` hides the arm and the dates that tell it. Without `free_text` no typed text leaves; with
    `timing` there is a table of when each question was seen. The rows are read
    while the dataset is, in the transaction of `work`. Raises UnknownStudy, StudyNotActive, Forbidden.
    """
    require(work.actor, "exports.write", study=study)
    at = min(as_of, work.now)
    versions = _versions(work, study, at)
    shape = replace(_cut(work, versions, at, masked=masked, free_text=free_text), timing=timing)
    tables = (
        datacut_forms.participants(shape),
        datacut_forms.forms(shape),
        datacut_answers.items_wide(shape),
        datacut_answers.items_long(),
        *((datacut_times.item_times(),) if timing else ()),
        datacut_scores.scores_wide(shape),
        datacut_scores.scores_long(),
        datacut_forms.compliance(shape),
    )
    lists = datacut_scores.codelists(shape)
    book = dataset.codebook(tables, lists)
    return Dataset(
        study=study,
        versions=tuple(Version(version.version, version.sha256) for version in versions),
        cut_off=as_of,
        masked=masked,
        tables=(*tables, *(table for table, _ in book)),
        codelists=lists,
        batches=lambda: _batches(work, shape, versions[0].study_id, book),
    )


def everybody(work: Work, *, study: str, as_of: datetime) -> tuple[Cut, Iterator[KnownParticipant]]:
    """What was known of everybody at `as_of`, by code, arms too; forms as they may be shown. Read while iterated.

    Raises UnknownStudy, StudyNotActive, Forbidden.
    """
    require(work.actor, "exports.write", study=study)
    require(work.actor, "arms.read", study=study)
    versions = _versions(work, study, min(as_of, work.now))
    shape = _cut(work, versions, min(as_of, work.now), masked=False, free_text=False)
    people = datasets.people(work.session, study_id=versions[0].study_id, known_by=shape.at)
    return shape, (
        datacut_forms.settled(shape, known)[0]
        for start in range(0, len(people), PEOPLE_PER_BATCH)
        for known in knowledge.known(work, shape, people[start : start + PEOPLE_PER_BATCH])
    )


def _versions(work: Work, study: str, at: datetime) -> tuple[StudyVersion, ...]:
    """The versions that were active by then, oldest first."""
    known = stored_studies.versions(work.session, study)
    if not known:
        codes = sorted({version.code for version in studies.listing(work)})
        raise UnknownStudy(f"no study '{study}': there is {', '.join(codes) or 'none yet'}")
    active = [version for version in known if version.activated_at is not None and version.activated_at <= at]
    if not active:
        raise StudyNotActive(f"study '{study}' was not active by {at:%Y-%m-%dT%H:%M:%SZ}: there is nothing to export")
    return tuple(sorted(active, key=lambda version: version.version))


def _cut(work: Work, versions: Sequence[StudyVersion], at: datetime, *, masked: bool, free_text: bool) -> Cut:
    """What to show, taken from every version in use, the newest first."""
    protocols: list[Study] = [studies.of_version(work, study_version_id=one.id) for one in reversed(versions)]
    codes = dict.fromkeys(code for protocol in protocols for code in protocol.instruments)
    return Cut(
        study=protocols[0],
        timepoints=every_timepoint(protocols),
        instruments=tuple(work.catalogue[code] for code in codes),
        at=at,
        masked=masked,
        free_text=free_text,
    )


def _batches(work: Work, shape: Cut, study_id: UUID, book: Sequence[tuple[Table, list[Row]]]) -> Iterator[Batch]:
    people = datasets.people(work.session, study_id=study_id, known_by=shape.at)
    facts: Counter[FormFact] = Counter()
    population: Counter[str] = Counter()
    show = _Show(shape)
    for start in range(0, len(people), PEOPLE_PER_BATCH):
        batch: dict[str, list[Row]] = {}
        for known in knowledge.known(work, shape, people[start : start + PEOPLE_PER_BATCH]):
            if known.participant.enrolled_at is not None:
                population["" if shape.masked else known.participant.arm or ""] += 1
            facts.update(show.add(batch, known))
        yield batch
    yield {
        "compliance": datacut_forms.compliance_rows(shape, facts, population),
        **{table.name: rows for table, rows in book},
    }


class _Show:
    """Turns one participant at a time into rows."""

    def __init__(self, shape: Cut) -> None:
        self._shape = shape
        self._items_wide, self._items_long = datacut_answers.wide_row(shape), datacut_answers.long_rows(shape)
        self._item_times = datacut_times.rows(shape)
        self._scores_wide, self._scores_long = datacut_scores.wide_row(shape), datacut_scores.long_rows(shape)

    def add(self, batch: dict[str, list[Row]], known: KnownParticipant) -> list[FormFact]:
        """Add the participant's rows to the batch; what the rates need to know of each form."""
        shape, facts = self._shape, []
        batch.setdefault("participants", []).append(datacut_forms.participant_row(shape, known))
        known, states = datacut_forms.settled(shape, known)
        for finished, state in zip(known.forms, states, strict=True):
            batch.setdefault("forms", []).append(datacut_forms.form_row(shape, known, finished, state))
            facts.append(datacut_forms.fact(shape, known, finished, state))
            if finished.responses:
                batch.setdefault("items_wide", []).append(self._items_wide(known, finished))
                batch.setdefault("items_long", []).extend(self._items_long(known, finished))
                if shape.timing:
                    batch.setdefault("item_times", []).extend(self._item_times(known, finished))
                batch.setdefault("scores_wide", []).append(self._scores_wide(known, finished))
                batch.setdefault("scores_long", []).extend(self._scores_long(known, finished))
        return facts

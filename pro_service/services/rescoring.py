"""Rescoring: compute a study's scores again under the scorer of today, keep the old ones, and say what differs.

A batch of forms per transaction. What a batch has got is not computed again, so the same again adds nothing, and one
that was stopped goes on where it was; the report is of the whole study all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from pro_service.domain import rescoring
from pro_service.domain.audit import AuditEvent
from pro_service.domain.errors import UnknownInstrument
from pro_service.domain.rescoring import Differences, HeldScores
from pro_service.domain.roles import require
from pro_service.domain.scores import PendingForm, ScoreSet, score_sets
from pro_service.domain.scoring import SCORER_VERSION
from pro_service.services import studies
from pro_service.services.scores import Group, grouped, is_known, tariff
from pro_service.services.work import Work
from pro_service.storage import scores

BATCH = 2000
"""Forms per transaction, and forms held in memory."""


class OpenWork(Protocol):
    """`runtime.work` with an actor filled in."""

    def __call__(self, *, writes: bool = True) -> AbstractContextManager[Work]: ...


class Progress(Protocol):
    """Told how many forms are done, and how many there are."""

    def __call__(self, done: int, total: int, /) -> object: ...


@dataclass(slots=True)
class Outcome:
    """How many forms were looked at, how many got new scores (or would), what differs, and what was left alone.

    `unknown` counts forms by instrument and version of which this catalogue has no definition.
    """

    forms: int = 0
    added: int = 0
    differences: Differences = field(default_factory=Differences)
    unknown: Counter[tuple[str, str]] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Case:
    """One form, the value set that its protocol names and the scores it has."""

    form: PendingForm
    group: Group
    held: Sequence[HeldScores]

    @property
    def current(self) -> HeldScores | None:
        return rescoring.current(self.held, scorer_version=SCORER_VERSION, value_set=self.group[2])


def rescore(open_work: OpenWork, *, study: str, instrument: str, dry_run: bool, progress: Progress) -> Outcome:
    """Score every scored form of a study again (of one instrument, unless that is empty), where it has not been yet.

    Forms that wait for their first scores are the workers' business. Answers to a version of an instrument that this
    catalogue does not have are never scored by another; they are counted. `dry_run` computes all the same and stores
    nothing. Raises UnknownStudy, StudyNotActive, UnknownInstrument.
    """
    with open_work(writes=False) as work:
        require(work.actor, "scores.compute", study=study)
        study_id = studies.active_version(work, code=study).study_id
        if instrument and instrument not in work.catalogue:
            raise UnknownInstrument(f"no instrument '{instrument}': there is {', '.join(sorted(work.catalogue))}")
        total = scores.scored_forms(work.session, study_id=study_id, instrument=instrument)
    outcome, after = Outcome(), None
    while True:
        with open_work(writes=not dry_run) as work:
            batch = scores.scored(
                work.session, study_id=study_id, instrument=instrument, after=after, limit=BATCH, lock=not dry_run
            )
            made = _take(work, batch, outcome)
            if not dry_run:
                _keep(work, made)
        if not batch:
            return outcome
        after = batch[-1].response_id
        progress(outcome.forms, max(total, outcome.forms))


def _take(work: Work, batch: Sequence[PendingForm], outcome: Outcome) -> Mapping[Group, Sequence[ScoreSet]]:
    """Compute what a batch lacks and compare all of it; the new scores by group."""
    known = [form for form in batch if is_known(work, form)]
    outcome.forms += len(batch)
    outcome.unknown.update((form.instrument, form.version) for form in batch if not is_known(work, form))
    held = scores.held(work.session, [form.response_id for form in known])
    cases = [
        _Case(form, group, held.get((form.response_id, form.revision), ()))
        for group, forms in grouped(work, known).items()
        for form in forms
    ]
    made = _made(work, [case for case in cases if case.current is None])
    new = {one.response_id: rescoring.as_held(one, work.now) for sets in made.values() for one in sets}
    for case in cases:
        now = case.current or new[case.form.response_id]
        before = rescoring.earlier(case.held, than=now)
        if before is not None:
            outcome.differences.add(case.form.instrument, before.scales, now.scales)
    outcome.added += len(new)
    return made


def _made(work: Work, cases: Sequence[_Case]) -> Mapping[Group, Sequence[ScoreSet]]:
    groups: dict[Group, list[PendingForm]] = {}
    for case in cases:
        groups.setdefault(case.group, []).append(case.form)
    return {
        group: tuple(score_sets(work.catalogue[group[1]], forms, tariff(group[2]))) for group, forms in groups.items()
    }


def _keep(work: Work, made: Mapping[Group, Sequence[ScoreSet]]) -> None:
    scores.keep(work.session, [one for sets in made.values() for one in sets], at=work.now)
    work.record(*_lines(made))


def _lines(made: Mapping[Group, Sequence[ScoreSet]]) -> Iterator[AuditEvent]:
    """One line per batch, as when scores are computed for the first time; the score sets bear the same instant."""
    for (study_id, code, set_id), sets in made.items():
        changes: dict[str, tuple[object, object]] = {
            "forms": (None, len(sets)),
            "scorer_version": (None, SCORER_VERSION),
            "value_set": (None, set_id),
        }
        yield AuditEvent("scores.rescore", "instrument", code, changes, study_id=study_id)

"""Data cuts: a study as it was known at one instant, as tables that any export format can write.

Participants are read in batches, a few bulk queries each, so memory does not grow with the study. What was recorded
after the cut stays out: rows carry their instants, and what changed later is taken back with the help of the audit
trail. The same cut of the same data is the same rows, on PostgreSQL and on SQLite.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from pro_service.domain import (
    datacut,
    datacut_answers,
    datacut_forms,
    datacut_scores,
    dataset,
    events,
    instruments,
)
from pro_service.domain.assessments import Assessment
from pro_service.domain.compliance import FormFact, FormState, FormStatus
from pro_service.domain.datacut import Cut, KnownForm, KnownParticipant, KnownResponse, KnownScores
from pro_service.domain.dataset import Batch, Dataset, Row, Table, Version
from pro_service.domain.errors import StudyNotActive, UnknownStudy
from pro_service.domain.instruments import Answer, Instrument
from pro_service.domain.participants import Participant
from pro_service.domain.protocol import Study, StudyVersion, Timepoint
from pro_service.domain.scoring import input_hash
from pro_service.services import studies
from pro_service.services.work import Work
from pro_service.storage import datasets
from pro_service.storage import studies as stored_studies
from pro_service.storage.datasets import Changes, LaterChange, ResponseRow, ScoreRow

PEOPLE_PER_BATCH = 200
WITHOUT_DATA = frozenset({FormStatus.NOT_YET_DUE, FormStatus.OPEN, FormStatus.MISSED})
"""Forms in these states have no answers that are data: there are none, or the person may still change them."""


def cut(work: Work, *, study: str, as_of: datetime, masked: bool = False, free_text: bool = False) -> Dataset:
    """The study as it was known at `as_of`, or as it is known now where that lies ahead.

    `masked` hides the arm and the dates that tell it. Without `free_text` no typed text leaves. The rows are read
    while the dataset is, in the transaction of `work`. Raises UnknownStudy, StudyNotActive.
    """
    at = min(as_of, work.now)
    versions = _versions(work, study, at)
    shape = _cut(work, versions, at, masked=masked, free_text=free_text)
    tables = (
        datacut_forms.participants(shape),
        datacut_forms.forms(shape),
        datacut_answers.items_wide(shape),
        datacut_answers.items_long(),
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
    timepoints: dict[str, Timepoint] = {}
    codes: dict[str, None] = {}
    for protocol in protocols:
        for timepoint in protocol.timepoints:
            timepoints.setdefault(timepoint.code, timepoint)
        codes.update(dict.fromkeys(protocol.instruments))
    return Cut(
        study=protocols[0],
        timepoints=tuple(timepoints.values()),
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
        for known in _known(work, shape, people[start : start + PEOPLE_PER_BATCH]):
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
        self._scores_wide, self._scores_long = datacut_scores.wide_row(shape), datacut_scores.long_rows(shape)

    def add(self, batch: dict[str, list[Row]], known: KnownParticipant) -> list[FormFact]:
        """Add the participant's rows to the batch; what the rates need to know of each form."""
        shape, facts = self._shape, []
        batch.setdefault("participants", []).append(datacut_forms.participant_row(shape, known))
        for form in known.forms:
            state = datacut_forms.state_of(shape, known, form)
            finished = _finished(form, state)
            batch.setdefault("forms", []).append(datacut_forms.form_row(shape, known, finished, state))
            facts.append(datacut_forms.fact(shape, known, finished, state))
            if finished.responses:
                batch.setdefault("items_wide", []).append(self._items_wide(known, finished))
                batch.setdefault("items_long", []).extend(self._items_long(known, finished))
                batch.setdefault("scores_wide", []).append(self._scores_wide(known, finished))
                batch.setdefault("scores_long", []).extend(self._scores_long(known, finished))
        return facts


def _finished(form: KnownForm, state: FormState) -> KnownForm:
    """The form as it may leave: without answers unless they are data."""
    return replace(form, responses=()) if state.status in WITHOUT_DATA else form


@dataclass(frozen=True, slots=True)
class _Read:
    """What a batch of participants is made of, as it was read."""

    events: Mapping[UUID, Sequence[events.EventRecord]]
    forms: Mapping[UUID, Sequence[Assessment]]
    responses: Mapping[UUID, Sequence[ResponseRow]]
    scores: Mapping[UUID, Sequence[ScoreRow]]
    later: Mapping[tuple[str, str], Sequence[LaterChange]]

    def since(self, kind: str, id: UUID) -> list[Changes]:
        """What was changed after the cut, newest first."""
        return [line.changes for line in sorted(self.later.get((kind, str(id)), ()), reverse=True)]

    def answers_since(self, row: ResponseRow) -> list[Changes]:
        """Items that were changed after the cut, newest first: saved, corrected, or brought along in submitting."""
        own = self.later.get(("response", str(row.id)), ())
        prefix = f"{row.instrument}."
        brought = [
            LaterChange(
                line.number,
                {name.removeprefix(prefix): pair for name, pair in line.changes.items() if name.startswith(prefix)},
            )
            for line in self.later.get(("assessment", str(row.assessment_id)), ())
        ]
        return [line.changes for line in sorted((*own, *brought), reverse=True)]


def _known(work: Work, shape: Cut, people: Sequence[Participant]) -> Iterator[KnownParticipant]:
    """These participants as they were known, in the order given."""
    ids, session = [one.id for one in people], work.session
    kinds = ("participant", "assessment", "response")
    read = _Read(
        events=datasets.events(session, ids, known_by=shape.at),
        forms=datasets.forms(session, ids),
        responses=datasets.responses(session, ids, known_by=shape.at),
        scores=datasets.scores(session, ids, known_by=shape.at),
        later=datasets.later_changes(session, ids, kinds=kinds, after=shape.at) if shape.at < work.now else {},
    )
    order = {timepoint.code: place for place, timepoint in enumerate(shape.timepoints)}
    definitions = {instrument.code: instrument for instrument in shape.instruments}
    for one in people:
        forms = [
            _form(read, assessment, definitions, shape.at)
            for assessment in read.forms.get(one.id, ())
            if not _created_later(read, assessment)
        ]
        forms.sort(key=lambda form: (order.get(form.assessment.timepoint, len(order)), form.assessment.occurrence))
        yield KnownParticipant(
            participant=_person(one, read, shape.at),
            events=events.known(read.events.get(one.id, ())),
            forms=tuple(forms),
        )


def _person(one: Participant, read: _Read, at: datetime) -> Participant:
    person = datacut.as_it_stood(one, read.since("participant", one.id))
    if person.enrolled_at is not None and person.enrolled_at > at:
        return replace(person, enrolled_at=None)
    return person


def _created_later(read: _Read, assessment: Assessment) -> bool:
    """Whether the trail says the assessment came into being after the cut: its questionnaires were nothing before."""
    later = read.since("assessment", assessment.id)
    return any("instruments" in changes and changes["instruments"][0] is None for changes in later)


def _form(read: _Read, assessment: Assessment, definitions: Mapping[str, Instrument], at: datetime) -> KnownForm:
    one = datacut.as_it_stood(assessment, read.since("assessment", assessment.id))
    one = replace(
        one,
        started_at=_by(one.started_at, at),
        submitted_at=_by(one.submitted_at, at),
        cancelled_at=_by(one.cancelled_at, at),
    )
    found = {row.instrument: row for row in read.responses.get(one.id, ())}
    begun_since = [changes for row in found.values() for changes in read.since("response", row.id)]
    if one.submitted_at is None and (not found or any("started_at" in changes for changes in begun_since)):
        one = replace(one, started_at=None)  # begun after the cut, if on behalf of an earlier day
    order = [code for code in (*one.instruments, *sorted(found)) if code in found and code in definitions]
    responses = (_response(read, found[code], definitions[code], at) for code in dict.fromkeys(order))
    return KnownForm(one, tuple(response for response in responses if response.answers))


def _by(instant: datetime | None, at: datetime) -> datetime | None:
    """The instant, unless it came later."""
    return instant if instant is None or instant <= at else None


def _response(read: _Read, row: ResponseRow, definition: Instrument, at: datetime) -> KnownResponse:
    answers, touched = row.answers, row.updated_at > at
    if touched:
        answers = _answers_before(answers, read.answers_since(row), definition)
    shown = instruments.visible(definition, answers)
    scores = _scores_of(read.scores.get(row.id, ()), None if touched else row.revision, definition, answers)
    return KnownResponse(
        definition=definition,
        version=row.instrument_version,
        language=row.language,
        revision=scores[0].revision if scores and touched else row.revision,
        shown=shown,
        answers={item.code: answers[item.code] for item in shown if item.code in answers},
        stamps=row.stamps,
        scores=tuple(_known_scores(one) for one in scores),
    )


def _answers_before(
    answers: Mapping[str, Answer], later: Sequence[Changes], definition: Instrument
) -> dict[str, Answer]:
    """The answers before later changes (newest first) were made to them."""
    before, items = dict(answers), {item.code for item in definition.items}
    for changes in later:
        for item, (old, _) in ((name, pair) for name, pair in changes.items() if name in items):
            if old is None:
                before.pop(item, None)
            else:
                before[item] = old
    return before


def _scores_of(
    scores: Sequence[ScoreRow], revision: int | None, definition: Instrument, answers: Mapping[str, Answer]
) -> list[ScoreRow]:
    """The newest scores of exactly these answers; without a revision they are known by the hash of their input."""
    if revision is None:
        made_of = input_hash(definition, answers)
        fitting = [one for one in scores if one.input_hash == made_of]
    else:
        fitting = [one for one in scores if one.revision == revision]
    newest = max((one.computed_at for one in fitting), default=None)
    return sorted((one for one in fitting if one.computed_at == newest), key=lambda one: one.value_set)


def _known_scores(row: ScoreRow) -> KnownScores:
    return KnownScores(
        scorer_version=row.scorer_version,
        value_set=row.value_set,
        missing_rule=row.missing_rule,
        computed_at=row.computed_at,
        scales=row.scales,
    )

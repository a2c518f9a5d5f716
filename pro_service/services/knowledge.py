"""What was known of participants at an instant: rows as they are now, less what was recorded since.

Rows carry their instants; what changed later (a window that moved, an answer that was corrected, a form typed over
from paper) is taken back, newest first, with the help of the audit trail.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from pro_service.domain import datacut, events, instruments
from pro_service.domain.assessments import Assessment
from pro_service.domain.datacut import Cut, KnownForm, KnownParticipant, KnownResponse, KnownScores
from pro_service.domain.instruments import Answer, Instrument
from pro_service.domain.participants import Participant
from pro_service.domain.rescoring import wanted
from pro_service.domain.scoring import input_hash
from pro_service.services import studies
from pro_service.services.work import Work
from pro_service.storage import datasets
from pro_service.storage.datasets import Changes, LaterChange, ResponseRow, ScoreRow

KINDS = ("participant", "assessment", "response")
"""What the audit trail is asked about."""


@dataclass(frozen=True, slots=True)
class _Read:
    """What a batch of participants is made of, as it was read."""

    events: Mapping[UUID, Sequence[events.EventRecord]]
    forms: Mapping[UUID, Sequence[Assessment]]
    responses: Mapping[UUID, Sequence[ResponseRow]]
    scores: Mapping[UUID, Sequence[ScoreRow]]
    later: Mapping[tuple[str, str], Sequence[LaterChange]]
    answered: Mapping[str, Mapping[str, datetime]]

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


@dataclass(frozen=True, slots=True)
class _Asked:
    """By instrument: its definition, and the value set that the protocol of one person names for it."""

    definitions: Mapping[str, Instrument]
    value_sets: Mapping[str, str]


def known(work: Work, shape: Cut, people: Sequence[Participant]) -> Iterator[KnownParticipant]:
    """These participants as they were known at the cut, in the order given. They are given as they are stored now."""
    read = _read(work, [one.id for one in people], shape.at)
    order = {timepoint.code: place for place, timepoint in enumerate(shape.timepoints)}
    definitions = {instrument.code: instrument for instrument in shape.instruments}
    for one in people:
        person = _person(one, read, shape.at)
        value_sets = studies.of_version(work, study_version_id=person.study_version_id).value_sets
        forms = [
            _form(read, assessment, _Asked(definitions, value_sets), shape.at)
            for assessment in read.forms.get(one.id, ())
            if not _created_later(read, assessment)
        ]
        forms.sort(key=lambda form: (order.get(form.assessment.timepoint, len(order)), form.assessment.occurrence))
        yield KnownParticipant(
            participant=person,
            events=events.known(read.events.get(one.id, ())),
            forms=tuple(forms),
        )


def _read(work: Work, ids: Sequence[UUID], at: datetime) -> _Read:
    session, past = work.session, at < work.now
    responses = datasets.responses(session, ids, known_by=at)
    touched = [one for of_form in responses.values() for one in of_form if one.updated_at > at]
    subjects = [subject for one in touched for subject in (one.id, one.assessment_id)]
    return _Read(
        events=datasets.events(session, ids, known_by=at),
        forms=datasets.forms(session, ids),
        responses=responses,
        scores=datasets.scores(session, ids, known_by=at),
        later=datasets.later_changes(session, ids, kinds=KINDS, after=at) if past else {},
        answered=datasets.answer_times(session, subjects, until=at) if subjects else {},
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


def _form(read: _Read, assessment: Assessment, asked: _Asked, at: datetime) -> KnownForm:
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
    order = [code for code in (*one.instruments, *sorted(found)) if code in found and code in asked.definitions]
    responses = (_response(read, found[code], asked, at) for code in dict.fromkeys(order))
    return KnownForm(one, tuple(response for response in responses if response.answers))


def _by(instant: datetime | None, at: datetime) -> datetime | None:
    """The instant, unless it came later."""
    return instant if instant is None or instant <= at else None


def _response(read: _Read, row: ResponseRow, asked: _Asked, at: datetime) -> KnownResponse:
    definition = asked.definitions[row.instrument]
    answers, stamps, touched = row.answers, row.stamps, row.updated_at > at
    if touched:
        answers = _answers_before(answers, read.answers_since(row), definition)
        stamps = _stamps_before(read, row, at)
    shown = instruments.visible(definition, answers)
    scored = read.scores.get(row.id, ())
    scores = _scores_of(scored, None if touched else row.revision, definition, answers, asked.value_sets)
    return KnownResponse(
        definition=definition,
        version=row.instrument_version,
        language=row.language,
        wording=row.wording,
        revision=scores.revision if scores and touched else row.revision,
        shown=shown,
        answers={item.code: answers[item.code] for item in shown if item.code in answers},
        stamps=stamps,
        scores=() if scores is None else (known_scores(scores),),
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


def _stamps_before(read: _Read, row: ResponseRow, at: datetime) -> dict[str, Mapping[str, object]]:
    """When each answer had been given by then, if it was given anew since: as the audit trail saw it."""
    saved, brought = read.answered.get(str(row.id), {}), read.answered.get(str(row.assessment_id), {})
    stamps: dict[str, Mapping[str, object]] = {}
    for item, stamp in row.stamps.items():
        answered = stamp.get("answered")
        if isinstance(answered, str) and datetime.fromisoformat(answered) > at:
            times = [seen for seen in (saved.get(item), brought.get(f"{row.instrument}.{item}")) if seen is not None]
            stamps[item] = {**_sight(stamp), "answered": max(times).isoformat()} if times else {}
        else:
            stamps[item] = stamp
    return stamps


def _sight(stamp: Mapping[str, object]) -> dict[str, object]:
    return {"seen": stamp["seen"]} if "seen" in stamp else {}


def _scores_of(
    scores: Sequence[ScoreRow],
    revision: int | None,
    definition: Instrument,
    answers: Mapping[str, Answer],
    value_sets: Mapping[str, str],
) -> ScoreRow | None:
    """The scores to show of exactly these answers. Without a revision they are known by the hash of their input."""
    if revision is None:
        made_of = input_hash(definition, answers)
        fitting = [one for one in scores if one.input_hash == made_of]
    else:
        fitting = [one for one in scores if one.revision == revision]
    return wanted(fitting, value_set=value_sets.get(definition.code, ""))


def known_scores(row: ScoreRow) -> KnownScores:
    """A score set without the response it belongs to."""
    return KnownScores(
        scorer_version=row.scorer_version,
        value_set=row.value_set,
        missing_rule=row.missing_rule,
        input_hash=row.input_hash,
        computed_at=row.computed_at,
        scales=row.scales,
    )

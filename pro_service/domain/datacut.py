"""A cut through a study: what was known at one instant, and which of it may leave.

Values in, rows out: `services.datasets` reads what was known, the `datacut_*` modules beside this one turn one
participant at a time into the rows of each table. Rows are keyed by the trial's own words (participant, timepoint,
occurrence, instrument), never by a position and never by a database id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import TypeVar
from uuid import UUID

from pro_service.domain.assessments import Assessment
from pro_service.domain.dataset import Cell, Column, Row
from pro_service.domain.events import EventRecord
from pro_service.domain.instruments import Answers, Instrument, Item
from pro_service.domain.participants import Participant
from pro_service.domain.protocol import Study, Timepoint

T = TypeVar("T")

LANGUAGE = "en"
"""The language of labels in a dataset: one, whatever the participants speak."""


@dataclass(frozen=True, slots=True)
class KnownScores:
    """The scores of one response revision, with what made them. `scales`: scale -> value, n_answered, n_items."""

    scorer_version: str
    value_set: str
    missing_rule: str
    input_hash: str
    computed_at: datetime
    scales: Mapping[str, Mapping[str, float | str | None]]


@dataclass(frozen=True, slots=True)
class KnownResponse:
    """The answers to one instrument as they stood, and their scores if they had been computed.

    `shown` are the questions that these answers call for. An answer to any other (given, and then hidden by a later
    answer) is not in `answers`. `stamps`: item -> when it was answered, among other things.
    """

    definition: Instrument
    version: str
    language: str
    wording: str
    revision: int
    shown: tuple[Item, ...]
    answers: Answers
    stamps: Mapping[str, Mapping[str, object]]
    scores: tuple[KnownScores, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownForm:
    """One assessment as it stood, with the responses that belong to it."""

    assessment: Assessment
    responses: tuple[KnownResponse, ...]


@dataclass(frozen=True, slots=True)
class KnownParticipant:
    """What is known of a participant: the newest record of each event, retractions too; forms in protocol order."""

    participant: Participant
    events: tuple[EventRecord, ...]
    forms: tuple[KnownForm, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """What to show: of which study, at which instant, whether the arm is hidden and whether typed text may leave.

    `study` is the newest version at the cut; `timepoints` are those of every version in use, in protocol order.
    `masked` hides the arm and whatever tells it: the dates of events that the arms reach at different times, and of
    the timepoints that hang on them. `timing` adds when each question was seen.
    """

    study: Study
    timepoints: tuple[Timepoint, ...]
    instruments: tuple[Instrument, ...]
    at: datetime
    masked: bool = False
    free_text: bool = False
    timing: bool = False

    def tells_arm(self, event: str) -> bool:
        """Whether the date of this event may tell the arm: all but the required ones and those that end it all."""
        return not any(kind.code == event and (kind.required or kind.ends) for kind in self.study.events)

    def hides_dates(self, timepoint: str) -> bool:
        """Whether the dates of this timepoint's forms stay inside."""
        return self.masked and any(
            self.tells_arm(anchor.event)
            for known in self.timepoints
            if known.code == timepoint
            for anchor in known.anchors
        )


def every_timepoint(protocols: Iterable[Study]) -> tuple[Timepoint, ...]:
    """The timepoints of every version in use, given newest first; of one that several have, the newest."""
    found: dict[str, Timepoint] = {}
    for protocol in protocols:
        for timepoint in protocol.timepoints:
            found.setdefault(timepoint.code, timepoint)
    return tuple(found.values())


RowOf = Callable[[KnownParticipant, KnownForm], Row]
RowsOf = Callable[[KnownParticipant, KnownForm], Iterable[Row]]


def keys(cut: Cut) -> tuple[Column, ...]:
    """The columns that every wide table begins with."""
    return (*person(cut), *_OCCASION)


def person(cut: Cut) -> tuple[Column, ...]:
    """Who: the code, and the facts that people are grouped by."""
    arm = () if cut.masked else (Column("arm", "Treatment arm", codelist="arm"),)
    return (
        Column("participant", "Participant code"),
        Column("site", "Site", codelist="site"),
        *arm,
        Column("stratum", "Stratum", codelist="stratum"),
    )


def long_keys() -> tuple[Column, ...]:
    """The columns that every long table begins with."""
    return (Column("participant", "Participant code"), *_OCCASION)


_OCCASION = (
    Column("timepoint", "Timepoint", codelist="timepoint"),
    Column("occurrence", "Which time this timepoint came, counted from 1", "integer", "ordinal"),
)


def person_cells(cut: Cut, participant: Participant) -> tuple[Cell, ...]:
    """The cells of `person`."""
    arm = () if cut.masked else (participant.arm,)
    return (participant.code, participant.site, *arm, participant.stratum)


def occasion_cells(assessment: Assessment) -> tuple[Cell, ...]:
    """The cells of timepoint and occurrence."""
    return (assessment.timepoint, assessment.occurrence)


def label(words: Mapping[str, str], code: str) -> str:
    """The words in the language of datasets; any language rather than none, the code rather than nothing."""
    return words.get(LANGUAGE) or next(iter(words.values()), code)


def as_it_stood(record: T, later: Iterable[Mapping[str, Sequence[object]]]) -> T:
    """The frozen record before `later` changes (field -> [old, new] as plain JSON, newest first) were made to it."""
    known = {field.name for field in fields(record)}  # type: ignore[arg-type]  # T is a dataclass; there is no type for it
    values: dict[str, object] = {}
    for changes in later:
        values |= {name: _parsed(name, old) for name, (old, _) in changes.items() if name in known}
    return replace(record, **values) if values else record  # type: ignore[type-var]  # as above


def _parsed(field: str, plain: object) -> object:
    """A field's value out of its plain JSON form; the house's names tell the type."""
    if isinstance(plain, list):
        return tuple(plain)
    if not isinstance(plain, str):
        return plain
    if field.endswith("_at"):
        return datetime.fromisoformat(plain)
    if field.endswith("_on"):
        return date.fromisoformat(plain)
    return UUID(plain) if field.endswith("_id") else plain

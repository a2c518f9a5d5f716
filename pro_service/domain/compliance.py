"""What became of every expected form, and the two rates SISAQOL asks for, never one under the other's name.

Source: Coens et al., Lancet Oncol 2020;21:e83 (SISAQOL); CONSORT-PRO item 13a. Death is never missing data: a form
that a death or a withdrawal forestalled is cancelled, not missed.

- *available-data rate* = valid forms / everybody in the study population of patient-reported outcomes (fixed)
- *completion rate* = valid forms / those still expected to answer at that timepoint (shrinks over time)
- *valid* = received in its window with at least one scale that could be scored (`valid_is` may say otherwise)
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pro_service.domain.assessments import GRACE, Assessment, Status, status

UNKNOWN = "unknown"
"""The reason of a missed form where nobody wrote one down."""

NEVER_HAPPENED = "anchor-never-happened"
WAITING = "anchor-not-known"


class FormStatus(StrEnum):
    """What became of one expected form at one instant."""

    NOT_YET_DUE = "not_yet_due"
    OPEN = "open"
    SUBMITTED_IN_WINDOW = "submitted_in_window"
    SUBMITTED_OUT_OF_WINDOW = "submitted_out_of_window"
    PARTIAL = "partial"
    MISSED = "missed"
    CANCELLED = "cancelled"


RECEIVED = frozenset({FormStatus.SUBMITTED_IN_WINDOW, FormStatus.SUBMITTED_OUT_OF_WINDOW, FormStatus.PARTIAL})
EXPECTED = RECEIVED | {FormStatus.MISSED}
"""The states of a form whose person was alive and on assessment, and whose time has come."""


@dataclass(frozen=True, slots=True)
class FormState:
    """A status with its reason: why missed, why cancelled, what a form that is not yet due waits for."""

    status: FormStatus
    reason: str = ""


def form_state(
    assessment: Assessment, at: datetime, *, ended: str = "", never_happened: Collection[str] = (), anchors: int = 1
) -> FormState:
    """What became of the form at `at`.

    `ended` names the event that ended this person's part in the study by then (withdrawal, death), `never_happened`
    the events that were recorded and then retracted, `anchors` how many events the timepoint may hang on.
    """
    match status(assessment, at):
        case Status.SUBMITTED:
            inside = _in_window(assessment)
            found, reason = FormStatus.SUBMITTED_IN_WINDOW if inside else FormStatus.SUBMITTED_OUT_OF_WINDOW, ""
        case Status.PARTIAL:
            found, reason = FormStatus.PARTIAL, assessment.missing_reason or ""
        case Status.MISSED:
            found, reason = FormStatus.MISSED, assessment.missing_reason or UNKNOWN
        case Status.CANCELLED:
            found, reason = FormStatus.CANCELLED, assessment.cancel_reason or UNKNOWN
        case Status.WAITING:
            never = bool(never_happened) and len(never_happened) >= anchors
            return _waiting(ended or (NEVER_HAPPENED if never else ""))
        case Status.PLANNED:
            found, reason = FormStatus.NOT_YET_DUE, ""
        case _:
            found, reason = FormStatus.OPEN, ""
    return FormState(found, reason)


def _waiting(never_will: str) -> FormState:
    return FormState(FormStatus.CANCELLED, never_will) if never_will else FormState(FormStatus.NOT_YET_DUE, WAITING)


def _in_window(assessment: Assessment) -> bool:
    """Submitted between opening and closing; a form begun in time may be finished within the hour of grace."""
    submitted, opens, closes = assessment.submitted_at, assessment.opens_at, assessment.closes_at
    if submitted is None or opens is None or closes is None:
        return False
    begun_in_time = assessment.started_at is not None and assessment.started_at < closes
    return opens <= submitted < closes + (GRACE if begun_in_time else timedelta(0))


@dataclass(frozen=True, slots=True)
class FormFact:
    """What the rates need to know of one expected form. `scorable`: at least one scale has a value."""

    arm: str
    timepoint: str
    status: FormStatus
    scorable: bool


@dataclass(frozen=True, slots=True)
class Rate:
    """Counts of one arm at one timepoint, and the two rates made of them (None where nobody counts)."""

    arm: str
    timepoint: str
    population: int
    expected: int
    received: int
    in_window: int
    valid: int

    @property
    def available_data_rate(self) -> float | None:
        """Valid forms over the whole population: the denominator never changes."""
        return self.valid / self.population if self.population else None

    @property
    def completion_rate(self) -> float | None:
        """Valid forms over those expected to answer at this timepoint."""
        return self.valid / self.expected if self.expected else None


VALID = frozenset({FormStatus.SUBMITTED_IN_WINDOW})


def rates(
    forms: Mapping[FormFact, int],
    *,
    population: Mapping[str, int],
    timepoints: Sequence[str],
    valid_is: frozenset[FormStatus] = VALID,
) -> tuple[Rate, ...]:
    """One line per arm and timepoint, in the order given, lines of nobody included.

    `forms` tallies like facts (a `Counter`, so that memory does not grow with the study), `population` counts
    everybody enrolled per arm, `valid_is` names the states that count as valid when scorable.
    """
    return tuple(
        _rate(_tally(forms, arm, timepoint), arm, timepoint, people, valid_is)
        for arm, people in population.items()
        for timepoint in timepoints
    )


def _tally(forms: Mapping[FormFact, int], arm: str, timepoint: str) -> dict[FormFact, int]:
    return {fact: count for fact, count in forms.items() if (fact.arm, fact.timepoint) == (arm, timepoint)}


def _rate(
    tally: Mapping[FormFact, int], arm: str, timepoint: str, people: int, valid_is: frozenset[FormStatus]
) -> Rate:
    def count(states: frozenset[FormStatus], *, scorable_only: bool = False) -> int:
        wanted = (n for fact, n in tally.items() if fact.status in states and (fact.scorable or not scorable_only))
        return sum(wanted)

    return Rate(
        arm=arm,
        timepoint=timepoint,
        population=people,
        expected=count(EXPECTED),
        received=count(RECEIVED),
        in_window=count(VALID),
        valid=count(valid_is, scorable_only=True),
    )

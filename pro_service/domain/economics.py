"""From what is known of a trial's participants to the utilities that QALYs are computed from.

Times are years from randomisation to the local day on which a form was really filled in, whatever day it was asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from pro_service.domain.calendar import local_date, zone
from pro_service.domain.datacut import Cut, KnownForm, KnownParticipant, KnownResponse
from pro_service.domain.errors import Invalid, Problem
from pro_service.domain.events import EventRecord
from pro_service.domain.qalys import Utilities

DAYS_A_YEAR = 365.25
RANDOMISATION = "randomisation"
"""The kind of event that time is counted from; where a study has none of that name, its first required one."""

DEATH = "death"
"""The kind of event that is a death; it ends a participation, as withdrawal does, and only it makes the utility 0."""


@dataclass(frozen=True, slots=True)
class Observation:
    """A form with a utility, by the trial's words for it."""

    timepoint: str
    occurrence: int
    time: float
    utility: float


@dataclass(frozen=True, slots=True)
class Course:
    """One enrolled participant: forms in protocol order, and the time of death, None for the living."""

    participant: str
    arm: str
    observations: tuple[Observation, ...]
    death_time: float | None = None


def utility_scale(cut: Cut, instrument: str | None = None) -> tuple[str, str]:
    """The questionnaire of the study that gives a utility, and its scale. Raises Invalid where that is not one."""
    found = {one.code: scale.code for one in cut.instruments for scale in one.scales if scale.method == "index"}
    chosen = [code for code in found if instrument in (None, code)]
    if len(chosen) != 1:
        there = ", ".join(sorted(found)) or "none"
        raise Invalid(
            f"the utilities of {cut.study.code} come from one questionnaire",
            problems=[Problem(f"expected one of its questionnaires with an index: {there}", field="instrument")],
        )
    return chosen[0], found[chosen[0]]


def origin_event(cut: Cut) -> str:
    """The kind of event that time is counted from. Raises Invalid where the study has none."""
    kinds = [kind.code for kind in cut.study.events if kind.code == RANDOMISATION or kind.required]
    if not kinds:
        raise Invalid(f"{cut.study.code} has neither an event '{RANDOMISATION}' nor a required one to count time from")
    return RANDOMISATION if RANDOMISATION in kinds else kinds[0]


def course(cut: Cut, known: KnownParticipant, *, instrument: str, scale: str) -> Course | None:
    """What is known of somebody who is enrolled and randomised; None of others. Forms must be as a cut shows them."""
    origin = _on(known.events, origin_event(cut))
    if known.participant.enrolled_at is None or origin is None:
        return None
    died_on = _on(known.events, DEATH)
    return Course(
        known.participant.code,
        known.participant.arm or "",
        tuple(_observations(known, origin, instrument, scale)),
        None if died_on is None else max(0.0, _years(origin, died_on)),
    )


def utilities(courses: Sequence[Course]) -> Utilities:
    """The same as columns; people by their place among the courses."""
    rows = [(place, one.time, one.utility) for place, each in enumerate(courses) for one in each.observations]
    people, times, values = zip(*rows, strict=True) if rows else ((), (), ())
    return Utilities(
        np.array(people, dtype=np.intp),
        np.array(times, dtype=np.float64),
        np.array(values, dtype=np.float64),
        np.array([np.nan if one.death_time is None else one.death_time for one in courses], dtype=np.float64),
    )


def _observations(known: KnownParticipant, origin: date, instrument: str, scale: str) -> Iterator[Observation]:
    place = zone(known.participant.timezone)
    for form in known.forms:
        for response in form.responses:
            value = _value(response, scale) if response.definition.code == instrument else None
            filled_at = _filled_at(form, response)
            if value is not None and filled_at is not None:
                about = form.assessment
                time = _years(origin, local_date(filled_at, place))
                yield Observation(about.timepoint, about.occurrence, time, value)


def _value(response: KnownResponse, scale: str) -> float | None:
    values = [scores.scales[scale]["value"] for scores in response.scores if scale in scores.scales]
    return float(values[0]) if values and isinstance(values[0], float | int) else None


def _filled_at(form: KnownForm, response: KnownResponse) -> datetime | None:
    """When it was submitted; a form that never was counts from the last of its answers."""
    if form.assessment.submitted_at is not None:
        return form.assessment.submitted_at
    answered = [stamp.get("answered") for stamp in response.stamps.values()]
    return max((datetime.fromisoformat(one) for one in answered if isinstance(one, str)), default=None)


def _on(events: Sequence[EventRecord], kind: str) -> date | None:
    """The day on which it happened; planned is not happened."""
    return next((event.on for event in events if event.kind == kind and event.actual), None)


def _years(start: date, end: date) -> float:
    return (end - start).days / DAYS_A_YEAR

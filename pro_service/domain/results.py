"""What one person's scores come to: scale by scale, beside the figures that help to read them and beside baseline.

Baseline is the timepoint called `baseline`, or else the first of the protocol, when it came the first time. A score
is compared with it only where both were made alike: same version of the questionnaire, scorer and value set.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from pro_service.domain import yardsticks
from pro_service.domain.assessments import Assessment, Status, status
from pro_service.domain.datacut import KnownForm, KnownParticipant, KnownResponse, KnownScores
from pro_service.domain.instruments import Instrument
from pro_service.domain.interpretation import Threshold
from pro_service.domain.protocol import Timepoint
from pro_service.domain.yardsticks import Verdict, Yardstick, yardstick

BASELINE = "baseline"

Scales = Mapping[str, Mapping[str, float | str | None]]
Like = tuple[str, str, str, str]
"""What two scores must share to be compared: questionnaire, its version, scorer, value set."""

OVER = frozenset({Status.SUBMITTED, Status.PARTIAL, Status.MISSED})
"""The states of a form whose time has come and gone, or that is handed in."""


@dataclass(frozen=True, slots=True)
class Judged:
    """How a score reads: beyond which threshold, how far from baseline, and whether that matters.

    None in each where there is nothing to say: no score, none at baseline, or no figure that can be cited.
    """

    beyond: bool | None = None
    threshold: Threshold | None = None
    change: float | None = None
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """One scale at one occasion: None where it is not scorable, with how many of its items were answered."""

    value: float | str | None
    answered: int
    items: int
    judged: Judged


@dataclass(frozen=True, slots=True)
class Occasion:
    """One form that asked a questionnaire: what became of it, and what its scores were made with, if there are any."""

    assessment: Assessment
    status: Status
    version: str = ""
    revision: int = 0
    made: KnownScores | None = None

    @property
    def answered(self) -> bool:
        """Whether there are answers to the questionnaire."""
        return bool(self.version)


@dataclass(frozen=True, slots=True)
class ScaleResults:
    """One scale: the figures it is read by, and a result per occasion; None where there are no scores."""

    stick: Yardstick
    results: tuple[Result | None, ...]


@dataclass(frozen=True, slots=True)
class InstrumentResults:
    """One questionnaire: every form that asked it and is over, and its scales."""

    instrument: Instrument
    occasions: tuple[Occasion, ...]
    scales: tuple[ScaleResults, ...]


def baseline_of(timepoints: Iterable[Timepoint]) -> str:
    """The code of the timepoint that scores are compared with; empty where the protocol has no timepoint."""
    codes = [one.code for one in timepoints]
    return BASELINE if BASELINE in codes else next(iter(codes), "")


def before(known: KnownParticipant, timepoint: str) -> Mapping[Like, Scales]:
    """A person's scores at baseline, by what a score must share with them."""
    return {
        like(response, made): made.scales
        for form in known.forms
        if (form.assessment.timepoint, form.assessment.occurrence) == (timepoint, 1)
        for response in form.responses
        for made in response.scores
    }


def like(response: KnownResponse, made: KnownScores) -> Like:
    """What must be shared to be compared with these scores."""
    return (response.definition.code, response.version, made.scorer_version, made.value_set)


def judged(stick: Yardstick, value: float | str | None, baseline: float | str | None) -> Judged:
    """How a score reads. `baseline` is None for the scores at baseline themselves: nothing has changed yet."""
    change = yardsticks.change(value, baseline)
    return Judged(
        yardsticks.beyond_threshold(stick, value),
        yardsticks.crossed(stick, value) if isinstance(value, int | float) else None,
        change,
        yardsticks.verdict(stick, change, baseline),
    )


def results(
    known: KnownParticipant, *, catalogue: Mapping[str, Instrument], baseline: str, now: datetime
) -> tuple[InstrumentResults, ...]:
    """Every questionnaire that somebody was asked in a form that is over, in the order in which they were asked."""
    over = [form for form in known.forms if _is_over(form, now)]
    codes = dict.fromkeys(code for form in over for code in _asked(form) if code in catalogue)
    at_first = before(known, baseline)
    return tuple(_instrument(catalogue[code], over, at_first, baseline, now) for code in codes)


def sticks(instrument: Instrument, version: str) -> Mapping[str, Yardstick]:
    """The yardstick of each scale; bare ones for another version than the catalogue has, whose figures are not ours."""
    same = version == instrument.version
    return {one.code: yardstick(instrument, one) if same else Yardstick(one) for one in instrument.scales}


def _is_over(form: KnownForm, now: datetime) -> bool:
    state = status(form.assessment, now)
    return state in OVER or (state is Status.CANCELLED and bool(form.responses))


def _asked(form: KnownForm) -> Iterator[str]:
    yield from form.assessment.instruments
    yield from (response.definition.code for response in form.responses)


def _instrument(
    instrument: Instrument, over: Iterable[KnownForm], at_first: Mapping[Like, Scales], baseline: str, now: datetime
) -> InstrumentResults:
    pairs = [(form, _answers(form, instrument)) for form in over if instrument.code in _asked(form)]
    rows = [_row(instrument, form, response, at_first, baseline) for form, response in pairs]
    return InstrumentResults(
        instrument,
        tuple(_occasion(form, response, now) for form, response in pairs),
        tuple(
            ScaleResults(yardstick(instrument, scale), tuple(row.get(scale.code) for row in rows))
            for scale in instrument.scales
        ),
    )


def _answers(form: KnownForm, instrument: Instrument) -> KnownResponse | None:
    return next((one for one in form.responses if one.definition.code == instrument.code), None)


def _occasion(form: KnownForm, response: KnownResponse | None, now: datetime) -> Occasion:
    state = status(form.assessment, now)
    if response is None:
        return Occasion(form.assessment, state)
    return Occasion(form.assessment, state, response.version, response.revision, next(iter(response.scores), None))


def _row(
    instrument: Instrument,
    form: KnownForm,
    response: KnownResponse | None,
    at_first: Mapping[Like, Scales],
    baseline: str,
) -> Mapping[str, Result]:
    """One form's results by scale; none where there are no answers, or none that are scored yet."""
    if response is None or not response.scores:
        return {}
    made, read_by = response.scores[0], sticks(instrument, response.version)
    first = {} if is_baseline(form, baseline) else at_first.get(like(response, made), {})
    return {
        code: _result(read_by[code], numbers, first.get(code, {}).get("value"))
        for code, numbers in made.scales.items()
        if code in read_by
    }


def is_baseline(form: KnownForm, baseline: str) -> bool:
    """Is this the form that others are compared with?"""
    return (form.assessment.timepoint, form.assessment.occurrence) == (baseline, 1)


def _result(stick: Yardstick, numbers: Mapping[str, float | str | None], baseline: float | str | None) -> Result:
    value = None if numbers["value"] == "" else numbers["value"]
    return Result(
        value, int(numbers.get("n_answered") or 0), int(numbers.get("n_items") or 0), judged(stick, value, baseline)
    )

"""What a data cut says about the meaning of scores: the figures of each scale, and what they say of each score.

The figures and the rules are those of `domain.yardsticks`; where none counts, a cell is empty.
"""

from __future__ import annotations

from collections.abc import Mapping

from pro_service.domain.datacut import Cut, KnownForm, KnownParticipant, KnownResponse, KnownScores, label
from pro_service.domain.dataset import Cell, Codelist, Column, Meaning
from pro_service.domain.instruments import Instrument, Scale
from pro_service.domain.interpretation import Difference, Reading
from pro_service.domain.results import Like, Scales, baseline_of, before, is_baseline, like, sticks
from pro_service.domain.scoring import missing_rule
from pro_service.domain.yardsticks import Yardstick, beyond_threshold, change, verdict, yardstick

COLUMNS = (
    Column("beyond_threshold", "Whether it lies beyond the threshold of clinical importance", "boolean"),
    Column("change_from_baseline", "Score less that of the same person at baseline", "float", "scale"),
    Column("beyond_mid", "Whether the change from baseline is one that matters", codelist="beyond_mid"),
)
"""What `scores_long` says of every score."""

CHANGES = Codelist(
    "beyond_mid",
    (
        ("better", "Better by at least the smallest change that matters"),
        ("worse", "Worse by at least the smallest change that matters"),
        ("no", "Less than that, or no change"),
    ),
)

Cells = tuple[Cell, Cell, Cell]
NOTHING: Cells = (None, None, None)


def meaning(instrument: Instrument, scale: Scale) -> Meaning:
    """What the codebook says of a scale: its direction, its rule for missing items, and the figures that count."""
    stick = yardstick(instrument, scale)
    threshold, reference = next(iter(stick.thresholds), None), next(iter(stick.references), None)
    return Meaning(
        higher_is=scale.higher_is,
        missing_rule=missing_rule(scale),
        threshold_side="" if threshold is None else threshold.side,
        threshold=None if threshold is None else threshold.value,
        threshold_source="" if threshold is None else _source(instrument, threshold),
        mid_better=None if stick.better is None else stick.better.highest,
        mid_worse=None if stick.worse is None else stick.worse.highest,
        mid_unit=" / ".join(dict.fromkeys(one.unit for one in stick.differences)),
        mid_published="; ".join(_range(one) for one in stick.differences),
        mid_source="; ".join(_source(instrument, one) for one in stick.differences),
        reference_mean=None if reference is None else reference.mean,
        reference_sd=None if reference is None else reference.sd,
        reference_population="" if reference is None else label(reference.population, ""),
        reference_source="" if reference is None else _source(instrument, reference),
    )


class Judge:
    """Reads the scores of one cut by their yardsticks and beside baseline."""

    def __init__(self, cut: Cut) -> None:
        self._baseline = baseline_of(cut.timepoints)
        self._sticks: dict[tuple[str, str], Mapping[str, Yardstick]] = {}

    def at_first(self, known: KnownParticipant, form: KnownForm) -> Mapping[Like, Scales]:
        """What this form's scores are compared with: nothing, for the form at baseline itself."""
        return {} if is_baseline(form, self._baseline) else before(known, self._baseline)

    def cells(
        self, response: KnownResponse, scores: KnownScores, at_first: Mapping[Like, Scales]
    ) -> Mapping[str, Cells]:
        """The cells of COLUMNS of each scale that the catalogue knows."""
        first = at_first.get(like(response, scores), {})
        read_by = self._read_by(response)
        return {
            code: _cells(read_by[code], numbers["value"], first[code]["value"] if code in first else None)
            for code, numbers in scores.scales.items()
            if code in read_by
        }

    def _read_by(self, response: KnownResponse) -> Mapping[str, Yardstick]:
        key = (response.definition.code, response.version)
        if key not in self._sticks:
            self._sticks[key] = sticks(response.definition, response.version)
        return self._sticks[key]


def _cells(stick: Yardstick, value: float | str | None, first: float | str | None) -> Cells:
    if value is None:
        return NOTHING
    difference = change(value, first)
    return beyond_threshold(stick, value), difference, verdict(stick, difference, first)


def _source(instrument: Instrument, reading: Reading) -> str:
    return f"{instrument.sources[reading.source]}{'' if reading.verified else ' (unverified)'}"


def _range(one: Difference) -> str:
    ends = f"{one.lowest:g}" if one.lowest == one.highest else f"{one.lowest:g} to {one.highest:g}"
    within = " within a person" if one.compare == "within" else ""
    return f"{ends} {one.unit}{within}{'' if one.direction == 'either' else f', {one.direction}'}"

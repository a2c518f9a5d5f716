"""By which published figures a scale is read: is a score of clinical importance, is a change one that matters?

A score is never changed by any of this, and nothing here is a diagnosis. One rule for pages, exports and the API:

- A figure counts only where it can be cited: it was read in its source, or its source is a publication that a reader
  can look up. What the catalogue has from memory alone (source key `memory`) judges nobody.
- A difference counts only where it holds for a change within one person, and for everybody: not those between groups,
  nor those of one disease or one point in time (its `setting`).
- Where a range is published the upper end is used, so that "matters" is said with caution; the range is shown too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeGuard

from pro_service.domain.instruments import Instrument, Scale
from pro_service.domain.interpretation import Difference, Reading, Reference, Threshold, of_scale

MEMORY = "memory"
"""The key of a source that nobody can look up."""

SAME = 1e-9
"""Numbers no further apart are one: 100 - 83 1/3 is 16 2/3, whatever the last digit of a float says."""

Way = Literal["better", "worse"]
Verdict = Literal["better", "worse", "no"]
"""What a change is: for the better or the worse by at least what matters, or neither."""


@dataclass(frozen=True, slots=True)
class Yardstick:
    """The figures that judge one scale: thresholds from the least on, a difference for each way, what people score."""

    scale: Scale
    thresholds: tuple[Threshold, ...] = ()
    better: Difference | None = None
    worse: Difference | None = None
    references: tuple[Reference, ...] = ()

    @property
    def differences(self) -> tuple[Difference, ...]:
        """The one for both ways, or one for each."""
        return tuple(dict.fromkeys(one for one in (self.better, self.worse) if one is not None))

    @property
    def readings(self) -> tuple[Reading, ...]:
        """Every figure that is used."""
        return (*self.thresholds, *self.differences, *self.references)


def yardstick(instrument: Instrument, scale: Scale) -> Yardstick:
    """The figures that judge this scale. A scale without a better and a worse end has no change that matters."""
    known = of_scale(instrument.differences, scale.code)
    thresholds = [one for one in of_scale(instrument.thresholds, scale.code) if citable(one)]
    directed = scale.higher_is in ("better", "worse")
    return Yardstick(
        scale,
        tuple(sorted(thresholds, key=lambda one: -one.value if one.side == "below" else one.value)),
        _chosen(known, "better") if directed else None,
        _chosen(known, "worse") if directed else None,
        tuple(one for one in of_scale(instrument.references, scale.code) if citable(one)),
    )


def citable(reading: Reading) -> bool:
    """Can a reader look this figure up?"""
    return reading.verified or reading.source != MEMORY


def crossed(stick: Yardstick, value: float) -> Threshold | None:
    """The furthest threshold that a score lies beyond; None where it lies beyond none."""
    beyond = [one for one in stick.thresholds if _beyond(one, value)]
    return beyond[-1] if beyond else None


def beyond_threshold(stick: Yardstick, value: object) -> bool | None:
    """Does a score lie beyond the first threshold of clinical importance? None without a score or a threshold."""
    if not stick.thresholds or not _is_number(value):
        return None
    return _beyond(stick.thresholds[0], value)


def change(value: object, baseline: object) -> float | None:
    """How far a score lies from the one at baseline; None unless both are numbers."""
    if not _is_number(value) or not _is_number(baseline):
        return None
    return value - baseline


def verdict(stick: Yardstick, difference: float | None, baseline: object) -> Verdict | None:
    """What a change from baseline comes to; None where there is no change, or no figure for its way.

    No change at all is "no" where there is a figure for either way.
    """
    if difference is None or (stick.better is None and stick.worse is None):
        return None
    if abs(difference) <= SAME:
        return "no"
    way: Way = "better" if (difference > 0) == (stick.scale.higher_is == "better") else "worse"
    figure = stick.better if way == "better" else stick.worse
    size = None if figure is None else size_of(figure, baseline)
    if size is None:
        return None
    return way if abs(difference) >= size - SAME else "no"


def size_of(figure: Difference, baseline: object) -> float | None:
    """The size in points from which a change matters: the upper end of what is published.

    A percentage is one of the score at baseline; None where that is 0 or no number.
    """
    if figure.unit == "points":
        return figure.highest
    if not _is_number(baseline) or not baseline:
        return None
    return abs(float(baseline)) * figure.highest / 100


def _chosen(known: Iterable[Difference], way: Way) -> Difference | None:
    """The figure for one way: made within persons before either, for this way before either, in points, verified."""
    fitting = [
        one
        for one in known
        if citable(one) and not one.setting and one.compare != "between" and one.direction in (way, "either")
    ]
    return max(
        fitting,
        key=lambda one: (one.compare == "within", one.direction == way, one.unit == "points", one.verified),
        default=None,
    )


def _beyond(threshold: Threshold, value: float) -> bool:
    if threshold.side == "below":
        return value < threshold.value - SAME
    return value > threshold.value + SAME if threshold.side == "above" else value >= threshold.value - SAME


def _is_number(value: object) -> TypeGuard[float]:
    return type(value) is float or type(value) is int  # asked of every score of an export: a truth value is neither

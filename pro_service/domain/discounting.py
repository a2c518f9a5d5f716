"""What comes later counts for less: the present value of costs and effects, by the years since randomisation.

`annual` counts in whole years: everything in the first year is worth itself, in the second 1/(1 + rate), and so on.
`continuous` lets the value fall at every instant, (1 + rate)^-t. The Dutch guideline of 2024 has 3 % for costs and
1.5 % for effects.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pro_service.domain.errors import Invalid
from pro_service.domain.scoring_block import Floats

Timing = Literal["annual", "continuous"]
TIMINGS: tuple[Timing, ...] = ("annual", "continuous")

_SHORT = 0.01


@dataclass(frozen=True, slots=True)
class Discounting:
    """A yearly rate (0.015 is 1.5 %) and when it is counted. Raises Invalid for a rate below 0."""

    rate: float
    timing: Timing = "annual"

    def __post_init__(self) -> None:
        if not 0 <= self.rate < np.inf:
            raise Invalid("a discount rate is a share such as 0.015, not below 0")

    def factors(self, times: Floats) -> Floats:
        """What one unit is worth today that comes `times` years after randomisation."""
        years = np.floor(times) if self.timing == "annual" else times
        worth: Floats = (1.0 + self.rate) ** -np.maximum(years, 0.0)
        return worth

    def integrals(self, starts: Floats, widths: Floats, first: Floats, last: Floats) -> Floats:
        """The present value of straight lines from `first` to `last`, each `widths` years long from `starts` on.

        A line must lie within one year of the annual count: its parts differ in worth. Closed form, no approximation.
        """
        factors = self.factors(starts)
        if self.timing == "annual" or not self.rate:
            area: Floats = factors * widths * (first + last) / 2.0
            return area
        fall = np.log1p(self.rate) * widths
        value: Floats = factors * widths * (first * _mean_worth(fall) + (last - first) * _mean_worth_rising(fall))
        return value


def _mean_worth(fall: Floats) -> Floats:
    """The mean of exp(-fall x) for x from 0 to 1."""
    safe = np.where(fall == 0, 1.0, fall)
    return np.where(fall == 0, 1.0, -np.expm1(-safe) / safe)


def _mean_worth_rising(fall: Floats) -> Floats:
    """The mean of x exp(-fall x) for x from 0 to 1; a series where the closed form would lose its digits."""
    safe = np.where(fall < _SHORT, 1.0, fall)
    closed = (1.0 - np.exp(-safe) * (1.0 + safe)) / safe**2
    series = 1 / 2 - fall * (1 / 3 - fall * (1 / 8 - fall * (1 / 30 - fall * (1 / 144 - fall / 840))))
    return np.where(fall < _SHORT, series, closed)

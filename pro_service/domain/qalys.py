"""Quality-adjusted life years: the area under each person's utilities, by the times at which they were really seen.

A straight line joins one observation to the next. From death on the utility is 0. Before the first observation and
after the last of somebody alive nothing is known, and nothing is made up. Sources: Manca 2005 (area under the curve in
a trial); the Dutch guideline for economic evaluations of 2024 (discounting).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pro_service.domain.discounting import Discounting
from pro_service.domain.scoring_block import Bools, Floats

Death = Literal["linear", "carry"]
DEATHS: tuple[Death, ...] = ("linear", "carry")
"""How the utility gets to 0: a straight line from the last observation, or unchanged until death and 0 from then on."""

People = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Utilities:
    """Observations, one row each, in any order: whose, when (years from randomisation), and the utility then.

    `deaths` has an entry per person, NaN for those alive; `people` holds places in it. A row whose utility is NaN is no
    observation. One at or after death is left out: from there on the utility is 0 whatever a form says.
    """

    people: People
    times: Floats
    utilities: Floats
    deaths: Floats

    def usable(self) -> Bools:
        """Which rows are observations of somebody alive."""
        deaths = self.deaths[self.people]
        alive: Bools = np.isnan(deaths) | (self.times < deaths)
        return alive & ~np.isnan(self.utilities)


@dataclass(frozen=True, slots=True, eq=False)
class Qalys:
    """One entry per person. Who has no observation has NaN, seen for 0 years.

    `observed_years` is how long the utility is known, from randomisation on; `censored` says that no death ended it.
    """

    qaly: Floats
    discounted: Floats
    observed_years: Floats
    censored: Bools


@dataclass(frozen=True, slots=True, eq=False)
class _Lines:
    """Straight pieces of the curves: whose, from when, how long, from which utility to which."""

    people: People
    starts: Floats
    widths: Floats
    first: Floats
    last: Floats


def qalys(observed: Utilities, *, death: Death = "linear", discounting: Discounting) -> Qalys:
    """The QALYs of each person. Forms on one day count as one with their mean, so that no order of rows matters."""
    count = len(observed.deaths)
    seen = _one_a_time(observed)
    pieces = _by_year(_since_randomisation(_lines(seen, death)))
    flat = Discounting(0.0)

    def total(values: Floats) -> Floats:
        sums: Floats = np.bincount(pieces.people, weights=values, minlength=count).astype(np.float64)
        return sums

    unseen = np.bincount(seen.people, minlength=count) == 0
    shape = (pieces.starts, pieces.widths, pieces.first, pieces.last)
    return Qalys(
        qaly=np.where(unseen, np.nan, total(flat.integrals(*shape))),
        discounted=np.where(unseen, np.nan, total(discounting.integrals(*shape))),
        observed_years=total(pieces.widths),
        censored=np.isnan(observed.deaths),
    )


def _one_a_time(observed: Utilities) -> Utilities:
    """The usable rows by person and time; several at one time become their mean."""
    rows = np.flatnonzero(observed.usable())
    # by utility too: a mean of three then does not depend on the order they came in
    order = rows[np.lexsort((observed.utilities[rows], observed.times[rows], observed.people[rows]))]
    people, times = observed.people[order], observed.times[order]
    fresh = np.ones(len(order), dtype=np.bool_)
    fresh[1:] = (people[1:] != people[:-1]) | (times[1:] != times[:-1])
    starts = np.flatnonzero(fresh)
    sizes = np.diff(np.append(starts, len(order)))
    sums = np.add.reduceat(observed.utilities[order], starts) if len(starts) else np.zeros(0)
    return replace(observed, people=people[starts], times=times[starts], utilities=sums / sizes)


def _lines(seen: Utilities, death: Death) -> _Lines:
    """From each observation to the next, and from the last of somebody who died to the death."""
    same = np.zeros(len(seen.people), dtype=np.bool_)
    same[:-1] = seen.people[1:] == seen.people[:-1]
    deaths = seen.deaths[seen.people]
    dying = ~same & ~np.isnan(deaths)
    ends = np.where(same, np.roll(seen.times, -1), deaths)
    at_death = np.zeros(len(same)) if death == "linear" else seen.utilities
    last = np.where(same, np.roll(seen.utilities, -1), at_death)
    kept = same | dying
    return _Lines(seen.people[kept], seen.times[kept], (ends - seen.times)[kept], seen.utilities[kept], last[kept])


def _since_randomisation(lines: _Lines) -> _Lines:
    """The lines from time 0 on: a form of some days before randomisation says where the line starts from."""
    cut = np.clip(-lines.starts, 0.0, lines.widths)
    return _part(lines, cut, lines.widths - cut)


def _by_year(lines: _Lines) -> _Lines:
    """The lines, cut where one year of the annual count ends and the next begins."""
    ends = lines.starts + lines.widths
    years = np.maximum(np.ceil(ends) - np.floor(lines.starts), 1).astype(np.intp)
    parent = np.repeat(np.arange(len(years)), years)
    nth = np.arange(len(parent)) - np.repeat(np.cumsum(years) - years, years)
    whole = _Lines(*(getattr(lines, name)[parent] for name in _Lines.__slots__))
    begins = np.maximum(np.floor(whole.starts) + nth, whole.starts)
    stops = np.minimum(np.floor(whole.starts) + nth + 1, ends[parent])
    return _part(whole, begins - whole.starts, np.maximum(stops - begins, 0.0))


def _part(lines: _Lines, skipped: Floats, widths: Floats) -> _Lines:
    """The part of each line that begins `skipped` years into it."""
    slope = np.divide(lines.last - lines.first, lines.widths, out=np.zeros_like(lines.widths), where=lines.widths > 0)
    first = lines.first + slope * skipped
    return _Lines(lines.people, lines.starts + skipped, widths, first, first + slope * widths)

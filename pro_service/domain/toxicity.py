"""Side effects over time: from the grades of a person's forms to the three numbers that trials report of them.

The worst grade of all, the worst after baseline, and that one adjusted for baseline: it counts where it is worse than
what there was before treatment began, and is 0 where it is not. Without a grade at baseline, or without any later one,
nobody can tell. So do Basch, Dueck and others report the PRO-CTCAE (type `bl_adjusted` of ProAE 1.0.4).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pro_service.domain.scoring_block import Bools, Floats


@dataclass(frozen=True, slots=True, eq=False)
class Worst:
    """One value per person, NaN where it cannot be told."""

    ever: Floats
    after: Floats
    adjusted: Floats


def worst(people: NDArray[np.intp], at_baseline: Bools, grades: Floats, *, number: int) -> Worst:
    """The worst grades of `number` people. The other arguments have an entry per form; `people` says whose it is."""
    before = _highest(people[at_baseline], grades[at_baseline], number)
    after = _highest(people[~at_baseline], grades[~at_baseline], number)
    told = ~(np.isnan(before) | np.isnan(after))
    adjusted = np.full(number, np.nan)
    adjusted[told] = np.where(after[told] > before[told], after[told], 0.0)
    return Worst(np.fmax(before, after), after, adjusted)


def _highest(people: NDArray[np.intp], grades: Floats, number: int) -> Floats:
    found = np.full(number, np.nan)
    np.fmax.at(found, people, grades)
    return found

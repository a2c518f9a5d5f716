"""Hours of work lost, from forms that ask about four weeks (iPCQ), for the whole time that each form stands for.

What happened in the four weeks is scaled up to that time. An absence that began before them is not: it is counted from
its first day, once, however many forms tell of it, and only until somebody else does the work: the friction period.
Source: Bouwmans 2015 (iPCQ); the Dutch costing manual (friction method).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pro_service.domain.scoring_block import Bools, Floats

RECALL_DAYS = 28
WEEK = 7.0
YEAR = 365.25
HUMAN_CAPITAL = np.inf
"""Instead of a friction period: every hour counts, until the end."""


@dataclass(frozen=True, slots=True, eq=False)
class WorkForms:
    """Forms, one row each, in any order; dates are numbers of days from any one day.

    A form filled in on `filled_on` stands for the `days` before it; those of two forms of one person must not overlap.
    `hours` are those missed in the four weeks (the scale ABSENCE_HOURS), `since` the first day of an
    absence that began before them, NaN where none did. `week_hours` is the working week.
    """

    people: NDArray[np.intp]
    filled_on: Floats
    days: Floats
    hours: Floats
    since: Floats
    week_hours: Floats


def friction_period(*, open_vacancies: float, filled_vacancies: float) -> float:
    """How many days it takes to replace somebody: a vacancy's mean duration in a year, and four weeks."""
    return YEAR * open_vacancies / filled_vacancies + RECALL_DAYS


def scaled(hours: Floats, days: Floats) -> Floats:
    """Hours lost in four weeks, scaled to the days that a form stands for: presenteeism, unpaid work, short absence."""
    return hours * days / RECALL_DAYS


def absence_hours(forms: WorkForms, *, friction_days: float) -> Floats:
    """The paid hours missed through absence in the days that each form stands for, in the order of the forms."""
    begins = _episodes(forms)
    from_on = np.maximum(forms.filled_on - forms.days, begins)
    until_on = np.minimum(forms.filled_on, begins + friction_days)
    long = np.maximum(until_on - from_on, 0.0) * forms.week_hours / WEEK
    return np.where(np.isnan(forms.since), scaled(forms.hours, forms.days), long)


def _episodes(forms: WorkForms) -> Floats:
    """The first day of the absence that each form tells of.

    People do not remember a date twice alike: a form that tells of an absence from before the form before it, which
    told of one too, tells of the same, and the day that was told first stands.
    """
    order = np.lexsort((forms.filled_on, forms.people))
    people, filled, since = forms.people[order], forms.filled_on[order], forms.since[order]
    goes_on: Bools = np.zeros(len(order), dtype=np.bool_)
    goes_on[1:] = (people[1:] == people[:-1]) & ~np.isnan(since[:-1]) & (since[1:] <= filled[:-1])
    first = np.maximum.accumulate(np.where(goes_on, 0, np.arange(len(order)))) if len(order) else order
    begins = np.empty(len(order))
    begins[order] = since[first]
    return begins

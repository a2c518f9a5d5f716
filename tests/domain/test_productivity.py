"""Hours of work lost, from four weeks to the time a form stands for."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro_service.domain.productivity import HUMAN_CAPITAL, WorkForms, absence_hours, friction_period, scaled
from pro_service.domain.scoring import forms as columns
from pro_service.domain.scoring import score
from pro_service.instruments import load_catalogue

IPCQ = load_catalogue()["ipcq"]
NEVER = math.nan
FRICTION = 85.0

Row = tuple[int, float, float, float, float]
"""Whose, the day it was filled in, how many days it stands for, hours missed in four weeks, absent since."""


def hours(*rows: Row, friction: float = FRICTION, week: float = 35.0) -> list[float]:
    people, filled_on, days, missed, since = (np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))
    work = WorkForms(people.astype(np.intp), filled_on, days, missed, since, np.full(len(rows), week))
    return [float(value) for value in absence_hours(work, friction_days=friction)]


def test_four_weeks_are_scaled_and_a_long_absence_counts_once_and_only_until_somebody_else_does_the_work() -> None:
    """Trap 36: four weeks scaled up; days of presenteeism become hours; an absence once per episode, capped."""
    answers = {"work": 1, "hours_week": 36, "days_week": 4, "absent": 0, "unpaid": 0}
    answers |= {"bothered": 1, "bothered_days": 10, "bothered_output": 6}
    form = columns(IPCQ, [answers])
    lost = score(IPCQ, form.values, na=form.na, value_set=None).values["PRESENTEEISM_HOURS"]
    assert lost.tolist() == pytest.approx([10 * 9 * 0.4])  # ten days of nine hours, not ten hours
    assert scaled(lost.astype(np.float64), np.array([84.0])).tolist() == pytest.approx([108])  # 12 weeks: three times
    assert hours((0, 84, 84, 20, NEVER)) == pytest.approx([60])
    # away from day 10 on, told at 3, 6 and 9 months, in other words each time: 85 days in all, 5 hours a day
    told = hours((0, 91, 91, 140, 10), (0, 182, 91, 140, 12), (0, 273, 91, 140, 9))
    assert told == pytest.approx([81 * 5, 4 * 5, 0])
    assert sum(hours((0, 91, 91, 140, 10), (0, 182, 91, 140, 12), friction=HUMAN_CAPITAL)) == pytest.approx(172 * 5)


CASES: list[tuple[str, list[Row], list[float]]] = [
    ("back at work in between: two episodes, each with its own cap",
     [(0, 91, 91, 140, 1), (0, 182, 91, 0, NEVER), (0, 300, 118, 140, 200)], [425, 0, 425]),
    ("ill again before the form: a new episode as it began after the form before",
     [(0, 91, 91, 140, 41), (0, 182, 91, 140, 112)], [250, 350]),
    ("four weeks missed are part of the long absence, not on top of it", [(0, 40, 40, 999, 0)], [200]),
    ("began before anything is counted: those days are gone from the friction period", [(0, 20, 20, 0, -75)], [50]),
    ("two people are two episodes", [(0, 91, 91, 0, 81), (1, 182, 91, 0, 90)], [50, 84 * 5]),
    ("a short absence told before it was long is not counted again",
     [(0, 90, 90, 28, NEVER), (0, 180, 90, 140, 80)], [90, 75 * 5]),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_episodes(rows: list[Row], expected: list[float]) -> None:
    assert hours(*rows) == pytest.approx(expected)


FROM_THE_LIST = [
    (2015, 129.7, 800, 87.21615625),
    (2022, 444.4, 1507, 135.708759124088),
    (2023, 423.7, 1462, 133.852547879617),
]


@pytest.mark.parametrize(("year", "vacant", "filled", "days"), FROM_THE_LIST)
def test_friction_period_is_that_of_the_dutch_figures(year: int, vacant: float, filled: float, days: float) -> None:
    """A year of open over filled vacancies, in thousands, and four weeks."""
    assert friction_period(open_vacancies=vacant, filled_vacancies=filled) == pytest.approx(days, abs=1e-9)


@given(st.lists(st.integers(1, 200), min_size=1, max_size=6), st.integers(0, 300), st.floats(1, 400), st.randoms())
def test_one_absence_never_counts_for_more_than_the_friction_period(
    gaps: list[int], since: int, friction: float, dice: object
) -> None:
    """However often it is told and in whatever order the forms come."""
    filled = np.cumsum(gaps)
    rows: list[Row] = [
        (0, float(day), float(gap), 140.0, float(since) if since <= day else NEVER)
        for day, gap in zip(filled, gaps, strict=True)
    ]
    told = hours(*rows, friction=friction)
    long = [value for row, value in zip(rows, told, strict=True) if not math.isnan(row[4])]
    away = max(0.0, float(filled[-1]) - since)
    assert sum(long) <= min(friction, away) * 5 + 1e-9
    order = list(range(len(rows)))
    dice.shuffle(order)  # type: ignore[attr-defined]  # a random.Random
    assert hours(*(rows[place] for place in order), friction=friction) == [told[place] for place in order]

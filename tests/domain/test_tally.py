"""What simulated lives come to: spreads of few and of many numbers, and what is counted of each person."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from random import Random
from statistics import mean, median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro_service.domain.simulation import FAR, Period, lives
from pro_service.domain.tally import Spread, Tally, spread
from pro_service.instruments.reader import load_catalogue
from pro_service.studies.reader import read, shipped

PERIOD = Period(datetime(2024, 7, 2, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))


def counted(participants: int) -> Tally:
    text, path = shipped("scopes")
    study = read(text, file=path, catalogue_codes=None)
    tally = Tally(study, load_catalogue(), FAR)
    for lived in lives(study, participants=participants, period=PERIOD, dice=lambda *words: Random(f"1:{words}")):
        tally.add(lived)
    return tally


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([], Spread(0.0, 0.0, 0, 0)),
        ([7], Spread(7.0, 7.0, 7, 7)),
        ([1, 2], Spread(1.5, 1.5, 2, 2)),
        (list(range(1, 10)), Spread(5.0, 5.0, 9, 9)),
        (list(range(1, 101)), Spread(50.5, 50.5, 95, 100)),
        ([0] * 95 + [9] * 5, Spread(0.45, 0.0, 0, 9)),
    ],
)
def test_the_spread_of_numbers(numbers: list[int], expected: Spread) -> None:
    """Failure row 22: none, one and nine are as good as a hundred."""
    assert spread(Counter(numbers)) == expected


@given(st.lists(st.integers(0, 50), min_size=1, max_size=60))
def test_the_spread_is_what_the_numbers_written_down_would_give(numbers: list[int]) -> None:
    found = spread(Counter(numbers))
    assert (found.mean, found.median, found.most) == (round(mean(numbers), 2), median(numbers), max(numbers))
    assert sum(number <= found.p95 for number in numbers) * 100 >= 95 * len(numbers)
    assert found.p95 == 0 or sum(number < found.p95 for number in numbers) * 100 < 95 * len(numbers)


@pytest.mark.parametrize("participants", [0, 1, 9])
def test_every_window_of_everybody_is_counted_once(participants: int) -> None:
    """Failure row 22: also of nobody."""
    tally = counted(participants)
    assert tally.participants == participants
    assert tally.asked.total() == tally.statuses.total() == participants * len(tally.study.timepoints)
    assert tally.opened.total() + tally.unopened.total() == tally.asked.total()
    assert tally.burdens.total() == participants


def test_what_one_person_is_asked() -> None:
    """All of SCOPES: every form that opened, at eight seconds a question, rounded up to minutes form by form."""
    tally = counted(1)
    ((_, stratum),) = tally.groups
    forms = [tally.study.instruments_for(point, stratum) for point in tally.study.timepoints]
    questions = [sum(len(tally.catalogue[code].items) for code in form) for form in forms]
    ((asked, people),) = tally.burdens.items()
    assert people == 1
    assert asked.questions == sum(questions)
    assert asked.minutes == sum(-(-number * 8 // 60) for number in questions)
    assert asked.busiest_day == 1 <= asked.busiest_week <= asked.messages


def test_weeks_are_counted_from_enrolment_to_the_last_window() -> None:
    """Two years and some weeks, whichever weekday they begin on."""
    tally = counted(1)
    assert 104 <= tally.weeks <= 104 + 14

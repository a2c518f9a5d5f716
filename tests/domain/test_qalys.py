"""Quality-adjusted years: cases worked by hand, what holds for any curve, and a second way of computing them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro_service.domain.discounting import TIMINGS, Discounting, Timing
from pro_service.domain.errors import Invalid
from pro_service.domain.qalys import DEATHS, Death, Qalys, Utilities, qalys

NOT = Discounting(0.0)
NAN = math.nan

Form = tuple[float, float]


@dataclass(frozen=True)
class Person:
    """Somebody's forms (time and utility) and death, NaN for the living."""

    forms: tuple[Form, ...]
    death: float = NAN


def computed(*people: Person, death: Death = "linear", discounting: Discounting = NOT) -> Qalys:
    rows = [(place, *form) for place, person in enumerate(people) for form in person.forms]
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    observed = Utilities(
        np.array(columns[0], dtype=np.intp),
        np.array(columns[1], dtype=np.float64),
        np.array(columns[2], dtype=np.float64),
        np.array([person.death for person in people], dtype=np.float64),
    )
    return qalys(observed, death=death, discounting=discounting)


def one(person: Person, death: Death = "linear", discounting: Discounting = NOT) -> float:
    return float(computed(person, death=death, discounting=discounting).discounted[0])


ALIVE = Person(((0, 0.8), (1, 0.6), (2.5, 0.9)))
DIED = Person(((0, 0.5), (1, 0.7)), death=1.5)

BY_HAND = [
    # forms and death, convention, QALYs, years seen
    (ALIVE, "linear", 0.7 + 1.5 * 0.75, 2.5),
    (DIED, "linear", 0.6 + 0.5 * 0.35, 1.5),
    (DIED, "carry", 0.6 + 0.5 * 0.7, 1.5),
    (Person(((0, 1.0),)), "linear", 0.0, 0.0),
    (Person(((0, 1.0),), death=0.5), "linear", 0.25, 0.5),
    (Person(((0, 1.0),), death=0.5), "carry", 0.5, 0.5),
    (Person(((0, 0.2), (1, -0.2))), "linear", 0.0, 1.0),
    (Person(((0.5, 0.6), (1, 0.8))), "linear", 0.35, 0.5),
    # a form of a tenth of a year before randomisation: the line is known, its part before randomisation does not count
    (Person(((-0.1, 0.5), (0.9, 0.7))), "linear", 0.9 * (0.52 + 0.7) / 2, 0.9),
    (Person(((0, 0.8), (0.5, NAN), (1, 0.6))), "linear", 0.7, 1.0),
]


@pytest.mark.parametrize(("person", "death", "expected", "years"), BY_HAND)
def test_cases_worked_by_hand(person: Person, death: Death, expected: float, years: float) -> None:
    found = computed(person, death=death)
    assert found.qaly[0] == pytest.approx(expected, abs=1e-15)
    assert found.observed_years[0] == pytest.approx(years)
    assert found.censored[0] == math.isnan(person.death)


def test_actual_dates_decide_and_a_form_after_death_says_nothing() -> None:
    """Trap 41: actual, not nominal, dates; two forms on one date are one; a form at or after death is none."""
    # asked at 3 months, filled in four weeks later: the day it was filled in counts
    late = (91 + 28) / 365.25
    assert one(Person(((0, 0.4), (late, 0.8), (1, 0.8)))) == pytest.approx(late * 0.6 + (1 - late) * 0.8)
    twice = [Person(((0, 0.5), (1, 0.6), (1, 0.8), (2, 0.9))), Person(((0, 0.5), (1, 0.8), (1, 0.6), (2, 0.9)))]
    assert [one(each) for each in twice] == [one(Person(((0, 0.5), (1, 0.7), (2, 0.9))))] * 2
    thrice = [(0.25, 0.05), (0.25, 0.19), (0.25, 0.61)]
    assert len({one(Person(((0, 0.5), *order, (1, 0.9)))) for order in permutations(thrice)}) == 1
    for told in ((1.5, 0.7), (1.6, 0.7), (1.5, 0.0)):
        assert [one(Person((*DIED.forms, told), 1.5), death) for death in DEATHS] == [one(DIED, d) for d in DEATHS]


def test_discounting_goes_by_actual_time_and_leaves_the_first_year_alone() -> None:
    """Trap 39: a line that crosses the end of a year is cut there; the first year is worth itself."""
    three_percent = Discounting(0.03)
    assert one(Person(((0, 0.9), (1, 0.5))), discounting=three_percent) == pytest.approx(0.7, abs=1e-15)
    # from 0.5 to 1.5 years, 0.4 to 0.8: 0.6 at the end of the first year
    crossing = one(Person(((0.5, 0.4), (1.5, 0.8))), discounting=three_percent)
    assert crossing == pytest.approx(0.25 + 0.35 / 1.03, abs=1e-15)
    full_health = one(Person(((0, 1.0), (3, 1.0))), discounting=Discounting(0.015))
    assert full_health == pytest.approx(1 + 0.9852216749 + 0.9706617486, abs=1e-10)
    # and when every instant counts: the integral of 1.03^-t
    continuous = one(Person(((0, 1.0), (3, 1.0))), discounting=Discounting(0.03, "continuous"))
    assert continuous == pytest.approx((1 - 1.03**-3) / math.log(1.03), abs=1e-14)


PUBLISHED = [(0.03, 1, 97.0873786408), (0.03, 2, 94.2595909134), (0.03, 10, 74.4093914897), (0.03, 0.99, 100),
             (0.015, 1, 98.52216749), (0.015, 9.5, 87.45922402)]  # fmt: skip


@pytest.mark.parametrize(("rate", "years", "worth"), PUBLISHED)
def test_factors_are_those_of_the_dutch_manual(rate: float, years: float, worth: float) -> None:
    assert 100 * Discounting(rate).factors(np.array([years]))[0] == pytest.approx(worth, abs=1e-8)


def test_a_rate_below_nought_is_refused() -> None:
    with pytest.raises(Invalid, match="rate"):
        Discounting(-0.01)


def test_nobody_and_somebody_never_seen() -> None:
    assert len(computed().qaly) == 0
    found = computed(Person(()), Person(((2.0, 0.5),), death=1.0), DIED)
    assert np.isnan(found.qaly).tolist() == [True, True, False]
    assert found.observed_years.tolist() == [0, 0, 1.5]
    assert found.censored.tolist() == [True, False, False]


# quarter years and hundredths keep the second way of computing exact
TIMES = st.integers(0, 24).map(lambda quarter: quarter / 4)
UTILITIES = st.integers(-50, 100).map(lambda hundredth: hundredth / 100)
FORMS = st.lists(st.tuples(TIMES, UTILITIES), max_size=8).map(tuple)
PEOPLE = st.builds(Person, FORMS, st.one_of(st.just(NAN), TIMES))
CONVENTIONS = st.sampled_from(DEATHS)
RATES = st.builds(Discounting, st.sampled_from([0.0, 1e-6, 0.015, 0.03, 0.5]), st.sampled_from(TIMINGS))


@given(st.lists(PEOPLE, min_size=1, max_size=5), CONVENTIONS, RATES, st.randoms(use_true_random=False))
def test_order_and_company_change_nothing(
    people: list[Person], death: Death, discounting: Discounting, dice: object
) -> None:
    """No row's place matters, nor who else is in the file."""
    together = computed(*people, death=death, discounting=discounting)
    for place, person in enumerate(people):
        shuffled = list(person.forms)
        dice.shuffle(shuffled)  # type: ignore[attr-defined]  # a random.Random
        alone = one(Person(tuple(shuffled), person.death), death, discounting)
        assert alone == together.discounted[place] or math.isnan(alone) == math.isnan(together.discounted[place])


@given(PEOPLE, CONVENTIONS, RATES)
def test_qalys_are_bounded_by_the_years_seen(person: Person, death: Death, discounting: Discounting) -> None:
    found = computed(person, death=death, discounting=discounting)
    qaly, discounted, years = found.qaly[0], found.discounted[0], found.observed_years[0]
    if math.isnan(qaly):
        return
    utilities = [utility for _, utility in person.forms]
    assert min(0, *utilities, 0) * years - 1e-12 <= qaly <= max(0, *utilities, 0) * years + 1e-12
    if min(utilities) >= 0:
        assert discounted <= qaly + 1e-12


@given(PEOPLE, CONVENTIONS, RATES, st.integers(0, 23), st.sampled_from([0.25, 0.5, 0.75]))
def test_a_form_on_the_line_changes_nothing(
    person: Person, death: Death, discounting: Discounting, quarter: int, part: float
) -> None:
    at = (quarter + part) / 4
    before = max((form for form in person.forms if form[0] < at), default=None)
    after = min((form for form in person.forms if form[0] > at), default=None)
    if before is None or after is None or not math.isnan(person.death):
        return
    knots = dict(sorted(_merged(person.forms)))
    start, end = before[0], after[0]
    between = knots[start] + (knots[end] - knots[start]) * (at - start) / (end - start)
    more = Person((*person.forms, (at, between)), person.death)
    assert one(more, death, discounting) == pytest.approx(one(person, death, discounting), abs=1e-12)


def _merged(forms: Sequence[Form]) -> list[Form]:
    times = sorted({time for time, _ in forms})
    same = {time: [utility for at, utility in forms if at == time] for time in times}
    return [(time, sum(same[time]) / len(same[time])) for time in times]


def naive(person: Person, death: Death, discounting: Discounting) -> float:
    """The second way: thousandths of a quarter, one after the other; exact where the years are counted whole."""
    forms = _merged([form for form in person.forms if math.isnan(person.death) or form[0] < person.death])
    if not forms:
        return NAN
    if not math.isnan(person.death):
        forms += [(person.death, 0.0 if death == "linear" else forms[-1][1])]
    total = 0.0
    for (start, first), (end, last) in pairwise(forms):
        steps = round((end - start) * 4) * 50
        for step in range(steps):
            middle = Fraction(2 * step + 1, 2 * steps)
            at = start + (end - start) * float(middle)
            rate = 1 + discounting.rate
            worth = rate ** -(math.floor(at) if discounting.timing == "annual" else at)
            total += (first + (last - first) * float(middle)) * worth * (end - start) / steps
    return total


@given(PEOPLE, CONVENTIONS, RATES)
def test_a_second_way_of_computing_agrees(person: Person, death: Death, discounting: Discounting) -> None:
    found = one(person, death, discounting)
    assert found == pytest.approx(naive(person, death, discounting), abs=1e-5, nan_ok=True)


@pytest.mark.parametrize("timing", TIMINGS)
def test_a_tiny_rate_loses_no_digits(timing: Timing) -> None:
    """The closed form divides nothing by next to nothing."""
    for rate in (1e-12, 1e-6, 0.0099, 0.0101):
        curve = Person(((0, 0.3), (0.4, 0.9), (1, 0.7)))
        flat, found = one(curve), one(curve, discounting=Discounting(rate, timing))
        assert flat * (1 - rate) <= found <= flat
        assert found == pytest.approx(naive(curve, "linear", Discounting(rate, timing)), abs=1e-6)

"""Is it worth its money: quadrants, ratios, net benefit, and the replicates that say how sure one can be."""

from __future__ import annotations

import math
import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pro_service.domain.cost_effectiveness import (
    Arm,
    Comparison,
    Difference,
    Means,
    compare,
    difference,
    interval,
    resampled,
)

Floats = NDArray[np.float64]

QUADRANTS = [
    # cost, effect, where it lies, what that means, ICER
    (1000, 0.1, "north-east", "trade-off", 10_000),
    (-1000, 0.1, "south-east", "dominant", -10_000),
    (-1000, -0.1, "south-west", "trade-off", 10_000),
    (1000, -0.1, "north-west", "dominated", -10_000),
    (0, 0.1, "east", "dominant", 0),
    (0, -0.1, "west", "dominated", 0),
    (1000, 0, "north", "dominated", math.nan),
    (-1000, 0, "south", "dominant", math.nan),
    (0, 0, "origin", "equal", math.nan),
]


@pytest.mark.parametrize(("cost", "effect", "quadrant", "verdict", "icer"), QUADRANTS)
def test_a_ratio_has_a_quadrant(cost: float, effect: float, quadrant: str, verdict: str, icer: float) -> None:
    seen = Difference(cost, effect)
    assert (seen.quadrant, seen.verdict) == (quadrant, verdict)
    assert seen.icer == pytest.approx(icer, nan_ok=True)


def test_near_no_difference_in_effect_the_net_benefit_speaks() -> None:
    """Trap 40: one ratio, opposite meanings; replicates on both sides of no effect have no interval of it."""
    bargain, loss = Difference(-1000, 0.1), Difference(1000, -0.1)
    assert bargain.icer == loss.icer
    assert bargain.net_benefit(20_000) == pytest.approx(3000)
    assert loss.net_benefit(20_000) == pytest.approx(-3000)
    none = Difference(1000, 0.0)
    assert math.isnan(none.icer)
    assert none.net_benefit(20_000) == -1000
    astride = comparison([100, 100, 100, 100], [-0.01, 0.01, 0.02, 0.03])
    assert math.isnan(astride.icer_interval.low)
    assert math.isnan(astride.icer_interval.high)
    worth = astride.worth(20_000)
    assert worth.interval.low == pytest.approx(-300 + 0.075 * 400)
    assert worth.acceptability == 0.75
    assert not math.isnan(comparison([100, -100, 50], [0.01, 0.02, 0.03]).icer_interval.low)


def comparison(costs: list[float], effects: list[float]) -> Comparison:
    nought = Means(np.zeros(len(costs)), np.zeros(len(costs)))
    return compare("new", nought, Means(np.array(costs, dtype=np.float64), np.array(effects, dtype=np.float64)))


def test_a_ratio_of_means_is_no_mean_of_ratios() -> None:
    reference, new = arm("a", [100, 300], [1, 2]), arm("b", [1000, 200], [1.5, 4.5])
    seen = difference(reference, new)
    assert (seen.cost, seen.effect) == (400, 1.5)
    assert seen.icer == pytest.approx(400 / 1.5)
    assert seen.quadrant == "north-east"


def arm(name: str, costs: list[float], effects: list[float]) -> Arm:
    return Arm(name, np.array(costs, dtype=np.float64), np.array(effects, dtype=np.float64))


SIZES = [1, 2, 8, 64]


@pytest.mark.parametrize("size", SIZES)
def test_every_replicate_keeps_the_size_of_the_arm_and_the_pairs(size: int) -> None:
    """Trap 42: people are drawn whole, within their arm, as many as there are."""
    # who was drawn how often can be read off the mean: each person is a digit of a number in base 2 * size
    few = min(size, 8)
    digits = (2.0 * size) ** np.arange(few)
    values = np.zeros(size)
    values[:few] = digits
    ones = np.arange(size) < few
    made = resampled(Arm("a", values, 3 * values), replicates=200, chance=np.random.default_rng(5))
    again = resampled(Arm("a", ones.astype(np.float64), values), replicates=200, chance=np.random.default_rng(5))
    assert len(made.costs) == len(made.effects) == 200
    assert (made.effects == 3 * made.costs).all()
    for total, drawn in zip(made.costs * size, again.costs * size, strict=True):
        counts = [int(total // digit) % (2 * size) for digit in digits]
        assert sum(counts) == drawn
        assert drawn == size or few < size
    assert (again.effects == made.costs).all()
    constant = resampled(
        Arm("a", np.full(size, 7.0), np.full(size, 0.5)), replicates=9, chance=np.random.default_rng(1)
    )
    assert set(constant.costs) == {7.0}
    assert set(constant.effects) == {0.5}


def test_replicates_spread_as_theory_says() -> None:
    chance = np.random.default_rng(2)
    people = arm("a", chance.lognormal(8, 0.7, 400).tolist(), chance.normal(1.5, 0.3, 400).tolist())
    made = resampled(people, replicates=20_000, chance=np.random.default_rng(3))
    for drawn, seen in ((made.costs, people.costs), (made.effects, people.effects)):
        error = seen.std() / math.sqrt(400)
        assert drawn.mean() == pytest.approx(seen.mean(), abs=4 * error / math.sqrt(20_000))
        assert drawn.std() == pytest.approx(error, rel=0.03)
    correlation = np.corrcoef(people.costs, people.effects)[0, 1]
    assert np.corrcoef(made.costs, made.effects)[0, 1] == pytest.approx(correlation, abs=0.03)


def test_the_same_seed_draws_the_same_and_another_does_not() -> None:
    people = arm("a", [1, 5, 9, 2], [0.1, 0.2, 0.3, 0.4])
    first, same, other = (
        resampled(people, replicates=50, chance=np.random.default_rng(seed)).costs.tolist() for seed in (1, 1, 2)
    )
    assert first == same != other


def test_memory_does_not_grow_with_replicates() -> None:
    """Five thousand of a thousand people: a hundredth of the draws is held at a time."""
    people = Arm("a", np.arange(1000.0), np.arange(1000.0))
    tracemalloc.start()
    try:
        resampled(people, replicates=5000, chance=np.random.default_rng(1))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5000 * 1000 * 8


AMOUNTS = st.floats(-1e6, 1e6)
EFFECTS = st.floats(-5, 5)
CLOUDS = st.lists(st.tuples(AMOUNTS, EFFECTS), min_size=1, max_size=30)
WILLING = st.floats(0, 2e5)


@given(AMOUNTS, EFFECTS, WILLING, WILLING)
def test_net_benefit_is_a_straight_line(cost: float, effect: float, one: float, other: float) -> None:
    seen = Difference(cost, effect)
    middle = (seen.net_benefit(one) + seen.net_benefit(other)) / 2
    assert seen.net_benefit((one + other) / 2) == pytest.approx(middle, abs=1e-6, rel=1e-9)
    assert seen.net_benefit(0) == -cost


@given(AMOUNTS, EFFECTS)
def test_the_sign_of_the_ratio_goes_by_the_quadrant(cost: float, effect: float) -> None:
    seen = Difference(cost, effect)
    if not math.isnan(seen.icer) and abs(seen.icer) > 0:
        assert (seen.icer > 0) == (seen.quadrant in {"north-east", "south-west"}) == (seen.verdict == "trade-off")


@given(CLOUDS, WILLING)
def test_a_second_way_of_counting_agrees(cloud: list[tuple[float, float]], willing: float) -> None:
    one = comparison([cost for cost, _ in cloud], [effect for _, effect in cloud])
    benefits = sorted(willing * effect - cost for cost, effect in cloud)
    worth = one.worth(willing)
    assert worth.acceptability == sum(benefit > 0 for benefit in benefits) / len(cloud)
    for end, share in ((worth.interval.low, 0.025), (worth.interval.high, 0.975)):
        place = share * (len(cloud) - 1)
        below, above = benefits[math.floor(place)], benefits[math.ceil(place)]
        assert end == pytest.approx(below + (above - below) * (place % 1), rel=1e-9, abs=1e-6)
    shares = one.shares()
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["ne"] == sum(cost > 0 and effect > 0 for cost, effect in cloud) / len(cloud)


@given(st.lists(st.tuples(AMOUNTS, st.floats(0, 5)), min_size=1, max_size=30))
def test_acceptability_rises_where_every_replicate_gains(cloud: list[tuple[float, float]]) -> None:
    one = comparison([cost for cost, _ in cloud], [effect for _, effect in cloud])
    curve = [one.worth(willing).acceptability for willing in range(0, 200_001, 20_000)]
    assert all(earlier <= later for earlier, later in pairwise(curve))


@given(st.permutations(list(range(40))))
def test_intervals_know_no_order(order: list[int]) -> None:
    found = interval(np.array(order, dtype=np.float64))
    assert [found.low, found.high] == pytest.approx([0.975, 38.025])

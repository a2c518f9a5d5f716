"""Is a treatment worth its money? Incremental cost and effect, their ratio, net benefit, and how sure one can be.

The ratio (ICER) is that of the mean differences, never a mean of ratios, and says nothing without its quadrant: one
number stands for a bargain and for a loss. Near no difference in effect, or below, the net benefit (INMB) is the
measure. Sources: Stinnett & Mullahy 1998 (net benefit), van Hout 1994 and Fenwick 2001 (acceptability curves), Briggs
1997 (the bootstrap of cost-effect pairs).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pro_service.domain.scoring_block import Floats

LEVEL = 0.95
"""The share of replicates that an interval holds."""

MOST_DRAWS = 1 << 20
"""People drawn at a time: memory stays the same however many are drawn in all."""


@dataclass(frozen=True, slots=True, eq=False)
class Arm:
    """The people of one arm: what each cost and gained, in the same order."""

    name: str
    costs: Floats
    effects: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Means:
    """The mean cost and effect of one arm in each replicate."""

    costs: Floats
    effects: Floats


@dataclass(frozen=True, slots=True)
class Difference:
    """New minus reference, of the means."""

    cost: float
    effect: float

    @property
    def icer(self) -> float:
        """Cost per unit of effect; NaN where there is no difference in effect to divide by."""
        return self.cost / self.effect if self.effect else float("nan")

    @property
    def quadrant(self) -> str:
        """Where it lies on the plane: effect to the east, cost to the north; on an axis one word is enough."""
        north = {1: "north", -1: "south", 0: ""}[_sign(self.cost)]
        east = {1: "east", -1: "west", 0: ""}[_sign(self.effect)]
        return "-".join(filter(None, (north, east))) or "origin"

    @property
    def verdict(self) -> str:
        """What that means: `dominant` (better or cheaper, and nothing worse), `dominated`, `trade-off` or `equal`."""
        gains = (_sign(self.effect), -_sign(self.cost))
        if not any(gains):
            return "equal"
        return "dominant" if min(gains) >= 0 else "dominated" if max(gains) <= 0 else "trade-off"

    def net_benefit(self, willingness: float) -> float:
        """What the difference is worth in money where one unit of effect is worth `willingness`, less what it costs."""
        return willingness * self.effect - self.cost


@dataclass(frozen=True, slots=True)
class Interval:
    """The percentile interval of replicates; both ends NaN where there is none to give."""

    low: float
    high: float


NONE = Interval(float("nan"), float("nan"))


@dataclass(frozen=True, slots=True)
class Worth:
    """At one willingness to pay: the net benefit, its interval, and the share of replicates in which there is one."""

    willingness: float
    net_benefit: float
    interval: Interval
    acceptability: float


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """A new treatment against the reference: the difference seen, and the means of both in each replicate."""

    arm: str
    difference: Difference
    reference: Means
    new: Means

    @property
    def costs(self) -> Floats:
        """The incremental cost of each replicate."""
        return self.new.costs - self.reference.costs

    @property
    def effects(self) -> Floats:
        """The incremental effect of each replicate."""
        return self.new.effects - self.reference.effects

    @property
    def cost_interval(self) -> Interval:
        """Of the incremental cost."""
        return interval(self.costs)

    @property
    def effect_interval(self) -> Interval:
        """Of the incremental effect."""
        return interval(self.effects)

    @property
    def icer_interval(self) -> Interval:
        """Of the ratio; none where the replicates differ in the sign of the effect: there ratios have no order."""
        same = bool((self.effects > 0).all() or (self.effects < 0).all())
        return interval(self.costs / self.effects) if same else NONE

    def shares(self) -> dict[str, float]:
        """The share of replicates in each quadrant; what lies on an axis is counted to the south and to the west."""
        north, east = self.costs > 0, self.effects > 0
        parts = {"ne": north & east, "se": ~north & east, "sw": ~north & ~east, "nw": north & ~east}
        return {name: float(part.mean()) for name, part in parts.items()}

    def worth(self, willingness: float) -> Worth:
        """Net benefit and acceptability where one unit of effect is worth `willingness`."""
        replicates = willingness * self.effects - self.costs
        return Worth(
            willingness,
            self.difference.net_benefit(willingness),
            interval(replicates),
            float((replicates > 0).mean()),
        )


def interval(replicates: Floats) -> Interval:
    """The middle LEVEL of the replicates."""
    low, high = np.quantile(replicates, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high))


def resampled(
    arm: Arm, *, replicates: int, chance: np.random.Generator, progress: Callable[[int], None] = lambda _: None
) -> Means:
    """The means of `replicates` arms of the same size, drawn from its people with replacement.

    A person is drawn whole: cost and effect stay together. `progress` is told how many replicates were made.
    """
    size = len(arm.costs)
    at_once = max(1, MOST_DRAWS // size)
    costs, effects = np.empty(replicates), np.empty(replicates)
    for start in range(0, replicates, at_once):
        part = slice(start, min(start + at_once, replicates))
        drawn = chance.integers(size, size=(part.stop - start, size), dtype=np.int32)
        costs[part] = arm.costs[drawn].mean(axis=1)
        effects[part] = arm.effects[drawn].mean(axis=1)
        progress(part.stop - start)
    return Means(costs, effects)


def compare(name: str, reference: Means, new: Means, *, seen: Difference | None = None) -> Comparison:
    """The comparison that two arms' replicates make; without `seen` its difference is the mean of theirs."""
    mean = Difference(float((new.costs - reference.costs).mean()), float((new.effects - reference.effects).mean()))
    return Comparison(name, seen or mean, reference, new)


def difference(reference: Arm, new: Arm) -> Difference:
    """New minus reference, of the means of the people."""
    return Difference(
        float(new.costs.mean() - reference.costs.mean()), float(new.effects.mean() - reference.effects.mean())
    )


def _sign(number: float) -> int:
    return (number > 0) - (number < 0)

"""What turns answers into utilities or euros: value sets and price lists, named by every study that uses them.

A value set is a table with one index per health state. Sums of published decimals are rounded back to the decimals
they were published with, so 1 - (0.047 + 0.035 + 0.039 + 0.092) is the double nearest to 0.787 and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class ValueSet:
    """An index for every state: `index` has one axis per item of `items`, in that order, level 1 first."""

    id: str
    instrument: str
    label: str
    source: str
    verified: bool
    items: tuple[str, ...]
    index: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PriceList:
    """What one unit costs, by price code, all in one currency and indexed to one year."""

    id: str
    instruments: tuple[str, ...]
    label: str
    source: str
    verified: bool
    currency: str
    year: int
    prices: Mapping[str, float] = field(default_factory=dict)


Tariff = ValueSet | PriceList


COUNTS: Mapping[str, tuple[Callable[[int], bool], int]] = {
    "D1": (lambda level: level > 1, 1),
    "I2-squared": (lambda level: level == 2, 2),
    "I3": (lambda level: level == 3, 1),
    "I3-squared": (lambda level: level == 3, 2),
}
"""Terms that count items at certain levels, each beyond the first, to a power (Shaw 2005)."""


def additive_index(
    decrements: Mapping[str, Sequence[float]],
    *,
    constant: float = 0.0,
    extreme: float = 0.0,
    counts: Mapping[str, float] | None = None,
    decimals: int,
) -> NDArray[np.float64]:
    """One minus the decrements of each item's level, minus `constant` in every state but full health.

    `decrements` maps each item to its decrements, level 1 (zero) first. `extreme` is taken off once when any item is at
    its worst level (the N3 term of three-level sets), `counts` for each item that a term of COUNTS counts. `decimals`
    are those the set was published with.
    """
    loss = _outer_sum(list(decrements.values())) + constant
    loss.flat[0] -= constant
    if extreme:
        worst = _outer_sum([[0.0] * (len(levels) - 1) + [1.0] for levels in decrements.values()]) > 0
        loss[worst] += extreme
    for term, value in (counts or {}).items():
        applies, power = COUNTS[term]
        number = _outer_sum(
            [[float(applies(level)) for level, _ in enumerate(levels, 1)] for levels in decrements.values()]
        )
        loss += value * np.maximum(number - 1.0, 0.0) ** power
    return np.round(1.0 - loss, decimals)


def crosswalk_index(
    probabilities: Mapping[str, Sequence[Sequence[float]]], target: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The expected value under `target` of every state of the longer version, items taken as independent.

    `probabilities[item][level][target level]` is the chance that a person who answers `level` here would answer
    `target level` there; each row sums to one.
    """
    index = target
    for rows in probabilities.values():
        # contract the first remaining axis of the target; the new axis goes last, so the order comes out right
        index = np.tensordot(index, np.asarray(rows, dtype=np.float64), axes=(0, 1))
    return index


def _outer_sum(vectors: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    total = np.zeros((), dtype=np.float64)
    for vector in vectors:
        total = np.add.outer(total, np.asarray(vector, dtype=np.float64))
    return total

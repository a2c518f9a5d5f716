"""Scales that are sums and means: of items, and of other scales."""

from __future__ import annotations

import numpy as np

from pro_service.domain.instruments import Scale
from pro_service.domain.scoring_block import Block, Column, Counts, Floats, Scored, bounds, least, names, points


def linear(scale: Scale, block: Block) -> Scored:
    """The mean of the answered items, stretched to 0-100: all its items run from the same lowest to highest code.

    With `reverse: true` the lowest code is 100; `reverse` may also list the items that run the other way. `rule` says
    how many items must be answered (default: half, and exactly half is enough). With `na_counts` an item marked not
    applicable, or rightly not asked, counts as answered for that rule, and for nothing else.
    Numerator and denominator are whole numbers, so the score is the double nearest to the exact fraction.
    """
    low, high = bounds(block.instrument.item(scale.items[0]))
    n = block.count(scale.items)
    used, total = _enough(scale, block, n)
    above = 100.0 * (used * high - total if scale.params.get("reverse") is True else total - used * low)
    above /= used * (high - low)
    return above, n


def mean(scale: Scale, block: Block) -> Scored:
    """The mean of what the answered items count for; `reverse`, `recode`, `rule` and `na_counts` as elsewhere."""
    n = block.count(scale.items)
    used, total = _enough(scale, block, n)
    return total / used, n


def prorated_sum(scale: Scale, block: Block) -> Scored:
    """The sum of the items, those without an answer taken at the mean of the others (default rule: half of them)."""
    n = block.count(scale.items)
    used, total = _enough(scale, block, n)
    return total * float(len(scale.items)) / used, n


def _enough(scale: Scale, block: Block, n: Counts) -> tuple[Counts, Counts | Floats]:
    """Items used and their points; 0 over 0, which becomes NaN, where too few were answered."""
    covered = n
    if scale.params.get("na_counts"):
        covered = n + block.count_na(scale.items) + block.count_hidden(scale.items)
    enough = (covered >= least(scale, block.rule)).astype(np.int16)
    return n * enough, points(scale, block) * enough


def mean_of_scales(scale: Scale, block: Block) -> Scored:
    """The mean of other scales, all of which must be present; those under `reverse` count as 100 minus the score."""
    parts, reverse = names(scale, "scales"), frozenset(names(scale, "reverse"))
    total = np.zeros(block.size)
    for code in parts:
        part = _number_column(block.scales[code])
        total += 100.0 - part if code in reverse else part
    return total / len(parts), block.count(scale.items)


def sum_of_scales(scale: Scale, block: Block) -> Scored:
    """The sum of other scales, all of which must be present, and of whose items more than `above_percent` answered."""
    total = np.zeros(block.size)
    for code in names(scale, "scales"):
        total += _number_column(block.scales[code])
    n = block.count(scale.items)
    percent = scale.params.get("above_percent")
    if isinstance(percent, float):
        total[100 * n.astype(np.intp) <= percent * len(scale.items)] = np.nan
    return total, n


def item_sum(scale: Scale, block: Block) -> Scored:
    """The plain sum of the items, all of which must be answered. Of one item: its value."""
    n = block.count(scale.items)
    total = block.sum(scale.items).astype(np.float64, copy=False)
    total[n < len(scale.items)] = np.nan
    return total, n


def count_answered(scale: Scale, block: Block) -> Scored:
    """How many of the items were answered; not applicable is no answer."""
    n = block.count(scale.items)
    return n.astype(np.float64), n


def count_na(scale: Scale, block: Block) -> Scored:
    """How many of the items were marked not applicable."""
    return block.count_na(scale.items).astype(np.float64), block.count(scale.items)


def _number_column(column: Column) -> Floats:
    return column.astype(np.float64, copy=False)

"""Scales that are percentages: a part of a whole, and losses that follow one upon another."""

from __future__ import annotations

import numpy as np

from pro_service.domain.instruments import Scale
from pro_service.domain.scoring_block import Block, Scored, names


def share(scale: Scale, block: Block) -> Scored:
    """The sum of the `part` items in percent of the sum of all items, or of the number `of`; missing of a whole of 0.

    Every item is needed. `given` lists items that must be answered above 0 for the scale to mean anything: hours
    worked, say, before asking how work went.
    """
    n = block.count(scale.items)
    whole = scale.params.get("of")
    part = block.sum(names(scale, "part") or scale.items).astype(np.float64)
    total = np.full(block.size, whole) if isinstance(whole, float) else block.sum(scale.items).astype(np.float64)
    usable = (n == len(scale.items)) & (total > 0)
    for code in names(scale, "given"):
        usable &= block.answered[code] & (block.values[code] > 0)
    value = 100.0 * part / total
    value[~usable] = np.nan
    return value, n


def compound(scale: Scale, block: Block) -> Scored:
    """What other percentages lose together, each of what the one before left: 100 where one loses all by itself."""
    left = np.ones(block.size)
    gone = np.zeros(block.size, dtype=np.bool_)
    for code in names(scale, "scales"):
        lost = block.scales[code].astype(np.float64, copy=False) / 100.0
        left *= 1.0 - lost
        gone |= lost == 1.0
    value = 100.0 * (1.0 - left)
    value[gone] = 100.0
    return value, block.count(scale.items)

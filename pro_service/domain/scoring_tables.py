"""Scales that are looked up: a profile of answers, and its value in a table."""

from __future__ import annotations

import numpy as np

from pro_service.domain.instruments import Scale
from pro_service.domain.scoring_block import Block, Scored
from pro_service.domain.value_sets import ValueSet


def profile(scale: Scale, block: Block) -> Scored:
    """The answered codes side by side as text ("21231"); empty unless every item is answered. Codes are one digit."""
    n = block.count(scale.items)
    digits = np.zeros((block.size, len(scale.items)), dtype=np.uint32)
    for position, code in enumerate(scale.items):
        digits[:, position] = block.values[code] + np.int8(ord("0"))
    digits[n < len(scale.items)] = 0
    return digits.view(f"<U{len(scale.items)}")[:, 0], n


def index(scale: Scale, block: Block) -> Scored:
    """The value set's index of the state, missing when any item is: nothing is imputed."""
    n = block.count(scale.items)
    if not isinstance(block.tariff, ValueSet):
        return np.full(block.size, np.nan), n
    state = np.zeros(block.size, dtype=np.intp)
    for code, levels in zip(block.tariff.items, block.tariff.index.shape, strict=True):
        state *= levels
        state += block.values[code].astype(np.intp) - 1
    state[n < len(scale.items)] = 0
    value = block.tariff.index.ravel()[state]
    value[n < len(scale.items)] = np.nan
    return value, n

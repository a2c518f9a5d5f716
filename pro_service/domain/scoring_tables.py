"""Scales that are looked up: a profile of answers, its value in a table, the band a score falls in."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

import numpy as np

from pro_service.domain.instruments import Scale
from pro_service.domain.scoring_block import Block, Scored, names
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


def lookup(scale: Scale, block: Block) -> Scored:
    """What the `table` gives for the sum of the items, or for their codes side by side ("3 2"). All are needed."""
    n = block.count(scale.items)
    table = entries(scale)
    place, size = np.zeros(block.size, dtype=np.intp), 1
    worth: dict[int, float] = {}
    if any(" " in key for key in table):
        base = 1 + max(int(code) for key in table for code in key.split())
        for code in scale.items:
            place = place * base + block.values[code].astype(np.intp)
            size *= base
        for key, value in table.items():
            worth[reduce(lambda digits, code: digits * base + int(code), key.split(), 0)] = value
    else:
        place = block.sum(scale.items).astype(np.intp)
        worth = {int(key): value for key, value in table.items()}
        size = 1 + max(worth)
    values = np.full(size, np.nan)
    values[list(worth)] = list(worth.values())
    place[n < len(scale.items)] = 0
    found = values[place]
    found[n < len(scale.items)] = np.nan
    return found, n


def entries(scale: Scale) -> Mapping[str, float]:
    """The table of a look-up: each key the sum of the codes, or the codes themselves with a space between."""
    value = scale.params.get("table", {})
    return value if isinstance(value, Mapping) else {}


def bands(scale: Scale, block: Block) -> Scored:
    """The name of the band that another scale falls in: the last one that begins at or below it. Nothing is rounded."""
    starts = lowest_of_bands(scale)
    (code,) = names(scale, "scales")
    value = block.scales[code].astype(np.float64, copy=False)
    words = np.array(["", *starts.values()])
    place = np.searchsorted(np.array(list(starts)), value, side="right")
    place[np.isnan(value)] = 0
    return words[place], block.count(scale.items)


def lowest_of_bands(scale: Scale) -> Mapping[float, str]:
    """Where each band begins, lowest first."""
    value = scale.params.get("bands", {})
    return value if isinstance(value, Mapping) else {}

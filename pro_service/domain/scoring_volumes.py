"""Scales that are volumes: products of counts and hours, added up, in units or in money."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pro_service.domain.instruments import Scale
from pro_service.domain.scoring_block import Block, Floats, Scored
from pro_service.domain.value_sets import PriceList


def lines(scale: Scale) -> tuple[Mapping[str, object], ...]:
    """The lines of a volume, each a mapping with `times` and, where needed, `per`, `shortfall` and `price`."""
    value = scale.params.get("lines", ())
    return tuple(line for line in value if isinstance(line, Mapping)) if isinstance(value, (tuple, list)) else ()


def volume(scale: Scale, block: Block) -> Scored:
    """A sum of volumes, each a product of items, in units or (with `price`) in money.

    A line multiplies its `times` items, divides by its `per` items, and takes of `shortfall` the part lacking to that
    item's maximum. A line with an item that was rightly not asked is 0; one with a blank item is missing, and so is the
    sum. With `price` the line is multiplied by that code's unit price; without a price list the scale is missing.
    """
    prices = block.tariff.prices if isinstance(block.tariff, PriceList) else None
    total = np.zeros(block.size)
    for line in lines(scale):
        amount = _amount(line, block)
        if "price" in line:
            amount *= np.nan if prices is None else prices[str(line["price"])]
        total += amount
    return total, block.count(scale.items)


def line_items(line: Mapping[str, object]) -> tuple[str, ...]:
    """Every item a line of a volume reads."""
    return tuple(code for part in ("times", "per", "shortfall") for code in _codes(line, part))


def _amount(line: Mapping[str, object], block: Block) -> Floats:
    amount = np.ones(block.size)
    for code in _codes(line, "times"):
        amount *= block.values[code]
    for code in _codes(line, "per"):
        amount /= block.values[code]
    for code in _codes(line, "shortfall"):
        most = block.instrument.item(code).maximum or 1.0
        amount *= (most - block.values[code]) / most
    blank, hidden = np.zeros(block.size, dtype=np.bool_), np.zeros(block.size, dtype=np.bool_)
    for code in line_items(line):
        blank |= ~block.answered[code]
        hidden |= block.hidden(block.instrument.item(code))
    np.putmask(amount, blank, np.nan)
    np.putmask(amount, hidden, 0.0)
    return amount


def _codes(line: Mapping[str, object], part: str) -> tuple[str, ...]:
    value = line.get(part, ())
    return (value,) if isinstance(value, str) else tuple(map(str, value)) if isinstance(value, (tuple, list)) else ()

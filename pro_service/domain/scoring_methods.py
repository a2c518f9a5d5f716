"""The ways a scale is made of its items: few, general, and each a function over a block of forms.

Every method returns two columns: the value (NaN, or "" for text, where not scorable) and how many items were answered.
A definition names a method and its parameters; a scale that needs another method is a deliberate change of this file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pro_service.domain.instruments import Instrument, Item, Scale, allowed_codes
from pro_service.domain.value_sets import PriceList, Tariff, ValueSet

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Codes = NDArray[np.int8]
Counts = NDArray[np.int16]
Column = Floats | NDArray[np.str_]
Scored = tuple[Column, Counts]

RULES: Mapping[str, Callable[[int], int]] = {
    "half": lambda of: (of + 1) // 2,
    "more-than-half": lambda of: of // 2 + 1,
    "all": lambda of: of,
    "any": lambda _: 1,
}
"""How many of a scale's items must have been answered."""


@dataclass(slots=True)
class Block:
    """A run of forms, cleaned: `values` is 0 wherever `answered` is false. `scales` fills up in catalogue order.

    Codes of choices are bytes, everything else is a float: eight times less to move for most questionnaires.
    """

    instrument: Instrument
    size: int
    values: dict[str, Codes | Floats] = field(default_factory=dict)
    answered: dict[str, Bools] = field(default_factory=dict)
    na: dict[str, Bools] = field(default_factory=dict)
    scales: dict[str, Column] = field(default_factory=dict)
    tariff: Tariff | None = None
    rule: str = "default"

    def count(self, codes: Iterable[str]) -> Counts:
        """How many of these items were answered, form by form."""
        return self._tally(self.answered[code] for code in codes)

    def count_na(self, codes: Iterable[str]) -> Counts:
        """How many of these items were marked not applicable, form by form."""
        return self._tally(self.na[code] for code in codes if code in self.na)

    def sum(self, codes: Sequence[str]) -> Counts | Floats:
        """The sum over these items of what was answered; whole numbers where all of them are codes."""
        columns = [self.values[code] for code in codes]
        whole = all(column.dtype == np.int8 for column in columns) and len(columns) <= _MOST
        total: NDArray[Any] = np.zeros(self.size, dtype=np.int16 if whole else np.float64)
        for column in columns:
            total += column
        return total

    def hidden(self, item: Item) -> Bools:
        """Where an item was rightly not asked: its gate was answered otherwise, or was itself not asked."""
        if item.shown_if is None:
            return np.zeros(self.size, dtype=np.bool_)
        gate = self.instrument.item(item.shown_if.item)
        otherwise = ~np.isin(self.values[gate.code], item.shown_if.codes)
        return self.hidden(gate) | (self.answered[gate.code] & otherwise)

    def _tally(self, flags: Iterable[Bools]) -> Counts:
        total = np.zeros(self.size, dtype=np.int8)
        for number, flag in enumerate(flags):
            if number == _MOST:  # a byte is full: go on in two
                return self._tally_far(total, flag, flags)
            total += flag.view(np.int8)
        return total.astype(np.int16)

    def _tally_far(self, total: Codes, flag: Bools, flags: Iterable[Bools]) -> Counts:
        far = total.astype(np.int16)
        for each in chain([flag], flags):
            far += each
        return far


_MOST = 127
"""Items whose count fits a byte, and whose codes' sum fits two."""


@dataclass(frozen=True, slots=True)
class Method:
    """One way to make a scale. `params` names its parameters and says which are needed."""

    compute: Callable[[Scale, Block], Scored]
    params: Mapping[str, bool] = field(default_factory=dict)
    takes_rule: bool = False
    is_text: bool = False
    needs_value_set: bool = False

    def takes_tariff(self, scale: Scale) -> bool:
        """Does this scale need a value set or a price list?"""
        return self.needs_value_set or any("price" in line for line in lines(scale))

    def parts(self, scale: Scale) -> frozenset[str]:
        """The codes of the scales this one is made of."""
        return frozenset(names(scale, "scales"))

    def text_width(self, scale: Scale) -> int:
        """Characters of a text scale; 0 for a number."""
        return len(scale.items) if self.is_text else 0


def names(scale: Scale, param: str) -> tuple[str, ...]:
    """A parameter that lists codes; empty where the definition leaves it out."""
    value = scale.params.get(param, ())
    return tuple(str(name) for name in value) if isinstance(value, (tuple, list)) else ()


def lines(scale: Scale) -> tuple[Mapping[str, object], ...]:
    """The lines of a volume, each a mapping with `times` and, where needed, `per`, `shortfall` and `price`."""
    value = scale.params.get("lines", ())
    return tuple(line for line in value if isinstance(line, Mapping)) if isinstance(value, (tuple, list)) else ()


def linear(scale: Scale, block: Block) -> Scored:
    """The mean of the answered items, stretched to 0-100: all its items run from the same lowest to highest code.

    With `reverse` the lowest code is 100. `rule` says how many items must be answered (default: half, and exactly half
    is enough). With `na_counts` an item marked not applicable counts as answered for that rule, and for nothing else.
    Numerator and denominator are whole numbers, so the score is the double nearest to the exact fraction.
    """
    low, high = _range(block.instrument.item(scale.items[0]))
    n = block.count(scale.items)
    total = block.sum(scale.items)
    least = RULES[str(scale.params.get("rule", "half")) if block.rule == "default" else block.rule](len(scale.items))
    covered = n + block.count_na(scale.items) if scale.params.get("na_counts") else n
    enough = (covered >= least).astype(np.int16)
    used, total = n * enough, total * enough  # a form with too few answers comes out as 0 over 0, which is NaN
    above = 100.0 * (used * high - total if scale.params.get("reverse") else total - used * low)
    above /= used * (high - low)
    return above, n


def mean_of_scales(scale: Scale, block: Block) -> Scored:
    """The mean of other scales, all of which must be present; those under `reverse` count as 100 minus the score."""
    parts, reverse = names(scale, "scales"), frozenset(names(scale, "reverse"))
    total = np.zeros(block.size)
    for code in parts:
        part = _number_column(block.scales[code])
        total += 100.0 - part if code in reverse else part
    return total / len(parts), block.count(scale.items)


def sum_of_scales(scale: Scale, block: Block) -> Scored:
    """The sum of other scales, all of which must be present."""
    total = np.zeros(block.size)
    for code in names(scale, "scales"):
        total += _number_column(block.scales[code])
    return total, block.count(scale.items)


def item_sum(scale: Scale, block: Block) -> Scored:
    """The plain sum of the items, all of which must be answered. Of one item: its value."""
    n = block.count(scale.items)
    total = block.sum(scale.items).astype(np.float64, copy=False)
    total[n < len(scale.items)] = np.nan
    return total, n


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


def count_answered(scale: Scale, block: Block) -> Scored:
    """How many of the items were answered; not applicable is no answer."""
    n = block.count(scale.items)
    return n.astype(np.float64), n


def count_na(scale: Scale, block: Block) -> Scored:
    """How many of the items were marked not applicable."""
    return block.count_na(scale.items).astype(np.float64), block.count(scale.items)


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
    for code in line_items(line):
        amount[~block.answered[code]] = np.nan
    for code in line_items(line):
        amount[block.hidden(block.instrument.item(code))] = 0.0
    return amount


def _codes(line: Mapping[str, object], part: str) -> tuple[str, ...]:
    value = line.get(part, ())
    return (value,) if isinstance(value, str) else tuple(map(str, value)) if isinstance(value, (tuple, list)) else ()


def _range(item: Item) -> tuple[float, float]:
    codes = allowed_codes(item)
    return (min(codes), max(codes)) if codes else (item.minimum or 0, item.maximum or 0)


def _number_column(column: Column) -> Floats:
    return column.astype(np.float64, copy=False)


METHODS: Mapping[str, Method] = {
    "linear": Method(linear, {"reverse": False, "rule": False, "na_counts": False}, takes_rule=True),
    "mean_of_scales": Method(mean_of_scales, {"scales": True, "reverse": False}),
    "sum_of_scales": Method(sum_of_scales, {"scales": True}),
    "item_sum": Method(item_sum),
    "profile": Method(profile, is_text=True),
    "index": Method(index, needs_value_set=True),
    "count_answered": Method(count_answered),
    "count_na": Method(count_na),
    "volume": Method(volume, {"lines": True}),
}

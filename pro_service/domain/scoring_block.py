"""A run of forms, cleaned and column by column: what every scoring method reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pro_service.domain.instruments import Condition, Instrument, Item, Scale, allowed_codes
from pro_service.domain.value_sets import Tariff

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
    "all-but-one": lambda of: max(of - 1, 1),
    "any": lambda _: 1,
}
"""How many of a scale's items must have been answered. A definition may give that number itself."""


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
    gates: dict[Condition, Bools] = field(default_factory=dict)
    estimates: dict[tuple[object, ...], tuple[Floats, Floats]] = field(default_factory=dict)

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
        if item.shown_if not in self.gates:
            gate = self.instrument.item(item.shown_if.item)
            otherwise = self.answered[gate.code].copy()
            for code in item.shown_if.codes:
                otherwise &= self.values[gate.code] != code
            self.gates[item.shown_if] = otherwise | self.hidden(gate) if gate.shown_if else otherwise
        return self.gates[item.shown_if]

    def count_hidden(self, codes: Iterable[str]) -> Counts:
        """How many of these items were rightly not asked, form by form."""
        items = (self.instrument.item(code) for code in codes)
        return self._tally(self.hidden(item) for item in items if item.shown_if)

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


def names(scale: Scale, param: str) -> tuple[str, ...]:
    """A parameter that lists codes; empty where the definition leaves it out."""
    value = scale.params.get(param, ())
    return tuple(str(name) for name in value) if isinstance(value, (tuple, list)) else ()


def bounds(item: Item) -> tuple[float, float]:
    """The lowest and the highest answer of an item."""
    codes = allowed_codes(item)
    return (min(codes), max(codes)) if codes else (item.minimum or 0, item.maximum or 0)


def least(scale: Scale, rule: str) -> int:
    """How many of the scale's items must be answered: under `rule`, or by the scale's own where that is the default."""
    own = scale.params.get("rule", "half") if rule == "default" else rule
    return own if isinstance(own, int) else RULES[str(own)](len(scale.items))


def points(scale: Scale, block: Block) -> Counts | Floats:
    """The sum of what the answered items count for: their code, or what `recode` or `reverse` makes of it."""
    turned, recoded = names(scale, "reverse"), recodes(scale)
    total = block.sum([code for code in scale.items if code not in turned and code not in recoded])
    for code in turned:
        low, high = bounds(block.instrument.item(code))
        total = total + block.answered[code] * np.int16(low + high) - block.values[code]
    for code, table in recoded.items():
        worth = np.zeros(max(table) + 1)
        worth[list(table)] = list(table.values())
        total = total + worth[block.values[code].astype(np.intp)] * block.answered[code]
    return total


def recodes(scale: Scale) -> Mapping[str, Mapping[int, float]]:
    """Per item that counts for something else than its code: what each code counts for."""
    value = scale.params.get("recode", {})
    return value if isinstance(value, Mapping) else {}

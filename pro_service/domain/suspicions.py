"""Does a file of answers look like what it is scored as? What looks wrong is told, with items and counts.

Nothing here changes a score. A code from another edition is often allowed in this one, and means something else: only
the whole file shows it. So the answers are looked at as they pass, and judged when all have been seen.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from pro_service.domain.instruments import Instrument, Item, LookAlike, allowed_codes
from pro_service.domain.scoring import Forms, scored_items
from pro_service.domain.scoring_block import bounds

ENOUGH = 30
"""Forms after which it tells something that a code was never seen."""

FEW = 5
"""Values that do not fit before anything is suspected of them."""

_SHARE = 0.2
_NAMED = 6


@dataclass(slots=True)
class Sight:
    """One item's answers so far: numbers, how many were not allowed, how many were 0, the lowest and the highest."""

    filled: int = 0
    refused: int = 0
    noughts: int = 0
    lowest: float = math.inf
    highest: float = -math.inf


@dataclass(slots=True)
class Sightings:
    """What has been seen of every item of an instrument."""

    instrument: Instrument
    items: dict[str, Sight] = field(default_factory=dict)

    def look(self, forms: Forms, refused: Mapping[str, int]) -> None:
        """Look at some forms, of which `refused` says per item how many numbers were not allowed."""
        for item in scored_items(self.instrument):
            column, sight = forms.values[item.code], self.items.setdefault(item.code, Sight())
            filled = len(column) - int(np.count_nonzero(np.isnan(column)))
            if not filled:
                continue
            sight.filled += filled
            sight.lowest = min(sight.lowest, float(np.fmin.reduce(column)))
            sight.highest = max(sight.highest, float(np.fmax.reduce(column)))
            if item.code in refused:
                sight.refused += refused[item.code]
                sight.noughts += int(np.count_nonzero(column == 0))

    def suspicions(self) -> Iterator[str]:
        """What looks wrong, a sentence each."""
        yield from self._coded_from_nought()
        yield from self._swapped()
        for other in self.instrument.look_alikes:
            yield from self._like(other)

    def _coded_from_nought(self) -> Iterator[str]:
        from_one = [item for item in self._filled() if allowed_codes(item) and bounds(item)[0] == 1]
        low = [item for item in from_one
               if self.items[item.code].noughts and self.items[item.code].highest < bounds(item)[1]]  # fmt: skip
        counts = {item.code: self.items[item.code].noughts for item in low}
        if sum(counts.values()) >= FEW and 2 * len(low) >= len(from_one):
            yield (
                f"coded from 0? 0 was seen and the highest code never: {_listed(counts)}; "
                f"the codes of {self.instrument.code} start at 1"
            )

    def _swapped(self) -> Iterator[str]:
        filled = list(self._filled())
        for item in filled:
            sight = self.items[item.code]
            if sight.refused < max(FEW, _SHARE * sight.filled):
                continue
            others = [other.code for other in filled if self._could_be(item, other) and self._could_be(other, item)
                      and bounds(item) != bounds(other)]  # fmt: skip
            if others:
                yield (
                    f"columns swapped? {item.code} has {sight.refused} values that it does not allow and "
                    f"{' or '.join(others[:_NAMED])} does, which in turn holds none that {item.code} does not"
                )

    def _could_be(self, item: Item, other: Item) -> bool:
        """Does everything seen in this item's column fit the other item?"""
        low, high = bounds(other)
        return low <= self.items[item.code].lowest and self.items[item.code].highest <= high

    def _like(self, other: LookAlike) -> Iterator[str]:
        mine = [item for item in self._filled() if item.code in other.items]
        if not mine:
            return
        advice = f"if so, score it as {other.instead}" if other.instead else "if so, it cannot be scored as this"
        top = bounds(mine[0])[1]
        if other.highest > top:
            beyond = {item.code: self.items[item.code].refused for item in mine
                      if top < self.items[item.code].highest <= other.highest}  # fmt: skip
            if beyond:
                yield f"{other.name}? answers that only it allows: {_listed(beyond)}; {advice}"
            return
        forms = max(self.items[item.code].filled for item in mine)
        rest = [item for item in self._filled() if item not in mine and bounds(item) == bounds(mine[0])]
        highest = max(self.items[item.code].highest for item in mine)
        others_go_on = not rest or max(self.items[item.code].highest for item in rest) > other.highest
        if forms >= ENOUGH and highest == other.highest and others_go_on:
            yield (
                f"{other.name}? no answer above {other.highest} to {' '.join(item.code for item in mine)} "
                f"in {forms} forms; {advice}"
            )

    def _filled(self) -> Iterable[Item]:
        return [item for item in scored_items(self.instrument) if self.items.get(item.code, Sight()).filled]


def _listed(counts: Mapping[str, int]) -> str:
    named = [f"{code} {count}" for code, count in list(counts.items())[:_NAMED]]
    more = len(counts) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")

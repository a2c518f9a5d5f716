"""Scales looked up by severity: a grade from up to three attributes of one complaint, and the value of another scale.

The attributes of a complaint stand in the order in which they are asked, the one that leads first. Where that one is
at its lowest code there is no complaint: the others are rightly not asked, whatever stands there, and the grade is the
table's first. Everywhere else all of them are needed; not applicable is no answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pro_service.domain.instruments import Scale
from pro_service.domain.scoring_block import Block, Scored, bounds, names


def grade(scale: Scale, block: Block) -> Scored:
    """The grade that the table has for the codes of the items: its entries run through the last item's codes first."""
    n = block.count(scale.items)
    place = np.zeros(block.size, dtype=np.intp)
    for code in scale.items:
        low, high = bounds(block.instrument.item(code))
        place *= int(high - low) + 1
        place += (block.values[code].astype(np.intp) - int(low)) * block.answered[code]
    lead = scale.items[0]
    absent = block.answered[lead] & (block.values[lead] == bounds(block.instrument.item(lead))[0])
    known = (n == len(scale.items)) | absent
    found = np.asarray(grades(scale), dtype=np.float64)[np.where(absent, 0, place)]
    found[~known] = np.nan
    return found, n


def grades(scale: Scale) -> Sequence[float]:
    """The grades of a scale, one for every way its items can be answered."""
    value = scale.params.get("grades", ())
    return value if isinstance(value, tuple) else ()


def convert(scale: Scale, block: Block) -> Scored:
    """What a table has for the value of another scale, taken to the nearest whole number, halves up."""
    (code,) = names(scale, "scales")
    value = np.floor(block.scales[code].astype(np.float64, copy=False) + 0.5)
    table = conversions(scale)
    low = min(table)
    worth = np.full(max(table) - low + 2, np.nan)
    worth[[key - low for key in table]] = list(table.values())
    place = value - low
    place[~((place >= 0) & (place < len(worth) - 1))] = len(worth) - 1  # the last entry stands for none
    return worth[place.astype(np.intp)], block.count(scale.items)


def conversions(scale: Scale) -> Mapping[int, float]:
    """What each value of the other scale becomes."""
    value = scale.params.get("values", {})
    return value if isinstance(value, Mapping) else {}

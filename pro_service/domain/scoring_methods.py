"""The ways a scale is made of its items: few, general, and each a function over a block of forms.

Every method returns two columns: the value (NaN, or "" for text, where not scorable) and how many items were answered.
A definition names a method and its parameters; a scale that needs another method is a deliberate change of this table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pro_service.domain.instruments import Scale
from pro_service.domain.scoring_block import Block, Scored, names
from pro_service.domain.scoring_sums import count_answered, count_na, item_sum, linear, mean_of_scales, sum_of_scales
from pro_service.domain.scoring_tables import index, profile
from pro_service.domain.scoring_volumes import lines, volume

Kind = Literal["flag", "rule", "scales", "lines"]
"""What a parameter holds: true or false, a missing rule, codes of earlier scales, or the lines of a volume."""


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter of a method: what it holds, and whether a definition must give it."""

    kind: Kind
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Method:
    """One way to make a scale, and the parameters it takes."""

    compute: Callable[[Scale, Block], Scored]
    params: Mapping[str, Param] = field(default_factory=dict)
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


FLAG, SCALES = Param("flag"), Param("scales", needed=True)

METHODS: Mapping[str, Method] = {
    "linear": Method(linear, {"reverse": FLAG, "rule": Param("rule"), "na_counts": FLAG}, takes_rule=True),
    "mean_of_scales": Method(mean_of_scales, {"scales": SCALES, "reverse": Param("scales")}),
    "sum_of_scales": Method(sum_of_scales, {"scales": SCALES}),
    "item_sum": Method(item_sum),
    "profile": Method(profile, is_text=True),
    "index": Method(index, needs_value_set=True),
    "count_answered": Method(count_answered),
    "count_na": Method(count_na),
    "volume": Method(volume, {"lines": Param("lines", needed=True)}),
}

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
from pro_service.domain.scoring_grades import convert, grade
from pro_service.domain.scoring_patterns import pattern
from pro_service.domain.scoring_shares import compound, share
from pro_service.domain.scoring_sums import (
    count_answered,
    count_na,
    item_sum,
    linear,
    mean,
    mean_of_scales,
    prorated_sum,
    sum_of_scales,
)
from pro_service.domain.scoring_tables import bands, index, lookup, lowest_of_bands, profile
from pro_service.domain.scoring_volumes import lines, volume

Kind = Literal[
    "flag", "turned", "recode", "rule", "items", "scales", "scale", "number", "percent", "table", "values", "grades",
    "bands", "bank", "lines",
]  # fmt: skip
"""What a parameter holds, each read by a function of its own in `instruments/params.py`."""


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter of a method: what it holds, and whether a definition must give it."""

    kind: Kind
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Method:
    """One way to make a scale, and the parameters it takes; a `whole` one needs every item, whatever the rule."""

    compute: Callable[[Scale, Block], Scored]
    params: Mapping[str, Param] = field(default_factory=dict)
    widest: Callable[[Scale], int] | None = None
    needs_value_set: bool = False
    whole: bool = False

    def takes_tariff(self, scale: Scale) -> bool:
        """Does this scale need a value set or a price list?"""
        return self.needs_value_set or any("price" in line for line in lines(scale))

    def parts(self, scale: Scale) -> frozenset[str]:
        """The codes of the scales this one is made of."""
        return frozenset(names(scale, "scales"))

    def text_width(self, scale: Scale) -> int:
        """Characters of a text scale; 0 for a number."""
        return self.widest(scale) if self.widest else 0

    @property
    def is_text(self) -> bool:
        """Does it make a text, such as a profile or the name of a band?"""
        return self.widest is not None

    @property
    def takes_rule(self) -> bool:
        """Can it be computed under another rule for missing items?"""
        return "rule" in self.params


FLAG, RULE, SCALES = Param("flag"), Param("rule"), Param("scales", needed=True)
POINTS = {"reverse": Param("turned"), "recode": Param("recode"), "rule": RULE, "na_counts": FLAG}

METHODS: Mapping[str, Method] = {
    "linear": Method(linear, {"reverse": Param("turned"), "rule": RULE, "na_counts": FLAG}),
    "mean": Method(mean, POINTS),
    "prorated_sum": Method(prorated_sum, POINTS),
    "mean_of_scales": Method(mean_of_scales, {"scales": SCALES, "reverse": Param("scales")}),
    "sum_of_scales": Method(sum_of_scales, {"scales": SCALES, "above_percent": Param("percent")}),
    "item_sum": Method(item_sum, whole=True),
    "profile": Method(profile, widest=lambda scale: len(scale.items), whole=True),
    "index": Method(index, needs_value_set=True, whole=True),
    "lookup": Method(lookup, {"table": Param("table", needed=True)}, whole=True),
    "grade": Method(grade, {"grades": Param("grades", needed=True)}),
    "convert": Method(convert, {"scales": Param("scale", needed=True), "values": Param("values", needed=True)}),
    "pattern": Method(pattern, {"bank": Param("bank", needed=True), "rule": RULE, "error": FLAG}),
    "share": Method(share, {"part": Param("items"), "of": Param("number"), "given": Param("items")}, whole=True),
    "compound": Method(compound, {"scales": SCALES}),
    "bands": Method(
        bands,
        {"scales": Param("scale", needed=True), "bands": Param("bands", needed=True)},
        widest=lambda scale: max(map(len, lowest_of_bands(scale).values())),
    ),
    "count_answered": Method(count_answered),
    "count_na": Method(count_na),
    "volume": Method(volume, {"lines": Param("lines", needed=True)}),
}

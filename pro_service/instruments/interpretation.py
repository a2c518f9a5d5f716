"""Reads how a definition's scales are to be read: differences that matter, thresholds, reference values, sources."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeVar, cast

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from pro_service.domain.interpretation import Difference, Reference, Threshold
from pro_service.instruments.page import Page

ALL = "all"
"""Instead of a list of scales: every one of them."""

_SIDES = ("below", "above", "from")
_SHARED = ("scales", "source", "verified")
R = TypeVar("R")


def sources(page: Page) -> dict[str, str]:
    """The sources by their key; those of a list have the keys 1, 2, and so on."""
    node = page.root.get("sources")
    if isinstance(node, CommentedMap):
        found = {str(key): page.string(node, key) for key in node}
    else:
        found = {str(number): text for number, text in enumerate(page.strings(page.root, "sources"), start=1)}
    if not found:
        page.wrong("sources: expected at least one", page.root, "sources")
    return found


@dataclass(frozen=True, slots=True)
class Interpreted:
    """A page, the scales its numbers may speak of and the sources they may name."""

    page: Page
    scales: tuple[str, ...]
    sources: dict[str, str]

    def differences(self) -> tuple[Difference, ...]:
        """The smallest differences that matter."""
        return self._each("differences", ("from", "to", "compare", "direction", "unit", "setting"), self._difference)

    def thresholds(self) -> tuple[Threshold, ...]:
        """The values beyond which a score is of clinical importance."""
        return self._each("thresholds", (*_SIDES, "setting"), self._threshold)

    def references(self) -> tuple[Reference, ...]:
        """What populations score."""
        return self._each("references", ("population", "mean", "sd", "people"), self._reference)

    def _difference(self, node: CommentedMap) -> Difference:
        lowest = self._needed(node, "from")
        highest = lowest if "to" not in node else self._needed(node, "to")
        if not 0 < lowest <= highest:
            self.page.wrong("from, to: expected sizes above 0, the smaller first", node, "from")
        compare = self.page.choice(node, "compare", ("within", "between", "either"), "either")
        direction = self.page.choice(node, "direction", ("better", "worse", "either"), "either")
        unit = self.page.choice(node, "unit", ("points", "percent"), "points")
        return Difference(
            self._scales(node),
            lowest,
            highest,
            cast(Literal["within", "between", "either"], compare),
            cast(Literal["better", "worse", "either"], direction),
            cast(Literal["points", "percent"], unit),
            self._source(node),
            self._verified(node),
            self._setting(node),
        )

    def _threshold(self, node: CommentedMap) -> Threshold:
        sides = [side for side in _SIDES if side in node]
        if len(sides) != 1:
            self.page.wrong("expected below, above or from, with the value", node)
        side = cast(Literal["below", "above", "from"], sides[0] if sides else "below")
        value = self._needed(node, side) if sides else 0.0
        return Threshold(self._scales(node), side, value, self._source(node), self._verified(node), self._setting(node))

    def _reference(self, node: CommentedMap) -> Reference:
        people = self.page.number(node, "people")
        population = self.page.mapping(node, "population")
        return Reference(
            self._scales(node),
            {str(language): self.page.string(population, language) for language in population},
            self._needed(node, "mean"),
            self._needed(node, "sd"),
            None if people is None else int(people),
            self._source(node),
            self._verified(node),
        )

    def _each(self, section: str, keys: tuple[str, ...], read: Callable[[CommentedMap], R]) -> tuple[R, ...]:
        return tuple(read(node) for node in self._nodes(section, keys))

    def _nodes(self, section: str, keys: tuple[str, ...]) -> Iterator[CommentedMap]:
        listed = self.page.root.get(section, CommentedSeq())
        if not isinstance(listed, CommentedSeq) or not all(isinstance(node, CommentedMap) for node in listed):
            self.page.wrong(f"{section}: expected a list of mappings", self.page.root, section)
            return
        for node in listed:
            self.page.known(node, (*_SHARED, *keys))
            yield node

    def _needed(self, node: CommentedMap, key: str) -> float:
        if node.get(key) is None:
            self.page.wrong(f"{key}: expected a number, nothing is there", node, key)
        return self.page.number(node, key) or 0.0

    def _scales(self, node: CommentedMap) -> tuple[str, ...]:
        listed = self.page.strings(node, "scales")
        if listed == (ALL,):
            return self.scales
        if not listed:
            self.page.wrong(f"scales: expected a list of scales, or {ALL}", node, "scales")
        for code in listed:
            if code not in self.scales:
                self.page.wrong(f"scales: no scale {code}", node, "scales")
        return listed

    def _source(self, node: CommentedMap) -> str:
        key = str(node.get("source", ""))
        if key not in self.sources:
            self.page.wrong(f"source: expected one of {', '.join(self.sources)}", node, "source")
        return key

    def _setting(self, node: CommentedMap) -> str:
        return self.page.string(node, "setting", "")

    def _verified(self, node: CommentedMap) -> bool:
        """Was the number read in its source? Unless the definition says so, it was not."""
        return self.page.flag(node, "verified", False)

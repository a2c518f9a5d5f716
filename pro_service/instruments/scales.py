"""Reads the scales of a definition: which method makes each of which items, with what parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, cast

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from pro_service.domain.instruments import Item, Scale, Text, allowed_codes
from pro_service.domain.scoring_block import RULES
from pro_service.domain.scoring_methods import METHODS, Kind
from pro_service.domain.scoring_volumes import line_items
from pro_service.instruments.page import Page

_SCALE = ("en", "nl", "method", "items", "higher_is", "range")
_LINE = ("times", "per", "shortfall", "price")
_UNSCORED = frozenset({"text", "date"})


def read_scales(page: Page, items: tuple[Item, ...]) -> tuple[Scale, ...]:
    """The scales in the order written. What is wrong with one is noted on the page and the rest are read."""
    by_code = {item.code: item for item in items}
    scales: dict[str, Scale] = {}
    for code, node in page.entries(page.mapping(page.root, "scales")):
        scales[code] = _scale(page, code, node, by_code, scales)
    return tuple(scales.values())


def _scale(page: Page, code: str, node: CommentedMap, items: Mapping[str, Item], before: Mapping[str, Scale]) -> Scale:
    name = page.choice(node, "method", METHODS)
    method = METHODS[name]
    page.known(node, (*_SCALE, *method.params))
    for key, param in method.params.items():
        if param.needed and key not in node:
            page.wrong(f"{code}: {name} needs {key}", node)
    params = {
        key: READERS[param.kind](Place(page, node, key, items, before))
        for key, param in method.params.items()
        if key in node
    }
    used = _used(page, node, params, items, before)
    lowest, highest = _range(page, node)
    scale = Scale(
        code=code,
        label=_label(page, code, node),
        method=name,
        items=used,
        params=params,
        higher_is=cast(
            Literal["better", "worse", "more", "neither"],
            page.choice(node, "higher_is", ("better", "worse", "more", "neither")),
        ),
        minimum=lowest,
        maximum=highest,
    )
    _check_codes(page, node, scale, [items[item] for item in used])
    return scale


@dataclass(frozen=True, slots=True)
class Place:
    """Where a parameter stands, and what it may refer to: the items, and the scales before its own."""

    page: Page
    node: CommentedMap
    key: str
    items: Mapping[str, Item]
    scales: Mapping[str, Scale]

    def wrong(self, message: str) -> None:
        """Note a mistake in this parameter."""
        self.page.wrong(f"{self.key}: {message}", self.node, self.key)


def _flag(place: Place) -> bool:
    return place.page.flag(place.node, place.key)


def _rule(place: Place) -> str:
    return place.page.choice(place.node, place.key, RULES)


def _scales(place: Place) -> tuple[str, ...]:
    listed = place.page.strings(place.node, place.key)
    for other in listed:
        if other not in place.scales:
            place.wrong(f"no earlier scale {other}")
    return listed


def _lines(place: Place) -> tuple[Mapping[str, object], ...]:
    page, listed = place.page, place.node[place.key]
    if not isinstance(listed, CommentedSeq) or not all(isinstance(line, CommentedMap) for line in listed):
        place.wrong("expected a list of mappings with times, per, shortfall, price")
        return ()
    lines: list[Mapping[str, object]] = []
    for line in listed:
        page.known(line, _LINE)
        if "times" not in line:
            page.wrong("expected times: a list of items", line)
        read: dict[str, object] = {part: page.strings(line, part) for part in _LINE[:-1] if part in line}
        if "price" in line:
            read["price"] = page.string(line, "price")
        lines.append(read)
        for code in line_items(read):
            if code not in place.items:
                page.wrong(f"no item {code}", line)
    return tuple(lines)


READERS: Mapping[Kind, Callable[[Place], object]] = {
    "flag": _flag,
    "rule": _rule,
    "scales": _scales,
    "lines": _lines,
}
"""What reads each kind of parameter and notes what is wrong with it."""


def _used(
    page: Page,
    node: CommentedMap,
    params: Mapping[str, object],
    items: Mapping[str, Item],
    before: Mapping[str, Scale],
) -> tuple[str, ...]:
    """The items of a scale: those named, or all those of the scales or lines it is made of."""
    named: list[str] = []
    if "items" in node:
        for entry in page.strings(node, "items"):
            named += _span(page, node, entry, items)
    else:
        for other in cast(tuple[str, ...], params.get("scales", ())):
            named += before[other].items if other in before else ()
        for line in cast(tuple[Mapping[str, object], ...], params.get("lines", ())):
            named += line_items(line)
    used = tuple(dict.fromkeys(item for item in named if item in items))
    if not used:
        page.wrong("items: expected at least one item", node, "items")
    for item in used:
        if items[item].kind in _UNSCORED:
            page.wrong(f"items: {item} is a {items[item].kind}, which cannot be scored", node, "items")
    return used


def _span(page: Page, node: CommentedMap, entry: str, items: Mapping[str, Item]) -> list[str]:
    """One item, or with `first..last` every item between these two in the order of the form."""
    first, _, last = entry.partition("..")
    unknown = [item for item in (first, last) if item and item not in items]
    for item in unknown:
        page.wrong(f"items: no item {item}", node, "items")
    if unknown or not last:
        return [] if unknown else [first]
    order = list(items)
    return order[order.index(first) : order.index(last) + 1]


def _check_codes(page: Page, node: CommentedMap, scale: Scale, items: list[Item]) -> None:
    codes = [allowed_codes(item) or (item.minimum or 0, item.maximum or 0) for item in items]
    if scale.method == "linear" and len({(min(each), max(each)) for each in codes}) > 1:
        page.wrong(f"{scale.code}: the items of a linear scale need the same lowest and highest code", node)
    if scale.method in {"profile", "index"} and not all(
        item.kind == "choice" and each == tuple(range(1, len(each) + 1)) and len(each) < 10
        for item, each in zip(items, codes, strict=True)
    ):
        page.wrong(f"{scale.code}: a {scale.method} needs choices coded 1, 2, 3 and so on, at most 9", node)


def _range(page: Page, node: CommentedMap) -> tuple[float | None, float | None]:
    value = node.get("range")
    if value is None:
        return None, None
    fits = isinstance(value, CommentedSeq) and len(value) == 2
    if not fits or not all(bound is None or isinstance(bound, (int, float)) for bound in value):
        page.wrong("range: expected [lowest, highest], null where there is no bound", node, "range")
        return None, None
    return value[0], value[1]


def _label(page: Page, code: str, node: CommentedMap) -> Text:
    if "en" not in node:
        page.wrong(f"{code}: expected an English label (en)", node)
    return {language: page.string(node, language) for language in ("en", "nl") if language in node}

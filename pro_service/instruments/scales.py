"""Reads the scales of a definition: which method makes each of which items, with what parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, cast

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from pro_service.domain.instruments import Item, Scale, Text, allowed_codes
from pro_service.domain.scoring_methods import METHODS
from pro_service.domain.scoring_volumes import line_items
from pro_service.instruments.page import Page
from pro_service.instruments.params import READERS, Place, span

_SCALE = ("en", "nl", "method", "items", "higher_is", "range")
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
    own = span(page, node, "items", items) if "items" in node else ()
    params = {
        key: READERS[param.kind](Place(page, node, key, items, before, own))
        for key, param in method.params.items()
        if key in node
    }
    used = own or _borrowed(params, items, before)
    _check_used(page, node, [items[item] for item in used])
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


def _borrowed(params: Mapping[str, object], items: Mapping[str, Item], before: Mapping[str, Scale]) -> tuple[str, ...]:
    """The items of the scales or lines that a scale is made of."""
    named: list[str] = []
    for other in cast(tuple[str, ...], params.get("scales", ())):
        named += before[other].items if other in before else ()
    for line in cast(tuple[Mapping[str, object], ...], params.get("lines", ())):
        named += line_items(line)
    return tuple(dict.fromkeys(item for item in named if item in items))


def _check_used(page: Page, node: CommentedMap, used: list[Item]) -> None:
    if not used:
        page.wrong("items: expected at least one item", node, "items")
    for item in used:
        if item.kind in _UNSCORED:
            page.wrong(f"items: {item.code} is a {item.kind}, which cannot be scored", node, "items")


def _check_codes(page: Page, node: CommentedMap, scale: Scale, items: list[Item]) -> None:
    codes = [allowed_codes(item) or (item.minimum or 0, item.maximum or 0) for item in items]
    if scale.method == "linear" and len({(min(each), max(each)) for each in codes}) > 1:
        page.wrong(f"{scale.code}: the items of a linear scale need the same lowest and highest code", node)
    if scale.method in {"profile", "index"} and not all(
        item.kind == "choice" and each == tuple(range(1, len(each) + 1)) and len(each) < 10
        for item, each in zip(items, codes, strict=True)
    ):
        page.wrong(f"{scale.code}: a {scale.method} needs choices coded 1, 2, 3 and so on, at most 9", node)
    if scale.method == "lookup" and not all(
        item.kind in {"choice", "yes_no"} and min(each) >= 0 for item, each in zip(items, codes, strict=True)
    ):
        page.wrong(f"{scale.code}: a lookup needs choices coded from 0", node)


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

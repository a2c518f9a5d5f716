"""Reads the parameters of scales: one function per kind of parameter, each noting every mistake on the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import prod

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from pro_service.domain.instruments import Item, Scale, allowed_codes
from pro_service.domain.scoring_block import RULES
from pro_service.domain.scoring_methods import Kind
from pro_service.domain.scoring_volumes import line_items
from pro_service.instruments.banks import bank, bank_ids
from pro_service.instruments.page import Page

_LINE = ("times", "per", "shortfall", "price")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a parameter stands, and what it may refer to: items, scales before its own, its scale's `own` items."""

    page: Page
    node: CommentedMap
    key: str
    items: Mapping[str, Item]
    scales: Mapping[str, Scale]
    own: tuple[str, ...]

    def wrong(self, message: str) -> None:
        """Note a mistake in this parameter."""
        self.page.wrong(f"{self.key}: {message}", self.node, self.key)


def _flag(place: Place) -> bool:
    return place.page.flag(place.node, place.key)


def _turned(place: Place) -> bool | tuple[str, ...]:
    """True for all items, or a list of those that run the other way."""
    if isinstance(place.node[place.key], bool):
        return _flag(place)
    return _of_own(place, place.node)


def _of_own(place: Place, node: CommentedMap, key: str = "") -> tuple[str, ...]:
    codes = span(place.page, node, key or place.key, place.items)
    for code in codes:
        if code not in place.own:
            place.wrong(f"{code} is no item of this scale")
    return codes


def _recode(place: Place) -> dict[str, Mapping[int, float]]:
    """Names of the definition's `recodes`, each with the items it is for; per item, what each code counts for."""
    by_item: dict[str, Mapping[int, float]] = {}
    tables = place.page.mapping(place.page.root, "recodes", needed=False)
    for name in place.page.mapping(place.node, place.key):
        if name not in tables:
            place.wrong(f"no recode {name}: there are {', '.join(map(str, tables)) or 'none'}")
            continue
        table = _numbers(place.page, tables, name)
        for code in _of_own(place, place.node[place.key], name):
            codes = allowed_codes(place.items[code])
            lacking = ", ".join(str(one) for one in codes if one not in table)
            if lacking or not codes:
                place.wrong(f"{name} does not say what {lacking or 'every answer'} of {code} counts for")
            by_item[code] = table
    return by_item


def _numbers(page: Page, node: CommentedMap, key: str) -> dict[int, float]:
    table = page.mapping(node, key)
    for code in table:
        if not isinstance(code, int) or isinstance(code, bool) or code < 0:
            page.wrong(f"{code}: expected a whole number from 0 as code", table, code)
    return {code: _fraction(page, table, code) for code in table if isinstance(code, int)}


def _fraction(page: Page, node: CommentedMap, key: str | int) -> float:
    """A number, or a text such as 100/3 for one that decimals cannot write."""
    value = node[key]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    try:
        return float(Fraction(value))
    except (TypeError, ValueError, ZeroDivisionError):
        page.wrong(f"{key}: expected a number, or a fraction such as 100/3", node, key)
        return 0.0


def _rule(place: Place) -> str | int:
    """A named rule, or how many items must be answered."""
    value = place.node[place.key]
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        if value > len(place.own):
            place.wrong(f"{value} of {len(place.own)} items can never be answered")
        return int(value)
    if value not in RULES:
        place.wrong(f"expected one of {', '.join(RULES)}, or how many items must be answered")
    return str(value)


def _percent(place: Place) -> float:
    value = place.page.number(place.node, place.key) or 0.0
    if not 0 <= value < 100:
        place.wrong("expected a number from 0 and below 100")
    return value


def _scale(place: Place) -> tuple[str, ...]:
    listed = _scales(place)
    if len(listed) != 1:
        place.wrong("expected one scale")
    return listed


def _items(place: Place) -> tuple[str, ...]:
    return span(place.page, place.node, place.key, place.items)


def _number(place: Place) -> float:
    value = place.page.number(place.node, place.key) or 0.0
    if value <= 0:
        place.wrong("expected a number above 0")
    return value


def _values(place: Place) -> dict[int, float]:
    """What each whole number that another scale may be becomes."""
    return _numbers(place.page, place.node, place.key)


def _grades(place: Place) -> tuple[float, ...]:
    """A name of the definition's `grades`: a number for every way to answer the scale's items, the last one's first."""
    name, tables = place.node[place.key], place.page.mapping(place.page.root, "grades", needed=False)
    listed = tables.get(name)
    ways = prod(len(allowed_codes(place.items[code])) for code in place.own)
    if not isinstance(listed, CommentedSeq) or not all(isinstance(grade, int) for grade in listed):
        place.wrong(f"no grades {name}: there are {', '.join(map(str, tables)) or 'none'}")
    elif len(listed) != ways:
        place.wrong(f"{name} has {len(listed)} numbers, and these items can be answered in {ways} ways")
    else:
        return tuple(float(grade) for grade in listed)
    return ()


def _bank(place: Place) -> dict[str, tuple[float, ...]]:
    """The name of an item bank, or {name: {item: its name in the bank}}: per item, what the bank says of it."""
    node = place.node[place.key]
    named = node if isinstance(node, CommentedMap) else CommentedMap({node: CommentedMap()})
    name, calibrated = next(iter(named.items()))
    if name not in bank_ids():
        place.wrong(f"no item bank {name}: there are {', '.join(bank_ids())}")
        return {}
    found = {}
    for code in place.own:
        original = calibrated.get(code, code)
        if original not in bank(name):
            place.wrong(f"{name} has no item {original}")
            continue
        found[code] = bank(name)[original]
        if len(found[code]) != len(allowed_codes(place.items[code])):
            place.wrong(f"{code} has {len(allowed_codes(place.items[code]))} codes, {original} {len(found[code])}")
    return found


def _bands(place: Place) -> dict[float, str]:
    """Where each band begins, and its name: one word, without spaces, that stays the same in every language."""
    node = place.page.mapping(place.node, place.key)
    starts = [key for key in node if isinstance(key, (int, float)) and not isinstance(key, bool)]
    if len(starts) != len(node) or starts != sorted(starts):
        place.wrong("expected where each band begins, lowest first, with its name")
    named = {float(start): node[start] for start in starts}
    if not named or not all(isinstance(name, str) and name and " " not in name for name in named.values()):
        place.wrong("expected a name of one word for each band, such as mild")
    return {start: str(name) for start, name in named.items()}


def _table(place: Place) -> dict[str, float]:
    """A value for every sum of the codes of the scale's items, or for every set of codes side by side."""
    node = place.page.mapping(place.node, place.key)
    table = {str(key): _fraction(place.page, node, key) for key in node}
    if len(place.own) > _MOST_LOOKED_UP:
        place.wrong(f"a table can be read by {_MOST_LOOKED_UP} items at most")
        return table
    sets = list(product(*(allowed_codes(place.items[code]) for code in place.own)))
    wanted = {" ".join(map(str, each)) if any(" " in key for key in table) else str(sum(each)) for each in sets}
    for key in sorted(wanted - set(table)):
        place.wrong(f"no value for {key}")
    for key in sorted(set(table) - wanted):
        place.wrong(f"{key} cannot come out of these items")
    return table


_MOST_LOOKED_UP = 6
"""Items of a look-up: its table has a row for every way to answer them, or for every sum."""


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
    "turned": _turned,
    "recode": _recode,
    "rule": _rule,
    "items": _items,
    "number": _number,
    "values": _values,
    "grades": _grades,
    "bank": _bank,
    "scales": _scales,
    "scale": _scale,
    "percent": _percent,
    "table": _table,
    "bands": _bands,
    "lines": _lines,
}
"""What reads each kind of parameter and notes what is wrong with it."""


def span(page: Page, node: CommentedMap, key: str, items: Mapping[str, Item]) -> tuple[str, ...]:
    """The items a list names, each once; `first..last` is every item between these two in the order of the form."""
    order, found = list(items), []
    for entry in page.strings(node, key):
        first, _, last = entry.partition("..")
        unknown = [item for item in (first, last) if item and item not in items]
        for item in unknown:
            page.wrong(f"{key}: no item {item}", node, key)
        if not unknown:
            found += order[order.index(first) : order.index(last or first) + 1]
    return tuple(dict.fromkeys(found))

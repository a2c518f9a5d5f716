"""Reads value sets and price lists: one table each.

`kind` says what it is: `additive` (decrements per item and level, with terms that count items where a set has them),
`crosswalk` (the value set `target` of a shorter version, and by which `chances` a person would answer it), or `prices`
(unit prices by code).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

from pro_service.domain.errors import UnknownValueSet
from pro_service.domain.value_sets import COUNTS, PriceList, Tariff, ValueSet, additive_index, crosswalk_index
from pro_service.instruments.rows import Row, Table, read_table, wrong

TABLES = Path(__file__).parent / "tables"
CROSSWALKS = Path(__file__).parent / "crosswalks"

_SPECIAL = frozenset({"constant", "extreme", *COUNTS})


def value_set_ids() -> tuple[str, ...]:
    """The ids of every value set and price list that ships."""
    return tuple(sorted(path.stem for path in TABLES.glob("*.csv")))


@cache
def value_set(id: str) -> Tariff:
    """The value set or price list of that id. Raises UnknownValueSet, naming those there are."""
    if id not in value_set_ids():
        raise UnknownValueSet(f"no value set {id}: there are {', '.join(value_set_ids())}")
    return read(TABLES / f"{id}.csv")


def read(path: Path) -> Tariff:
    """The value set or price list in a file. Raises InvalidInstrument with file and line."""
    table = read_table(path)
    if table.about.get("kind") != "crosswalk":  # which has its numbers elsewhere
        table.filled()
    readers: Mapping[str, Callable[[Table], Tariff]] = {
        "additive": _additive,
        "crosswalk": _crosswalk,
        "prices": _prices,
    }
    kind = table.need("kind")
    if kind not in readers:
        raise wrong(path.name, 1, f"kind: expected one of {', '.join(readers)}")
    return readers[kind](table)


def _prices(table: Table) -> PriceList:
    return PriceList(
        id=table.path.stem,
        instruments=tuple(table.need("instruments").split()),
        label=table.need("label"),
        source=table.need("source"),
        verified=table.need("verified") == "true",
        currency=table.need("currency"),
        year=int(table.need("year")),
        prices={row.cells["code"]: row.number("price") for row in table.rows},
    )


def _additive(table: Table) -> ValueSet:
    decrements = _decrements(table.rows)
    special = {row.cells["term"]: row.number("value") for row in table.rows if row.cells["term"] in _SPECIAL}
    index = additive_index(
        decrements,
        constant=special.pop("constant", 0.0),
        extreme=special.pop("extreme", 0.0),
        counts=special,
        decimals=max(len(row.cells["value"].partition(".")[2]) for row in table.rows),
    )
    return ValueSet(
        id=table.path.stem,
        instrument=table.need("instrument"),
        label=table.need("label"),
        source=table.need("source"),
        verified=table.need("verified") == "true",
        items=tuple(decrements),
        index=index,
    )


def _crosswalk(table: Table) -> ValueSet:
    target = value_set(table.need("target"))
    if not isinstance(target, ValueSet):
        raise wrong(table.path.name, 1, f"target: {target.id} is a price list")
    levels = dict(zip(target.items, target.index.shape, strict=True))
    return ValueSet(
        id=table.path.stem,
        instrument=table.need("instrument"),
        label=table.need("label"),
        source=table.need("source"),
        verified=table.need("verified") == "true" and target.verified,
        items=target.items,
        index=crosswalk_index(_chances(read_table(CROSSWALKS / f"{table.need('chances')}.csv"), levels), target.index),
    )


def _decrements(rows: Sequence[Row]) -> dict[str, list[float]]:
    """Decrements per item; level 1 is zero."""
    decrements: dict[str, list[float]] = {}
    for row in rows:
        if row.cells["term"] in _SPECIAL:
            continue
        levels = decrements.setdefault(row.cells["term"], [0.0])
        if row.level() != len(levels) + 1:
            raise wrong(row.file, row.line, f"expected level {len(levels) + 1} of {row.cells['term']}")
        levels.append(row.number("value"))
    return decrements


def _chances(table: Table, levels: Mapping[str, int]) -> dict[str, list[list[float]]]:
    """Per item, per level of the longer version, the chance of each level of the shorter one."""
    chances: dict[str, list[list[float]]] = defaultdict(list)
    for row in table.filled():
        item = row.cells["item"]
        if row.level() != len(chances[item]) + 1:
            raise wrong(row.file, row.line, f"expected level {len(chances[item]) + 1} of {item}")
        spread = [0.0] * levels[item]
        spread[row.level("to") - 1] += row.number("chance")
        spread[row.level("otherwise") - 1] += 1.0 - row.number("chance")
        chances[item].append(spread)
    return {item: chances[item] for item in levels}

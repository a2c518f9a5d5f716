"""Reads value sets and price lists: one CSV each, `# key: value` lines on top, then a header and rows.

`kind` says what it is: `additive` (decrements per item and level), `crosswalk` (chances of the level of a shorter
version, and that version's decrements), or `prices` (unit prices by code).
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pro_service.domain.errors import InvalidInstrument, Problem, UnknownValueSet
from pro_service.domain.value_sets import PriceList, Tariff, ValueSet, additive_index, crosswalk_index

TABLES = Path(__file__).parent / "tables"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: its cells by column name, and where it stands."""

    file: str
    line: int
    cells: Mapping[str, str]

    def number(self, column: str) -> float:
        """The number in a cell."""
        try:
            return float(self.cells[column])
        except ValueError:
            raise wrong(self.file, self.line, f"{column}: expected a number") from None

    def level(self, column: str = "level") -> int:
        """The level in a cell, from 1."""
        if self.cells[column].isdigit() and int(self.cells[column]) > 0:
            return int(self.cells[column])
        raise wrong(self.file, self.line, f"{column}: expected a level from 1")


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
    about, rows = _table(path)
    kind = _need(about, "kind", path)
    if kind == "prices":
        return PriceList(
            id=path.stem,
            instruments=tuple(_need(about, "instruments", path).split()),
            label=_need(about, "label", path),
            source=_need(about, "source", path),
            verified=_need(about, "verified", path) == "true",
            currency=_need(about, "currency", path),
            year=int(_need(about, "year", path)),
            prices={row.cells["code"]: row.number("price") for row in rows},
        )
    decrements, special, decimals = _decrements([row for row in rows if not row.cells["term"].startswith("chance ")])
    index = additive_index(
        decrements, constant=special.get("constant", 0.0), extreme=special.get("extreme", 0.0), decimals=decimals
    )
    if kind == "crosswalk":
        index = crosswalk_index(_chances(rows, {item: len(levels) for item, levels in decrements.items()}), index)
    elif kind != "additive":
        raise wrong(path.name, 1, "kind: expected additive, crosswalk or prices")
    return ValueSet(
        id=path.stem,
        instrument=_need(about, "instrument", path),
        label=_need(about, "label", path),
        source=_need(about, "source", path),
        verified=_need(about, "verified", path) == "true",
        items=tuple(decrements),
        index=index,
    )


def wrong(file: str, line: int, message: str) -> InvalidInstrument:
    """The error for one mistake in a table."""
    return InvalidInstrument(f"{file} cannot be used", problems=[Problem(message, file=file, line=line)])


def _table(path: Path) -> tuple[dict[str, str], list[Row]]:
    about: dict[str, str] = {}
    body: list[tuple[int, str]] = []
    for line, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if text.startswith("#"):
            key, _, value = text[1:].partition(":")
            about.setdefault(key.strip(), value.strip())
        elif text.strip():
            body.append((line, text))
    if not body:
        raise wrong(path.name, 1, "no rows")
    header = next(csv.reader([body[0][1]]))
    rows = []
    for line, text in body[1:]:
        cells = next(csv.reader([text]))
        if len(cells) != len(header):
            raise wrong(path.name, line, f"expected {len(header)} cells: {', '.join(header)}")
        rows.append(Row(path.name, line, dict(zip(header, cells, strict=True))))
    return about, rows


def _need(about: Mapping[str, str], key: str, path: Path) -> str:
    if not about.get(key):
        raise wrong(path.name, 1, f"expected a line '# {key}: ...'")
    return about[key]


def _decrements(rows: list[Row]) -> tuple[dict[str, list[float]], dict[str, float], int]:
    """Decrements per item (level 1 is zero), the special terms, and the decimals the table is written with."""
    decrements: dict[str, list[float]] = {}
    special: dict[str, float] = {}
    for row in rows:
        if row.cells["term"] in {"constant", "extreme"}:
            special[row.cells["term"]] = row.number("value")
            continue
        levels = decrements.setdefault(row.cells["term"], [0.0])
        if row.level() != len(levels) + 1:
            raise wrong(row.file, row.line, f"expected level {len(levels) + 1} of {row.cells['term']}")
        levels.append(row.number("value"))
    decimals = max(len(row.cells["value"].partition(".")[2]) for row in rows)
    return decrements, special, decimals


def _chances(rows: list[Row], levels: Mapping[str, int]) -> dict[str, list[list[float]]]:
    """Per item, per level of the longer version, the chance of each level of the shorter one."""
    chances: dict[str, list[list[float]]] = defaultdict(list)
    for row in rows:
        item = row.cells["term"].removeprefix("chance ")
        if item == row.cells["term"]:
            continue
        if row.level() != len(chances[item]) + 1:
            raise wrong(row.file, row.line, f"expected level {len(chances[item]) + 1} of {item}")
        spread = [0.0] * levels[item]
        spread[row.level("to") - 1] += row.number("value")
        spread[row.level("otherwise") - 1] += 1.0 - row.number("value")
        chances[item].append(spread)
    return {item: chances[item] for item in levels}

"""Reads item banks: one table each, a row per item with its discrimination and the thresholds between its answers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pro_service.instruments.rows import read_table, wrong

CALIBRATIONS = Path(__file__).parent / "calibrations"


def bank_ids() -> tuple[str, ...]:
    """The ids of every item bank that ships."""
    return tuple(sorted(path.stem for path in CALIBRATIONS.glob("*.csv")))


@cache
def bank(id: str) -> Mapping[str, tuple[float, ...]]:
    """Per item of a bank its discrimination, then its thresholds, lowest first."""
    return read_bank(CALIBRATIONS / f"{id}.csv")


def read_bank(path: Path) -> Mapping[str, tuple[float, ...]]:
    """The bank in a file. Raises InvalidInstrument with file and line."""
    items: dict[str, tuple[float, ...]] = {}
    for row in read_table(path).filled():
        discrimination, *thresholds = (row.number(column) for column in row.cells if column != "item")
        if discrimination <= 0 or thresholds != sorted(set(thresholds)):
            raise wrong(row.file, row.line, "expected a discrimination above 0 and thresholds that rise")
        items[row.cells["item"]] = (discrimination, *thresholds)
    return items

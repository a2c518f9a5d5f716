"""From the columns of a table to the columns scoring wants: texts become numbers, `na` becomes not applicable."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types
from numpy.typing import NDArray

from pro_service.domain.errors import InvalidTable
from pro_service.domain.instruments import DECLINED, NA, Instrument, Item
from pro_service.domain.scoring import Forms, scored_items
from pro_service.domain.scoring_block import Bools, Floats

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


def forms_of(instrument: Instrument, batch: pa.RecordBatch, *, comma: bool = False) -> tuple[Forms, Counter[str]]:
    """The forms in a batch, and per item how many cells were neither a number nor a word that the item allows."""
    values: dict[str, Floats] = {}
    na: dict[str, Bools] = {}
    refused: Counter[str] = Counter()
    for item in scored_items(instrument):
        cells = batch.column(batch.schema.names.index(item.code))
        if _is_text(cells.type):
            values[item.code], not_applicable, refused[item.code] = _texts(item, cells, comma)
            if item.allows_na:
                na[item.code] = not_applicable
        else:
            values[item.code] = _numbers(item.code, cells)
    return Forms(values, na), +refused


def numbers_of(name: str, cells: pa.Array, *, blank: Collection[str], comma: bool = False) -> tuple[Floats, Bools]:
    """A column of numbers, NaN where a cell is blank, and which cells are no number though they are not blank.

    `blank` has the texts that stand for a blank cell besides the empty one.
    """
    if not _is_text(cells.type):
        column = _numbers(name, cells)
        return column, np.isinf(column)
    words, entry = _words(cells)
    readings = np.array([_number(word, comma) for word in words])
    empty = np.array([not word or word in blank for word in words])
    return readings[entry], (~np.isfinite(readings) & ~empty)[entry]


def _is_text(kind: pa.DataType) -> bool:
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(inner) or pa.types.is_large_string(inner) or pa.types.is_string_view(inner))


def _texts(item: Item, cells: pa.Array, comma: bool) -> tuple[Floats, Bools, int]:
    """Read each different text once: a questionnaire's column holds few, however long it is."""
    words, entry = _words(cells)
    readings = np.array([_number(word, comma) for word in words])
    not_applicable = np.array([item.allows_na and word == NA for word in words])
    blank = np.array([not word or (item.skippable and word == DECLINED) for word in words])
    refused = np.isnan(readings) & ~not_applicable & ~blank
    return readings[entry], not_applicable[entry], int(np.count_nonzero(refused[entry]))


def _words(cells: pa.Array) -> tuple[list[str], NDArray[np.intp]]:
    """The different texts of a column without blanks around them, and for each cell the place of its own."""
    encoded = cells if pa.types.is_dictionary(cells.type) else cells.dictionary_encode()
    texts: Sequence[str | None] = [*encoded.dictionary.to_pylist(), None]  # the last entry stands for null
    return [(text or "").strip() for text in texts], encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)


def _number(word: str, comma: bool) -> float:
    plain = word.replace(",", ".") if comma else word
    return float(plain) if _NUMBER.fullmatch(plain) else np.nan


def _numbers(name: str, cells: pa.Array) -> Floats:
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    kind = cells.type
    if not (pa.types.is_null(kind) or pa.types.is_boolean(kind) or _is_number(kind)):
        raise InvalidTable(f"column {name} holds {kind}, expected numbers")
    column: Floats = cells.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return column


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))

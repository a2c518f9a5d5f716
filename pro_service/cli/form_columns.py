"""From the columns of a table to the columns scoring wants: texts become numbers, `na` becomes not applicable."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types
from numpy.typing import NDArray

from pro_service.domain.errors import InvalidTable
from pro_service.domain.instruments import DECLINED, NA, Instrument, Item
from pro_service.domain.scoring import Forms, scored_items
from pro_service.domain.scoring_block import Bools, Floats

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Refused:
    """Per item how many cells were neither a number nor a word that the item allows; numbers with a comma apart."""

    words: Counter[str] = field(default_factory=Counter)
    commas: Counter[str] = field(default_factory=Counter)


def check_kinds(instrument: Instrument, schema: pa.Schema) -> None:
    """Every item's column holds texts or numbers; truth values are answers to yes and no alone. Raises InvalidTable."""
    for item in scored_items(instrument):
        kind = schema.field(item.code).type
        inner = kind.value_type if pa.types.is_dictionary(kind) else kind
        truth = pa.types.is_boolean(inner) and item.kind == "yes_no"
        if not (_is_text(kind) or pa.types.is_null(inner) or truth or _is_number(inner)):
            raise InvalidTable(f"column {item.code} holds {kind}, expected numbers")


def forms_of(instrument: Instrument, batch: pa.RecordBatch, *, comma: bool = False) -> tuple[Forms, Refused]:
    """The forms in a batch, and what was refused of them. `comma` says that 3,5 is a number."""
    values: dict[str, Floats] = {}
    na: dict[str, Bools] = {}
    refused = Refused()
    for item in scored_items(instrument):
        cells = batch.column(batch.schema.names.index(item.code))
        if _is_text(cells.type):
            values[item.code], not_applicable = _texts(item, cells, refused, comma=comma)
            if item.allows_na:
                na[item.code] = not_applicable
        else:
            values[item.code] = _numbers(item.code, cells)
    return Forms(values, na), refused


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


def _texts(item: Item, cells: pa.Array, refused: Refused, *, comma: bool) -> tuple[Floats, Bools]:
    """Read each different text once: a questionnaire's column holds few, however long it is."""
    words, entry = _words(cells)
    readings = np.array([_number(word, comma) for word in words])
    not_applicable = np.array([item.allows_na and word == NA for word in words])
    blank = np.array([not word or (item.skippable and word == DECLINED) for word in words])
    odd = np.isnan(readings) & ~not_applicable & ~blank
    if odd.any():
        commas = np.array([_COMMA.fullmatch(word) is not None for word in words])
        for counter, which in ((refused.commas, odd & commas), (refused.words, odd & ~commas)):
            if found := int(np.count_nonzero(which[entry])):
                counter[item.code] += found
    return readings[entry], not_applicable[entry]


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

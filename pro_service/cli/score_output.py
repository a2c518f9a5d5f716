"""From scores to the table that is written: the carried columns first, then a column per scale."""

from __future__ import annotations

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types
from numpy.typing import NDArray

from pro_service.domain.instruments import Instrument
from pro_service.domain.scoring import Scores
from pro_service.domain.scoring_block import Bools
from pro_service.domain.scoring_methods import METHODS

_COUNTS = frozenset({"count_answered", "count_na"})
_ASCII = 127


def schema_of(instrument: Instrument, schema: pa.Schema, carried: list[int]) -> pa.Schema:
    """The columns that are written."""
    kinds = [
        (scale.code, pa.string() if METHODS[scale.method].is_text else pa.float64()) for scale in instrument.scales
    ]
    return pa.schema([*(schema.field(position) for position in carried), *kinds])


def output_of(
    instrument: Instrument, batch: pa.RecordBatch, carried: list[int], scores: Scores
) -> tuple[pa.RecordBatch, Bools]:
    """The carried columns and the scores, and which forms have no score at all."""
    blank = np.ones(batch.num_rows, dtype=np.bool_)
    columns = [batch.column(position) for position in carried]
    for scale in instrument.scales:
        values = scores.values[scale.code]
        if values.dtype.kind == "U":
            column, absent = _texts(values.astype(np.str_, copy=False))
        else:
            absent = np.isnan(values)
            column = pa.array(values, type=pa.float64(), mask=absent)
        if scale.method not in _COUNTS:  # how many items were answered can be told of any form
            blank &= absent
        columns.append(column)
    return pa.record_batch(columns, schema=schema_of(instrument, batch.schema, carried)), blank


def _texts(values: NDArray[np.str_]) -> tuple[pa.Array, Bools]:
    """A column of texts, null where empty: plain letters are laid out as Arrow has them, ten times as fast."""
    letters = np.ascontiguousarray(values).view(np.uint32).reshape(len(values), values.dtype.itemsize // 4)
    lengths = np.count_nonzero(letters, axis=1)
    absent = lengths == 0
    if letters.size and letters.max() > _ASCII:
        return pa.array(values, type=pa.string(), mask=absent), absent
    ends = np.zeros(len(values) + 1, dtype=np.int32)
    np.cumsum(lengths, out=ends[1:])
    octets = letters.astype(np.uint8)
    validity = np.packbits(~absent, bitorder="little")
    buffers = [pa.py_buffer(validity), pa.py_buffer(ends), pa.py_buffer(octets[octets != 0])]
    return pa.Array.from_buffers(pa.string(), len(values), buffers, int(np.count_nonzero(absent))), absent

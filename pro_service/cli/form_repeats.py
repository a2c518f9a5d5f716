"""How many rows of a table bear the same carried columns as an earlier one: an id given twice, a visit sent twice.

Each row leaves eight bytes, a hash of its carried cells, until the last has been seen; more rows than MOST are not
looked at, so that memory stays bounded.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types
from numpy.typing import NDArray

MOST = 1 << 21
"""Rows that are looked at."""

Hashes = NDArray[np.uint64]

# two odd numbers without a pattern: nobody gains by making two rows look alike
_BASE = 0xD6E8FEB86659FD93
_INVERSE = pow(_BASE, -1, 1 << 64)
_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(slots=True)
class Repeats:
    """The rows seen so far; `usable` until a column comes that cannot be compared."""

    rows: int = 0
    usable: bool = True
    hashes: list[Hashes] = field(default_factory=list)
    powers: Hashes = field(default_factory=lambda: np.ones(1, dtype=np.uint64))
    inverses: Hashes = field(default_factory=lambda: np.ones(1, dtype=np.uint64))

    def look(self, columns: list[pa.Array]) -> None:
        """Look at the carried columns of some rows."""
        if not columns or not self.usable or self.rows >= MOST:
            return
        hashed = [self._hashed(column) for column in columns]
        total = np.zeros(len(columns[0]), dtype=np.uint64)
        for each in hashed:
            if each is None:
                self.usable = False
                return
            total = (total ^ (total >> np.uint64(29)) ^ each) * _MIX
        self.hashes.append(total)
        self.rows += len(total)

    def count(self) -> int:
        """How many rows are the same as an earlier one."""
        if not self.usable or not self.hashes:
            return 0
        every = np.concatenate(self.hashes)
        every.sort()
        return int(np.count_nonzero(every[1:] == every[:-1]))

    def _hashed(self, column: pa.Array) -> Hashes | None:
        kind = column.type
        if pa.types.is_dictionary(kind):
            entries = self._hashed(column.dictionary)
            places = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)
            return None if entries is None else np.append(entries, np.uint64(0))[places]
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            return self._texts(column.cast(pa.large_string()))
        if pa.types.is_integer(kind) or pa.types.is_floating(kind):
            numbers = np.ascontiguousarray(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False))
            return numbers.view(np.uint64) * _MIX
        return None

    def _texts(self, column: pa.Array) -> Hashes:
        """Each byte times a power of one odd number by its place in the column, added up; then as if it began there."""
        column = column.fill_null("\x00")
        _, offset_buffer, data = column.buffers()
        ends = np.frombuffer(offset_buffer, dtype=np.int64)[column.offset : column.offset + len(column) + 1]
        octets = np.frombuffer(data or b"", dtype=np.uint8)[ends[0] : ends[-1]]
        if len(octets) >= len(self.powers):
            self.powers, self.inverses = _powers(_BASE, 2 * len(octets)), _powers(_INVERSE, 2 * len(octets))
        running = np.zeros(len(octets) + 1, dtype=np.uint64)
        np.cumsum((octets + np.uint64(1)) * self.powers[: len(octets)], out=running[1:])
        starts = ends - ends[0]
        found: Hashes = np.diff(running[starts]) * self.inverses[starts[:-1]]
        return found


def _powers(base: int, number: int) -> Hashes:
    found = np.full(number, base, dtype=np.uint64)
    found[0] = 1
    return np.cumprod(found, dtype=np.uint64)

"""The square that a phone's camera reads (QR code, ISO/IEC 18004), as the places of its dark parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import segno

BORDER = 4
"""How many cells around it stay light, as the standard has it."""


@dataclass(frozen=True, slots=True)
class Square:
    """A square of `size` by `size` cells with its light border; `bars` are its dark ones: column, row and length."""

    size: int
    bars: tuple[tuple[int, int, int], ...]

    @property
    def path(self) -> str:
        """The dark parts as an SVG path has them."""
        return "".join(f"M{column} {row}h{length}v1h-{length}z" for column, row, length in self.bars)


def square(text: str) -> Square:
    """The square that says this text; a seventh of it at least may be dirty, folded or torn."""
    rows = segno.make_qr(text, error="m").matrix
    return Square(len(rows) + 2 * BORDER, tuple(_bars(rows)))


def _bars(rows: Sequence[Sequence[int]]) -> Iterator[tuple[int, int, int]]:
    for number, row in enumerate(rows, start=BORDER):
        column = BORDER
        for dark, run in groupby(row):
            length = len(list(run))
            if dark:
                yield column, number, length
            column += length

"""Opens a file of forms as UTF-8: gzip is unpacked and UTF-16 is turned into UTF-8 as it is read, piece by piece.

What a file is, its first bytes tell. One that is no text at all is refused with the remedy.
"""

from __future__ import annotations

import codecs
import gzip
import io
from typing import BinaryIO, cast

from pro_service.domain.errors import InvalidTable

PIECE = 1 << 20

_GZIP = b"\x1f\x8b"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_NO_TEXT = {
    b"PK\x03\x04": "is a workbook or an archive, whatever its name: save the sheet as CSV in UTF-8",
    b"\xd0\xcf\x11\xe0": "is an old workbook, whatever its name: save the sheet as CSV in UTF-8",
    b"PAR1": "is a Parquet file: give it a name that ends in .parquet",
    b"$FL2": "is an SPSS file: save it as CSV in UTF-8",
}


def as_text(stream: BinaryIO, name: str) -> BinaryIO:
    """The stream itself where it is plain, or what reads it as UTF-8. InvalidTable where it is no text."""
    peeked = stream if isinstance(stream, io.BufferedReader | gzip.GzipFile) else _buffered(stream)
    start = peeked.peek(4)[:4]
    for magic, remedy in _NO_TEXT.items():
        if start.startswith(magic):
            raise InvalidTable(f"{name} {remedy}")
    if start.startswith(_GZIP):
        return as_text(cast(BinaryIO, gzip.GzipFile(fileobj=peeked)), name)
    if start[:2] in _UTF16:
        return io.BufferedReader(_Recoded(peeked), PIECE)
    return cast(BinaryIO, peeked)


def _buffered(stream: BinaryIO) -> io.BufferedReader:
    return io.BufferedReader(cast(io.RawIOBase, stream))


class _Recoded(io.RawIOBase):
    """Reads UTF-16 and gives UTF-8, without the byte-order mark."""

    def __init__(self, stream: io.BufferedReader | gzip.GzipFile) -> None:
        self._stream, self._left, self._ended = stream, b"", False
        self._decoder = codecs.getincrementaldecoder("utf-16")()

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # it has a protocol of its own
        """Fill as much of the buffer as there is text for."""
        while not self._left and not self._ended:
            octets = self._stream.read(len(buffer) // 2 + 1)
            self._ended = not octets
            self._left = self._decoder.decode(octets, final=self._ended).encode()
        taken = min(len(buffer), len(self._left))
        buffer[:taken], self._left = self._left[:taken], self._left[taken:]
        return taken

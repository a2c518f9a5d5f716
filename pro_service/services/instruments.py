"""Questionnaires of a study's own: keep a definition for good, and find it beside those that ship."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from pro_service.domain.audit import AuditEvent
from pro_service.domain.errors import Conflict
from pro_service.domain.instruments import Instrument
from pro_service.domain.roles import require
from pro_service.instruments import reader
from pro_service.instruments.tariffs import check_tariffs
from pro_service.services.work import Work
from pro_service.storage import instruments
from pro_service.storage.session import Session

_parsed: dict[str, Instrument] = {}
"""Definitions by the SHA-256 of their text: parsed once per process. A text never changes under its own hash."""


class Catalogue(Mapping[str, Instrument]):
    """What ships, and what studies brought along: the database is asked only for a code that does not ship."""

    def __init__(self, shipped: Mapping[str, Instrument], session: Session) -> None:
        self._shipped = shipped
        self._session = session
        self._own: dict[str, Instrument] = {}

    def __getitem__(self, code: str) -> Instrument:
        if code in self._shipped:
            return self._shipped[code]
        if code not in self._own:
            found = instruments.document(self._session, code)
            if found is None:
                raise KeyError(code)
            self._own[code] = _instrument(*found, file=code)
        return self._own[code]

    def __iter__(self) -> Iterator[str]:
        yield from self._shipped
        yield from (code for code in instruments.codes(self._session) if code not in self._shipped)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def ships(self, code: str) -> bool:
        """Does this one come with the service?"""
        return code in self._shipped


def load(work: Work, *, document: str, file: str) -> Instrument:
    """Keep a definition; the same bytes again change nothing.

    Raises InvalidInstrument with every problem of the file, Conflict where the code is taken by one that ships or by
    other words: answers and scores point at a definition, so it never changes.
    """
    require(work.actor, "studies.load")
    sha256 = hashlib.sha256(document.encode()).hexdigest()
    instrument = _instrument(document, sha256, file=file)
    check_tariffs(instrument)
    if isinstance(work.catalogue, Catalogue) and work.catalogue.ships(instrument.code):
        raise Conflict(f"{file}: {instrument.code} ships with the service; give yours another code")
    known = instruments.document(work.session, instrument.code)
    if known is None:
        version = instrument.version
        added = instruments.add(
            work.session, code=instrument.code, version=version, document=document, sha256=sha256, at=work.now
        )
        changes = {"code": (None, instrument.code), "version": (None, version), "sha256": (None, sha256)}
        work.record(AuditEvent("instrument.load", "instrument", added, changes))
    elif known[1] != sha256:
        raise Conflict(
            f"{file}: {instrument.code} is loaded with other words and a definition never changes; "
            f"give the new one another code, such as {instrument.code}-2"
        )
    return instrument


def _instrument(document: str, sha256: str, *, file: str) -> Instrument:
    if sha256 not in _parsed:
        _parsed[sha256] = reader.read(document, file=file)
    return _parsed[sha256]

"""Wording packs as they were loaded. One is never changed or deleted (database trigger): the newest of a key counts.

A process reads what is there at most every few seconds, and a pack's words once: saving answers asks the database for
neither, and a pack that was just loaded is used everywhere within that time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Column, Date, Table, Text, insert, select

from pro_service.domain.instruments import Instrument
from pro_service.domain.wording import Pack, from_document, worded
from pro_service.storage.metadata import Id, Instant, metadata, new_id
from pro_service.storage.session import Session

FRESH = timedelta(seconds=5)

wording_pack = Table(
    "wording_pack",
    metadata,
    Column("id", Id, primary_key=True, default=new_id),
    Column("instrument", Text, nullable=False),
    Column("instrument_version", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("licence", Text, nullable=False),
    Column("expires_on", Date),  # the licence's last day; null: it does not end
    Column("document", Text, nullable=False),  # the words in their one canonical form
    Column("sha256", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
)

Key = tuple[str, str, str]
"""Code of a questionnaire, version of its definition, language."""


def add(session: Session, pack: Pack, *, at: datetime) -> UUID:
    """Keep a pack; from now on it is the one of its key."""
    added = new_id()
    values = {
        "instrument": pack.instrument,
        "instrument_version": pack.version,
        "language": pack.language,
        "owner": pack.owner,
        "licence": pack.licence,
        "expires_on": pack.expires_on,
        "document": pack.document,
        "sha256": pack.sha256,
        "created_at": at,
    }
    session.execute(insert(wording_pack).values(id=added, **values))
    return added


def current(session: Session) -> Mapping[Key, UUID]:
    """The id of the newest pack of each key: their order in time is that of their ids."""
    columns = wording_pack.c
    query = select(columns.instrument, columns.instrument_version, columns.language, columns.id).order_by(columns.id)
    return {(code, version, language): id_ for code, version, language, id_ in session.execute(query)}


def by_ids(session: Session, ids: list[UUID]) -> dict[UUID, Pack]:
    """The packs of these ids."""
    columns = wording_pack.c
    query = select(columns.id, columns.document, columns.owner, columns.licence, columns.expires_on)
    return {
        row.id: from_document(row.document, owner=row.owner, licence=row.licence, expires_on=row.expires_on)
        for row in session.execute(query.where(columns.id.in_(ids)))
    }


class Wordings:
    """The packs as one process knows them, and the questionnaires in their words."""

    def __init__(self) -> None:
        self._read_at: datetime | None = None
        self._packs: dict[UUID, Pack] = {}
        self._found: Mapping[tuple[str, str], Mapping[str, Pack]] = {}
        self._worded: dict[tuple[str, str], tuple[Instrument, Mapping[str, Pack], Instrument]] = {}

    def known(self, session: Session, now: datetime) -> Mapping[tuple[str, str], Mapping[str, Pack]]:
        """The newest packs by code and version, and then by language; read anew where that was a while ago."""
        if self._read_at is None or not timedelta(0) <= now - self._read_at < FRESH:
            self.read(session, now)
        return self._found

    def read(self, session: Session, now: datetime) -> Mapping[tuple[str, str], Mapping[str, Pack]]:
        """Read now what is there; only words that this process has not met are fetched."""
        newest = current(session)
        unmet = [id_ for id_ in newest.values() if id_ not in self._packs]
        packs = {**self._packs, **(by_ids(session, unmet) if unmet else {})}
        found: dict[tuple[str, str], dict[str, Pack]] = {}
        for (code, version, language), id_ in newest.items():
            found.setdefault((code, version), {})[language] = packs[id_]
        self._packs = {id_: packs[id_] for id_ in newest.values()}
        self._found, self._read_at = found, now
        return found

    def forget(self) -> None:
        """Read anew the next time: something was loaded."""
        self._read_at = None

    def shown(self, session: Session, instrument: Instrument, now: datetime) -> Instrument:
        """The questionnaire in the words that may be shown today; always the same object while nothing changes."""
        loaded = self.known(session, now).get((instrument.code, instrument.version))
        if not loaded:
            return instrument
        on = now.date()
        valid = {language: pack for language, pack in loaded.items() if pack.valid(on)}
        key = (instrument.code, instrument.version)
        kept = self._worded.get(key)
        if kept is None or kept[0] is not instrument or kept[1] != valid:
            kept = self._worded[key] = (instrument, valid, worded(instrument, valid))
        return kept[2]

"""Wording: load the licensed words of a questionnaire, show it in them, and know what is lacking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from pro_service.domain.audit import AuditEvent
from pro_service.domain.errors import InvalidWording, Problem, UnknownInstrument
from pro_service.domain.instruments import Instrument
from pro_service.domain.protocol import Study
from pro_service.domain.roles import require
from pro_service.domain.wording import Entry, Pack, assembled, check, told
from pro_service.services.work import Work
from pro_service.storage import wordings


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with the words of one questionnaire in one language; no pack where none was loaded.

    A pack is incomplete where its definition has since got a place for words that are not in it: `lacks` names the
    items. It is shown as it is, without them.
    """

    instrument: str
    version: str
    language: str
    state: str  # licensed, own (the definition's), placeholder, expired, incomplete
    pack: Pack | None
    lacks: tuple[str, ...] = ()


def shown(work: Work, instrument: Instrument) -> Instrument:
    """The questionnaire in the words of the packs that may be shown today. Asks no permission: a form stands on it."""
    return work.wordings.shown(work.session, instrument, work.now)


NOTHING: Mapping[str, str] = {}


def read(
    work: Work, *, texts: Sequence[Entry], file: str = "pack", language: str = "", about: Mapping[str, str] = NOTHING
) -> Pack:
    """A pack from its texts (see `instruments.wording.entries`), held against its definition; keeps nothing.

    `language` is that which they should be in; `about` says what they do not, or says otherwise, of the pack as a
    whole. Raises InvalidWording with everything that is wrong, each with its line or row of `file`, and
    UnknownInstrument.
    """
    require(work.actor, "studies.load")
    pack = _held(work, told(texts, about), file)
    if language and pack.language != language:
        problem = Problem(f"expected {language}, as you said", "language", file, 1)
        raise InvalidWording(f"{file} is in another language", problems=[problem])
    return pack


def _held(work: Work, texts: Sequence[Entry], file: str) -> Pack:
    """The pack that these texts make, held against its definition."""
    pack = assembled(texts, file=file)
    instrument = work.catalogue.get(pack.instrument)
    if instrument is None:
        raise UnknownInstrument(f"{file}: no instrument '{pack.instrument}' in the catalogue")
    problems = check(pack, instrument, file=file)
    if problems:
        name = f"{instrument.code} {instrument.version}"
        raise InvalidWording(f"{file} departs from {name}", problems=sorted(problems, key=lambda one: one.line))
    return pack


def load(
    work: Work, *, texts: Sequence[Entry], file: str = "pack", language: str = "", about: Mapping[str, str] = NOTHING
) -> Pack:
    """Keep a pack, which is shown from now on in place of the one before; the same again changes nothing.

    Raises what `read` raises.
    """
    return _kept(work, read(work, texts=texts, file=file, language=language, about=about))


def _kept(work: Work, pack: Pack) -> Pack:
    before = work.wordings.read(work.session, work.now).get((pack.instrument, pack.version), {}).get(pack.language)
    if before == pack:
        return pack
    added = wordings.add(work.session, pack, at=work.now)
    work.wordings.forget()
    changes: dict[str, tuple[object, object]] = {
        name: (getattr(before, name, None), getattr(pack, name))
        for name in ("instrument", "version", "language", "sha256", "owner", "licence", "expires_on")
    }
    work.record(AuditEvent("wording.load", "wording_pack", added, changes))
    return pack


def standings(work: Work, study: Study) -> tuple[Standing, ...]:
    """How it stands with the words of everything a protocol asks, in each of its languages; read afresh."""
    packs = work.wordings.read(work.session, work.now)
    return tuple(
        _standing(
            instrument, language, packs.get((instrument.code, instrument.version), {}).get(language), work.now.date()
        )
        for instrument in (work.catalogue[code] for code in study.instruments)
        for language in study.languages
    )


def lacking(work: Work, study: Study, *, incomplete: bool = False) -> tuple[str, ...]:
    """What real participants of a study may not be shown, such as "qlq-c30 (en, nl expired on 2026-01-31)".

    Packs that are `incomplete` count as well where somebody is about to begin: what is under way goes on with them.
    """
    found: dict[str, list[str]] = {}
    for one in standings(work, study):
        if one.state == "placeholder":
            found.setdefault(one.instrument, []).append(one.language)
        elif one.state == "expired" and one.pack is not None:
            found.setdefault(one.instrument, []).append(f"{one.language} expired on {one.pack.expires_on}")
        elif one.state == "incomplete" and incomplete:
            found.setdefault(one.instrument, []).append(f"{one.language} lacks words at {', '.join(one.lacks)}")
    return tuple(f"{code} ({', '.join(languages)})" for code, languages in found.items())


def _standing(instrument: Instrument, language: str, pack: Pack | None, on: date) -> Standing:
    lacks = () if pack is None else tuple(problem.field for problem in check(pack, instrument, file=""))
    if pack is not None and pack.valid(on):
        state = "incomplete" if lacks else "licensed"
    elif not instrument.placeholder_wording and language in instrument.title:
        state = "own"
    else:
        state = "placeholder" if pack is None else "expired"
    return Standing(instrument.code, instrument.version, language, state, pack, lacks)

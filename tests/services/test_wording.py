"""Wording packs in an installation: loaded, shown, on record with each answer, and asked for before it is real."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, Executable, delete, func, select, update

from pro_service.domain.assessments import Assessment
from pro_service.domain.audit import Actor, AuditEvent
from pro_service.domain.errors import (
    Conflict,
    Forbidden,
    InvalidSetting,
    InvalidWording,
    PlaceholderWording,
    UnknownInstrument,
    UnknownStudy,
)
from pro_service.domain.instruments import Instrument, ends
from pro_service.domain.participants import Participant
from pro_service.domain.protocol import Study
from pro_service.domain.responses import Draft
from pro_service.domain.wording import Choice, Pack, Question
from pro_service.instruments import load_catalogue
from pro_service.instruments.wording import entries
from pro_service.runtime import Runtime, require_wording
from pro_service.services import assessments, health, licences, responses, studies, wording
from pro_service.services.health import Check
from pro_service.services.work import Work
from pro_service.storage import wordings
from pro_service.storage.audit import audit_event
from pro_service.storage.responses import response
from pro_service.storage.session import unit_of_work
from pro_service.storage.wordings import FRESH, Wordings, wording_pack
from pro_service.studies.reader import shipped
from tests.support import people
from tests.support.clock import Clock

Works = Callable[..., AbstractContextManager[Work]]
EQ = "eq-5d-5l"


def invented(instrument: Instrument, language: str, *, until: date | None = None, mark: str = "") -> Pack:
    """Words for a questionnaire that nobody would take for real ones."""
    questions = tuple(
        Question(
            item.code,
            f"Invented {item.code} {language}{mark}",
            recall="invented recall" if item.recall else "",
            low_end="invented low end" if item.low_end else "",
            high_end="invented high end" if item.high_end else "",
            options=tuple(Choice(option.code, f"Invented answer {option.code}") for option in item.options),
        )
        for item in instrument.items
    )
    recall = "invented recall" if instrument.recall else ""
    about = (instrument.code, instrument.version, language, f"Invented {instrument.code}", recall)
    return Pack(*about, owner="Nobody", licence="2026-01", expires_on=until, items=questions)


def as_csv(pack: Pack) -> bytes:
    """The file such a pack comes in."""
    about = {name: getattr(pack, name) for name in ("instrument", "version", "language", "title", "owner", "licence")}
    lines = ["what,item,option,text", *(f"{name},,,{text}" for name, text in about.items())]
    lines += [f"recall,,,{pack.recall}"] if pack.recall else []
    lines.append(f"expires_on,,,{pack.expires_on or 'never'}")
    for one in pack.items:
        lines.append(f"item,{one.code},,{one.text}")
        lines += [f"item_recall,{one.code},,{one.recall}"] if one.recall else []
        lines += [f"low_end,{one.code},,{one.low_end}", f"high_end,{one.code},,{one.high_end}"] if one.low_end else []
        lines += [f"option,{one.code},{option.code},{option.label}" for option in one.options]
    return "\n".join(lines).encode()


def load(work: Works, pack: Pack, actor: Actor = people.everything, *, file: str = "pack.csv") -> Pack:
    with work(actor) as w:
        return wording.load(w, texts=entries(as_csv(pack), file=file), file=file)


def eq(language: str = "en", **more: Any) -> Pack:
    return invented(load_catalogue()[EQ], language, **more)


def kept(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(wording_pack)).scalar_one()


def baseline(work: Works, person: Participant) -> Assessment:
    with work(people.patient(person.id), writes=False) as w:
        return assessments.listing(w, participant_id=person.id)[0].assessment


def part(work: Works, person: Participant) -> Instrument:
    one = baseline(work, person)
    with work(people.patient(person.id), writes=False) as w:
        form = assessments.form(w, assessment_id=one.id)
    return next(part.instrument for part in form.instruments if part.instrument.code == EQ)


def test_what_was_loaded_is_kept_once_with_one_audit_line(work: Works, engine: Engine) -> None:
    pack = load(work, eq())
    assert pack == load(work, eq()) == eq()
    renewed = load(work, eq(until=date(2027, 1, 1)))
    assert renewed.sha256 == pack.sha256
    with engine.connect() as connection:
        query = select(audit_event).where(audit_event.c.action == "wording.load").order_by(audit_event.c.id)
        first, second = connection.execute(query).all()
    assert first.changes["sha256"] == [None, pack.sha256]
    assert second.changes["expires_on"] == [None, "2027-01-01"]
    assert kept(engine) == 2


REFUSED = [
    (replace(eq(), items=eq().items[1:]), InvalidWording, r"pack.csv:1: MO: is missing: eq-5d-5l .* asks 6 items"),
    (replace(eq(), items=eq().items[::-1]), InvalidWording, "expected MO here: items keep their order"),
    (replace(eq(), instrument="nothing"), UnknownInstrument, "no instrument 'nothing' in the catalogue"),
]


@pytest.mark.parametrize(("pack", "error", "message"), REFUSED, ids=["missing", "reordered", "unknown"])
def test_a_pack_that_departs_from_the_definition_is_not_kept(
    work: Works, engine: Engine, pack: Pack, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        load(work, pack)
    assert kept(engine) == 0


def test_who_may_not_load_studies_may_load_no_words(work: Works, engine: Engine) -> None:
    with pytest.raises(Forbidden):
        load(work, eq(), people.nobody)
    assert kept(engine) == 0


@pytest.mark.parametrize("change", [update(wording_pack).values(licence="x"), delete(wording_pack)])
def test_the_database_refuses_to_change_or_forget_one(work: Works, engine: Engine, change: Executable) -> None:
    load(work, eq())
    with pytest.raises(Conflict, match="append-only"), unit_of_work(engine) as session:
        session.execute(change)


def test_a_form_shows_the_words_of_its_language_until_the_licence_ends(
    work: Works, enrolled: Callable[..., Participant], clock: Clock
) -> None:
    person = enrolled()
    assert part(work, person).wordings == {}
    clock.advance(seconds=1)
    english, dutch = load(work, eq(until=date(2026, 1, 12))), load(work, eq("nl"))
    shown = part(work, person)
    assert shown.wordings == {"en": english.sha256, "nl": dutch.sha256}
    assert shown.items[0].label == {"en": "Invented MO en", "nl": "Invented MO nl"}
    assert part(work, person) is shown
    clock.advance(days=1)
    assert part(work, person).wordings == {"nl": dutch.sha256}


def test_an_answer_carries_the_hash_of_what_was_shown(
    work: Works, enrolled: Callable[..., Participant], engine: Engine, clock: Clock
) -> None:
    def stored() -> tuple[str, str]:
        with engine.connect() as connection:
            query = select(response.c.language, response.c.wording).where(response.c.instrument == EQ)
            return tuple(connection.execute(query).one())

    person = enrolled()
    one = baseline(work, person)
    with work(people.patient(person.id)) as w:
        responses.save(w, assessment_id=one.id, instrument=EQ, answers={"MO": 1}, revision=0)
    assert stored() == ("en", "placeholder")
    dutch = load(work, eq("nl"))
    with work(people.patient(person.id)) as w:
        responses.save(w, assessment_id=one.id, instrument=EQ, answers={"SC": 1}, revision=1, language="nl")
    assert stored() == ("nl", dutch.sha256)
    english = load(work, eq())
    with work(people.patient(person.id)) as w:
        responses.submit(w, assessment_id=one.id, drafts={EQ: Draft({"UA": 1}, 2, language="en")})
    assert stored() == ("en", english.sha256)


def test_another_process_uses_a_new_pack_within_seconds(work: Works, clock: Clock) -> None:
    elsewhere = Wordings()
    with work(writes=False) as w:
        there = replace(w, wordings=elsewhere)
        assert wording.shown(there, w.catalogue[EQ]).wordings == {}
    first = load(work, eq())
    load(work, eq(mark=" again"))
    load(work, eq())
    clock.advance(seconds=FRESH.total_seconds())
    with work(writes=False) as w:
        there = replace(w, wordings=elsewhere)
        assert wording.shown(there, w.catalogue[EQ]).wordings == {"en": first.sha256}


def test_words_of_another_version_are_not_shown(work: Works) -> None:
    load(work, eq())
    with work(writes=False) as w:
        assert wording.shown(w, replace(w.catalogue[EQ], version="next")).wordings == {}


def all_packs(study: Study, **more: Any) -> list[Pack]:
    catalogue = load_catalogue()
    return [invented(catalogue[code], language, **more) for code in study.instruments for language in study.languages]


@pytest.fixture
def loaded(work: Works) -> Study:
    """SCOPES, loaded and not active."""
    text, path = shipped("scopes")
    with work() as w:
        return studies.load(w, document=text, file=str(path))


def activate(work: Works) -> None:
    with work() as w:
        studies.activate(w, code="scopes", real_participants=True)


def test_real_participants_wait_for_every_wording_in_every_language(work: Works, loaded: Study, clock: Clock) -> None:
    """Placeholders and licences that are over are both named, by questionnaire and language."""
    with pytest.raises(PlaceholderWording, match=r"in qlq-c30 \(en, nl\), eq-5d-5l \(en, nl\)"):
        activate(work)
    for pack in all_packs(loaded, until=date(2026, 1, 31)):
        load(work, pack)
    clock.set(datetime(2026, 2, 1, tzinfo=UTC))
    for pack in all_packs(loaded)[1:]:
        load(work, pack)
    with pytest.raises(PlaceholderWording, match=r"in qlq-c30 \(en expired on 2026-01-31\)$"):
        activate(work)
    load(work, all_packs(loaded)[0])
    activate(work)


def test_status_tells_of_each_study_what_it_may_show(work: Works, loaded: Study, clock: Clock) -> None:
    load(work, eq(until=date(2026, 1, 12)))
    load(work, eq("nl"))
    clock.advance(days=1)
    with work(writes=False) as w:
        found = licences.status(w)["scopes"]
        assert licences.status(w, study="scopes") == {"scopes": found}
        with pytest.raises(UnknownStudy):
            licences.status(w, study="nothing")
    assert len(found) == len(loaded.instruments) * len(loaded.languages)
    assert [(one.language, one.state) for one in found if one.instrument == EQ] == [
        ("en", "expired"),
        ("nl", "licensed"),
    ]
    assert {one.state for one in found if one.instrument != EQ} == {"placeholder"}


def without_ends(pack: Pack) -> Pack:
    return replace(pack, items=(*pack.items[:-1], replace(pack.items[-1], low_end="", high_end="")))


def test_a_pack_of_before_its_scale_had_ends_is_shown_and_told_of(work: Works, loaded: Study) -> None:
    """What is under way goes on in the owner's words alone; nothing begins for real people until it is whole."""
    packs = [pack for pack in all_packs(loaded) if (pack.instrument, pack.language) != (EQ, "nl")]
    for pack in packs:
        load(work, pack)
    with work() as w:
        wordings.add(w.session, without_ends(eq("nl")), at=w.now)
        w.wordings.forget()
        w.record(AuditEvent("wording.load", "wording_pack", loaded.code, {}))
    with work(writes=False) as w:
        (told,) = [one for one in licences.status(w)["scopes"] if one.state != "licensed"]
        assert (told.instrument, told.language, told.state, told.lacks) == (EQ, "nl", "incomplete", ("VAS",))
        scale = wording.shown(w, w.catalogue[EQ]).item("VAS")
        assert (scale.label["nl"], ends(scale, "nl")) == ("Invented VAS nl", ("", ""))
        assert ends(scale, "en") == ("invented low end", "invented high end")
        assert wording.lacking(w, loaded) == ()
    with pytest.raises(PlaceholderWording, match=r"lacking in eq-5d-5l \(nl lacks words at VAS\)$"):
        activate(work)
    load(work, eq("nl"))
    activate(work)


def test_production_starts_once_active_studies_have_their_words(runtime: Runtime, work: Works, loaded: Study) -> None:
    production = replace(
        runtime, settings=runtime.settings.model_copy(update={"env": "production", "allow_placeholders": False})
    )
    require_wording(production)  # nothing is under way
    with work() as w:
        studies.activate(w, code="scopes")
    with pytest.raises(
        InvalidSetting, match=r"^PRO_ALLOW_PLACEHOLDERS: no valid wording for scopes: qlq-c30 \(en, nl\)"
    ):
        require_wording(production)
    allowed = production.settings.model_copy(update={"allow_placeholders": True})
    require_wording(replace(production, settings=allowed))
    for pack in all_packs(loaded):
        load(work, pack)
    require_wording(production)


def test_the_doctor_tells_of_a_licence_weeks_before_it_ends(work: Works, scopes: Study) -> None:
    """On 12 January: 60 days reach to 13 March, whose end is still covered."""

    def licence() -> Check:
        with work(writes=False) as w:
            return next(check for check in health.checks(w) if check.name == "licences")

    load(work, eq(until=date(2026, 3, 13)))
    assert licence() == Check("licences", True, "none of a study under way ends within 60 days")
    load(work, eq(until=date(2026, 3, 12)))
    assert licence() == Check("licences", False, "scopes: eq-5d-5l en until 2026-03-12")

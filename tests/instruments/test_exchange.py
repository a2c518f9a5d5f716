"""FHIR R4 there and back: nothing of a questionnaire is lost, and nothing of a foreign one dropped in silence."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from pro_service.cli import run
from pro_service.domain import fhir, fhir_import
from pro_service.domain.errors import InvalidInstrument
from pro_service.domain.instruments import YES_NO, Condition, Instrument, Item, Option
from pro_service.instruments.reader import CATALOGUE, load_catalogue, read
from pro_service.instruments.writer import write
from tests.support import r4

NOT_IN_A_QUESTIONNAIRE = ("scales", "recodes", "grades", "differences", "thresholds", "references", "look_alikes",
                          "value_sets")  # fmt: skip
SHIPPED = sorted(CATALOGUE.glob("*.yaml"))


def with_scoring_of(text: str, path: Path) -> str:
    """A definition that came back, with the scoring of the original beside it."""
    yaml, page = YAML(), StringIO()
    original, document = yaml.load(path.read_text(encoding="utf-8")), yaml.load(text)
    document.update({name: original[name] for name in NOT_IN_A_QUESTIONNAIRE if name in original})
    yaml.dump(document, page)
    return page.getvalue()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_there_and_back_is_the_same_questionnaire(path: Path) -> None:
    original = load_catalogue()[path.stem]
    document = json.loads(json.dumps(fhir.questionnaire(original)))
    imported = fhir_import.instrument_of(document)
    assert imported.notes == ()
    assert read(with_scoring_of(write(imported.instrument), path), file="back.yaml") == original


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_somebody_elses_reader_takes_what_we_write(path: Path) -> None:
    assert r4.refusal(fhir.questionnaire(load_catalogue()[path.stem])) == ""


@pytest.mark.parametrize("code", ["phq-9", "ipcq"])
def test_and_what_we_write_in_dutch(code: str) -> None:
    document = fhir.questionnaire(load_catalogue()[code], language="nl")
    assert r4.refusal(document) == ""
    assert document["language"] == "nl"
    english = [part for part in document["_title"]["extension"][0]["extension"] if part["url"] == "lang"]
    assert english == [{"url": "lang", "valueCode": "en"}]
    back = fhir_import.instrument_of(json.loads(json.dumps(document))).instrument
    assert dict(back.title) == dict(load_catalogue()[code].title)


@pytest.mark.parametrize(
    "change",
    [
        {"status": "bogus"},
        {"zork": 1},
        {"subjectType": ["Banana"]},
        {"id": "a b"},
        {"date": "2026-13-45"},
        {"item": [{"linkId": "a", "type": "bogus"}]},
        {"item": [{"type": "date"}]},
        {"item": [{"linkId": "a", "type": "date", "enableWhen": [{"question": "b", "operator": "="}]}]},
    ],
    ids=str,
)
def test_that_reader_is_strict(change: dict[str, Any]) -> None:
    """What must fail does: a code outside its binding, an unknown element, a bad form, something that is lacking."""
    assert r4.refusal({**fhir.questionnaire(an_instrument()), **change})


WORDS = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FFF, exclude_categories=["C", "Z"]), min_size=1)
TEXTS = st.fixed_dictionaries({"en": WORDS}, optional={"nl": WORDS, "de": WORDS})
OPTIONS = st.dictionaries(st.integers(-9, 99), TEXTS, min_size=1, max_size=5).map(
    lambda found: tuple(Option(code, label) for code, label in found.items())
)


@st.composite
def items(draw: st.DrawFn) -> tuple[Item, ...]:
    found: list[Item] = []
    for number in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(sorted(fhir.TYPES)))
        options = {"choice": draw(OPTIONS), "yes_no": YES_NO}.get(kind, ())
        gates = [one for one in found if one.options]
        gate = draw(st.none() | st.sampled_from(gates)) if gates else None
        chosen = draw(st.sets(st.sampled_from([o.code for o in gate.options]), min_size=1)) if gate else set()
        bounded = kind in {"count", "number", "vas"}
        lowest = draw(st.integers(-100, 100))
        ends = (draw(TEXTS), draw(TEXTS)) if kind == "vas" and draw(st.booleans()) else ({}, {})
        found.append(
            Item(
                code=f"q{number}",
                kind=kind,  # type: ignore[arg-type]  # one of its words
                label=draw(TEXTS),
                options=options,
                minimum=float(lowest) if bounded else None,
                maximum=lowest + draw(st.sampled_from([0.5, 1.0, 30.0])) if bounded else None,
                unit=draw(st.just({}) | TEXTS) if bounded else {},
                low_end=ends[0],
                high_end=ends[1],
                allows_na=draw(st.booleans()),
                skippable=draw(st.booleans()),
                shown_if=Condition(gate.code, tuple(sorted(chosen))) if gate else None,
                recall=draw(st.just({}) | TEXTS),
                also=tuple(draw(st.lists(WORDS, max_size=2))),
            )
        )
    return tuple(found)


def an_instrument(**more: Any) -> Instrument:
    facts: dict[str, Any] = {
        "code": "sleep-diary", "version": "1", "title": {"en": "Sleep"}, "scales": (), "recall": {"en": "last night"},
        "owner": "us", "licence": "ours", "sources": {"1": "a pilot"}, "verified": True,
        "items": (Item("q1", "count", {"en": "Minutes awake", "nl": "Minuten wakker"}, minimum=0.0, maximum=600.0),),
    }  # fmt: skip
    return Instrument(**{**facts, **more})


@given(items())
def test_any_items_survive_the_journey(some: tuple[Item, ...]) -> None:
    document = fhir.questionnaire(an_instrument(items=some))
    assert r4.refusal(document) == ""
    assert fhir_import.instrument_of(json.loads(json.dumps(document))).instrument.items == some


def test_licensed_words_stay_at_home() -> None:
    ours = an_instrument(placeholder_wording=False, permission="fee")
    document = fhir.questionnaire(ours)
    assert "Minute" not in json.dumps(document)
    assert fhir_import.instrument_of(document).instrument.placeholder_wording
    assert "Minuten wakker" in json.dumps(fhir.questionnaire(replace(ours, permission="free")))


FOREIGN: dict[str, Any] = {
    "resourceType": "Questionnaire",
    "id": "Knee-Form",
    "language": "nl",
    "status": "active",
    "title": "Knie",
    "effectivePeriod": {"start": "2026-01-01"},
    "item": [
        {
            "linkId": "g", "type": "group", "text": "Deel 1",
            "item": [
                {"linkId": "/1", "type": "choice", "text": "Pijn", "prefix": "1.", "answerOption": [
                    {"valueCoding": {"code": "LA1", "display": "geen"}},
                    {"valueCoding": {"code": "LA2", "display": "veel"}},
                ]},
                {"linkId": "days", "type": "integer", "text": "Dagen",
                 "enableWhen": [{"question": "/1", "operator": "=", "answerCoding": {"code": "LA2"}}]},
            ],
        }
    ],
}  # fmt: skip


def test_what_a_foreign_questionnaire_loses_is_listed() -> None:
    imported = fhir_import.instrument_of(FOREIGN)
    first, second = imported.instrument.items
    assert (first.code, first.also, first.label) == ("item1", ("/1",), {"en": "Pijn", "nl": "Pijn"})
    assert [option.code for option in first.options] == [1, 2]
    assert second.shown_if == Condition("item1", (2,))
    said = "\n".join(imported.notes)
    for part in (
        "not carried: Questionnaire, effectivePeriod", "not carried: g, the heading of a group",
        "not carried: /1, prefix", "those in nl stand in", "answer LA1 is stored as 1", "/1: cannot name a column",
        "days: bounds are missing", "publisher: nothing is said", "Knee-Form became the code knee-form",
    ):  # fmt: skip
        assert part in said


HL7 = "http://hl7.org/fhir/StructureDefinition/"


def control(code: str) -> dict[str, Any]:
    return {"url": f"{HL7}questionnaire-itemControl", "valueCodeableConcept": {"coding": [{"code": code}]}}


def translated(**words: str) -> dict[str, Any]:
    """Words beside a text, by language; an underscore stands for a dash."""
    parts = [
        [{"url": "lang", "valueCode": tag.replace("_", "-")}, {"url": "content", "valueString": text}]
        for tag, text in words.items()
    ]
    return {"extension": [{"url": f"{HL7}translation", "extension": two} for two in parts]}


LOST_OF_ITEMS: list[tuple[dict[str, Any], str]] = [
    ({"extension": [control("drop-down")]}, "a, itemControl drop-down"),
    ({"type": "decimal", "extension": [control("slider")]}, "a, itemControl slider"),
    ({"extension": [{"url": "http://else.where/x", "valueCode": "y"}]}, "a, extension http://else.where/x"),
    ({"type": "date", "extension": [{"url": f"{HL7}minValue", "valueDate": "2026-01-01"}]}, "a, extension " + HL7),
    ({"initial": [{"valueInteger": 3}]}, "a, initial"),
    ({"maxLength": 3}, "a, maxLength"),
    ({"definition": "http://x"}, "a, definition"),
    ({"item": [{"linkId": "c", "type": "date", "text": "C"}]}, "a, that items lie inside this one"),
    ({"readOnly": True}, "a, an item that is hidden or read-only"),
    ({"extension": [{"url": f"{HL7}questionnaire-hidden", "valueBoolean": True}]}, "a, an item that is hidden"),
    ({"_text": {"extension": [{"url": f"{HL7}rendering-xhtml", "valueString": "<b/>"}]}}, "a, text extension " + HL7),
    ({"_text": translated(fry="W")}, "a, text in fry"),
    ({"_text": translated(de="W", de_CH="W")}, "a, text in de-CH"),
    ({"_text": translated(nl_BE="W")}, "words in nl-BE are those in nl here"),
    ({"_linkId": {"id": "z"}}, "a, _linkId"),
    ({"type": "display", "enableWhen": []}, "a, enableWhen"),
    ({"type": "group", "extension": [control("grid")]}, "a, extension " + HL7),
    ({"type": "group", "_text": translated(nl="W"), "required": True}, "a, required"),
    (
        {"extension": [{"url": f"{HL7}questionnaire-unit", "valueCoding": {"code": "h", "display": "hours"}}]},
        "a, unit code h",
    ),
    ({"answerOption": [{"valueInteger": 1, "initialSelected": True}]}, "a answer 1, initialSelected"),
    ({"answerOption": [{"valueInteger": 1}]}, "type integer with a list of answers is a choice here"),
    (
        {
            "type": "choice",
            "answerOption": [{"valueCoding": {"system": "http://loinc.org", "code": "1", "version": "2"}}],
        },
        "a, answers as codes of http://loinc.org",
    ),
    ({"type": "choice", "answerOption": [{"valueCoding": {"code": "1", "version": "2"}}]}, "a answer 1, version"),
    (
        {"enableWhen": [{"question": "b", "operator": "=", "answerBoolean": True, "extension": []}]},
        "a enableWhen, extension",
    ),
]


@pytest.mark.parametrize(("item", "line"), LOST_OF_ITEMS, ids=[line for _, line in LOST_OF_ITEMS])
def test_nothing_of_an_item_is_dropped_in_silence(item: dict[str, Any], line: str) -> None:
    plain = {"linkId": "a", "text": "A", "type": "integer"}
    items = [{"linkId": "b", "type": "boolean", "text": "B"}, {**plain, **item}]
    before = fhir_import.instrument_of({**FOREIGN, "language": "en", "item": [items[0], plain]}).notes
    notes = fhir_import.instrument_of({**FOREIGN, "language": "en", "item": items}).notes
    assert [note for note in set(notes) - set(before) if line in note]


@pytest.mark.parametrize(
    ("root", "line"),
    [
        ({"description": "long"}, "Questionnaire, description"),
        ({"meta": {"profile": ["http://x"]}}, "Questionnaire, meta"),
        ({"text": {"status": "generated", "div": "<div/>"}}, "Questionnaire, text"),
        ({"contained": [{"resourceType": "ValueSet"}]}, "Questionnaire, contained"),
        ({"status": "retired"}, "Questionnaire, status retired"),
        ({"subjectType": ["Practitioner"]}, "Questionnaire, subjectType Practitioner"),
        ({"name": "Other"}, "Questionnaire, name Other"),
        ({"extension": [{"url": "http://x", "valueCode": "y"}]}, "Questionnaire, extension http://x"),
        ({"_title": translated(fry="W")}, "Questionnaire, title in fry"),
    ],
)
def test_nothing_of_the_whole_is_dropped_in_silence(root: dict[str, Any], line: str) -> None:
    assert f"not carried: {line}" in "\n".join(fhir_import.instrument_of({**FOREIGN, **root}).notes)


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"type": "attachment"}, "type attachment"),
        ({"type": "choice"}, "at least one answer"),
        ({"type": "choice", "answerValueSet": "http://x"}, "answerValueSet"),
        (
            {"type": "date", "enableWhen": [{"question": "b", "operator": "exists", "answerBoolean": True}]},
            "enableWhen",
        ),
        ({"type": "group", "repeats": True}, "repeats"),
        ({"type": "group", "enableWhen": [{}]}, "on a condition"),
        ({"type": "integer", "repeats": True}, "several answers"),
        ({"type": "string", "answerValueSet": "http://x"}, "answerValueSet"),
        ({"type": "time"}, "type time"),
        ({"type": "open-choice", "answerOption": [{"valueString": "x"}]}, "type open-choice"),
        ({"type": "date", "answerOption": [{"valueDate": "2026-01-01"}]}, "not chosen from a list"),
        ({"type": "choice", "answerOption": [{"valueReference": {}}]}, "expected a coding"),
        ({"type": "date", "modifierExtension": [{"url": "http://x"}]}, "modifierExtension"),
        ({"type": "choice", "answerOption": [{"valueInteger": 1, "modifierExtension": [{}]}]}, "modifierExtension"),
        ({}, "not well formed"),
    ],
)
def test_what_would_change_its_meaning_is_refused(item: dict[str, Any], message: str) -> None:
    items = [{"linkId": "b", "type": "boolean", "text": "B"}, {"linkId": "a", "text": "A", **item}]
    with pytest.raises(InvalidInstrument) as caught:
        fhir_import.instrument_of({**FOREIGN, "item": items})
    assert message in str(caught.value)


@pytest.mark.parametrize("root", [{"modifierExtension": [{"url": "http://x"}]}, {"implicitRules": "http://x"}], ids=str)
def test_what_changes_the_whole_is_refused(root: dict[str, Any]) -> None:
    with pytest.raises(InvalidInstrument, match=next(iter(root))):
        fhir_import.instrument_of({**FOREIGN, **root})


def test_the_commands(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    there, back = tmp_path / "there.json", tmp_path / "back.yaml"
    assert run(["instrument", "export", "phq-9", "--format", "fhir", "--output", str(there)]) == 0
    assert run(["instrument", "import", str(there), "--output", str(back)]) == 0
    assert capsys.readouterr() == ("", "")
    back.write_text(with_scoring_of(back.read_text(), CATALOGUE / "phq-9.yaml"))
    assert run(["instrument", "check", str(back)]) == 0


@pytest.mark.parametrize("content", ["{", "[]", '{"resourceType": "Patient"}'])
def test_no_questionnaire_no_file(capsys: pytest.CaptureFixture[str], tmp_path: Path, content: str) -> None:
    there, back = tmp_path / "there.json", tmp_path / "back.yaml"
    there.write_text(content)
    assert run(["instrument", "import", str(there), "--output", str(back)]) == 1
    assert capsys.readouterr().err.startswith("invalid-instrument: ")
    assert not back.exists()

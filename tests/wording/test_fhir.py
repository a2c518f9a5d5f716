"""A FHIR Questionnaire as a wording pack: the words of one language, and nothing that is not there."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from pro_service.domain import fhir
from pro_service.domain.errors import InvalidWording
from pro_service.domain.instruments import Instrument, Option
from pro_service.domain.wording import NEVER, Pack, assembled, check, told
from pro_service.instruments import load_catalogue
from pro_service.instruments.wording import entries

ABOUT = {"expires_on": NEVER}
EACH = [(code, language) for code in ("phq-9", "promis-global-10", "tess-le", "qlq-hn43", "ipcq", "eq-5d-5l")
        for language in ("en", "nl", "de")]  # fmt: skip
YES_NO_WITHOUT_WORDS = ("ipcq", "de")


def worded(code: str, *languages: str) -> Instrument:
    """A questionnaire of the catalogue as somebody would have it who may pass its words on; they are invented."""

    def said(words: str) -> dict[str, str]:
        return {language: f"{words} in {language}" for language in languages}

    one = load_catalogue()[code]
    items = tuple(
        replace(
            item,
            label=said(f"Invented {item.code}"),
            recall=said("invented recall") if item.recall else {},
            unit=said("invented unit") if item.unit else {},
            low_end=said("invented low end") if item.low_end else {},
            high_end=said("invented high end") if item.high_end else {},
            options=tuple(Option(option.code, said(f"answer {option.code}")) for option in item.options),
        )
        for item in one.items
    )
    recall = said("lately") if one.recall else {}
    return replace(one, title=said("Title"), recall=recall, items=items, placeholder_wording=False, permission="free")


def pack(document: Any, *, language: str = "", about: dict[str, str] = ABOUT) -> Pack:
    content = json.dumps(document, indent=1).encode()
    return assembled(told(entries(content, file="q.json", language=language), about), file="q.json")


def problems(document: Any, *, language: str = "", about: dict[str, str] = ABOUT) -> list[str]:
    with pytest.raises(InvalidWording) as caught:
        pack(document, language=language, about=about)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(("code", "language"), [each for each in EACH if each != YES_NO_WITHOUT_WORDS])
def test_the_words_of_each_language_fit_the_definition(code: str, language: str) -> None:
    found = pack(fhir.questionnaire(worded(code, "en", "nl", "de")), language=language)
    assert check(found, load_catalogue()[code], file="q.json") == ()
    assert found.language == language
    assert all(question.text.endswith(f" in {language}") for question in found.items)
    ends = [(question.low_end, question.high_end) for question in found.items if question.low_end]
    scales = [item for item in load_catalogue()[code].items if item.kind == "vas"]
    assert ends == [(f"invented low end in {language}", f"invented high end in {language}")] * len(scales)
    labels = {option.label for question in found.items for option in question.options}
    assert all(label.endswith(f" in {language}") or label in {"Yes", "No", "Ja", "Nee"} for label in labels)


def test_without_a_language_it_is_that_of_the_resource() -> None:
    assert pack(fhir.questionnaire(worded("phq-9", "nl", "fr"))).language == "nl"


def test_a_language_that_is_not_there_has_no_words() -> None:
    document = fhir.questionnaire(worded("phq-9", "en", "nl"))
    said = problems(document, language="fr")
    line = 1 + json.dumps(document, indent=1)[: json.dumps(document, indent=1).index('"linkId": "q2"')].count("\n")
    assert f"q.json:{line}: item q2: expected a text of 1 to 4000 characters" in said
    assert len(said) > 9 * 5


def test_one_translation_that_is_missing_is_named() -> None:
    document = fhir.questionnaire(worded("phq-9", "en", "nl"))
    del document["item"][4]["_text"]
    (said,) = problems(document, language="nl")
    assert said.endswith("item q5: expected a text of 1 to 4000 characters")


def test_an_end_that_is_missing_is_named() -> None:
    document = fhir.questionnaire(worded("eq-5d-5l", "en", "nl"))
    lower, upper = document["item"][-1]["item"]
    del upper["_text"]
    (said,) = problems(document, language="nl")
    assert said.endswith("high_end VAS: expected a text of 1 to 4000 characters")
    document["item"][-1]["item"] = [lower]  # one end alone is none
    found = check(pack(document), load_catalogue()["eq-5d-5l"], file="q.json")
    assert [problem.message for problem in found] == [
        "expected a low_end and a high_end: what the ends of its scale mean"
    ]


def test_topics_of_our_own_are_no_words() -> None:
    """What leaves here as placeholders does not come back as licensed words."""
    (said,) = problems(fhir.questionnaire(load_catalogue()["phq-9"]))
    assert said == "q.json:1: these are topics of our own that stand in for the words, not the words"


def test_the_end_of_a_licence_is_asked_for_and_may_stand_in_the_resource() -> None:
    document = fhir.questionnaire(worded("phq-9", "en"))
    assert problems(document, about={}) == ["q.json:1: expires_on: expected a text, nothing is there"]
    ends = pack({**document, "effectivePeriod": {"end": "2027-12-31T23:00:00Z"}}, about={})
    assert str(ends.expires_on) == "2027-12-31"
    assert pack(document, about={"expires_on": "2026-12-31", "licence": "14"}).licence == "14"


def test_yes_and_no_have_words_where_we_know_them() -> None:
    boolean = {"linkId": "q1", "type": "boolean", "text": "Slept?"}
    document = {**fhir.questionnaire(worded("phq-9", "en", "nl")), "item": [boolean]}
    assert [(one.code, one.label) for one in pack(document).items[0].options] == [(1, "Yes"), (0, "No")]
    assert [said.partition(": ")[2] for said in problems({**document, "language": "fi"}) if "option" in said] == [
        "option q1 1: expected a text of 1 to 4000 characters",
        "option q1 0: expected a text of 1 to 4000 characters",
    ]


GROUPED = {
    "linkId": "g", "type": "group", "text": "Heading", "item": [
        {"linkId": "q1", "type": "choice", "text": "Q", "answerOption": [
            {"valueInteger": 3},
            {"valueCoding": {"code": "LA6-8", "display": "Never",
                             "extension": [{"url": fhir.ORDINAL, "valueDecimal": 0}]}},
            {"valueCoding": {"code": "na", "display": "Not applicable"}},
        ]},
        {"linkId": "d", "type": "display", "text": "Thanks"},
    ],
}  # fmt: skip


def test_questions_in_groups_and_answers_of_either_kind() -> None:
    found = pack({**fhir.questionnaire(worded("phq-9", "en")), "item": [GROUPED]})
    assert [question.code for question in found.items] == ["q1"]
    assert [(one.code, one.label) for one in found.items[0].options] == [(3, "3"), (0, "Never")]


@pytest.mark.parametrize("document", [{"item": [{}]}, {"item": 3}, {"effectivePeriod": "always"}, {"extension": [3]}])
def test_what_is_not_well_formed_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(InvalidWording, match="is not well formed"):
        pack({**fhir.questionnaire(worded("phq-9", "en")), **document})


def test_a_pack_may_be_json_as_well() -> None:
    found = pack({"instrument": "a", "version": "1", "language": "nl", "title": "T", "owner": "o", "licence": "l",
                  "items": {"q1": {"text": "Eén?", "options": {"1": "Ja", "0": "Nee"}}}})  # fmt: skip
    assert [(one.code, one.label) for one in found.items[0].options] == [(1, "Ja"), (0, "Nee")]
    with pytest.raises(InvalidWording, match="not JSON"):
        entries(b"{", file="pack.json")

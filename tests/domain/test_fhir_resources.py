"""FHIR resources of every questionnaire that ships, judged by readers that others wrote; the rules of the mapping."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from typing import Any
from uuid import UUID

import pytest

from pro_service.domain import fhir
from pro_service.domain.datacut import KnownScores
from pro_service.domain.errors import Problem
from pro_service.domain.fhir_bundles import Page, outcome, searchset
from pro_service.domain.fhir_capability import capability_statement
from pro_service.domain.fhir_responses import ABSENT, Answered, questionnaire_response
from pro_service.domain.fhir_scores import observation_id, observations
from pro_service.domain.fhir_search import interval
from pro_service.domain.instruments import DECLINED, NA, Answer, Answers, Instrument, Item, Option, visible
from pro_service.instruments.reader import load_catalogue
from tests.support import r4

NOW = datetime(2026, 1, 2, 3, 4, 5, 678_900, tzinfo=UTC)
ID = UUID(int=7)
BASE = "https://pro.example/fhir"
CODES = sorted(load_catalogue())


def filled(instrument: Instrument) -> Answers:
    """An answer to every question that is asked on the way."""
    answers: dict[str, Answer] = {}
    for item in instrument.items:
        if item in visible(instrument, answers):
            lowest = item.minimum or 0.0
            either: dict[str, Answer] = {
                "yes_no": 1, "count": int(lowest) + 1, "vas": int(lowest) + 1, "number": lowest + 0.5,
                "date": "2026-01-02", "text": "typed",
            }  # fmt: skip
            answers[item.code] = item.options[-1].code if item.kind == "choice" else either[item.kind]
    return answers


def answered(instrument: Instrument, answers: Answers, **more: Any) -> Answered:
    facts: dict[str, Any] = {
        "id": ID, "study": "scopes", "study_version_id": ID, "participant": "NKI-001", "timepoint": "month_3",
        "occurrence": 1, "mode": "self", "submitted_at": NOW, "instrument": instrument.code,
        "version": instrument.version, "language": "nl", "wording": "placeholder", "answers": answers, "revision": 1,
        "updated_at": NOW, "corrected": False,
    }  # fmt: skip
    return Answered(**{**facts, **more})


def scored(instrument: Instrument) -> KnownScores:
    """A number, a text and nothing, in turn."""
    values = {scale.code: (None, 62.5, "11231")[place % 3] for place, scale in enumerate(instrument.scales)}
    scales = {code: {"value": value, "n_answered": 1, "n_items": 2} for code, value in values.items()}
    return KnownScores("1", "nl-2016", "default", "0" * 64, NOW, scales)


def resources(instrument: Instrument) -> Iterator[fhir.Resource]:
    """What leaves of a questionnaire once it was answered, in more than one way."""
    by_proxy = answered(instrument, filled(instrument), mode="proxy", corrected=True)
    left_open = answered(instrument, {}, id=UUID(int=8), undated=True)
    for one in (by_proxy, left_open):
        yield questionnaire_response(instrument, one)
        yield from list(observations(instrument, one, scored(instrument)))[:3]


def wrapped() -> Iterator[fhir.Resource]:
    """What resources come in, and what comes in place of them."""
    found = tuple(resources(load_catalogue()["eq-5d-5l"]))
    yield searchset(Page(found), base=BASE, here=f"{BASE}/Observation", onward=f"{BASE}/Observation?_after=x")
    yield searchset(Page(()), base=BASE, here=f"{BASE}/Observation", onward="")
    yield capability_statement(base=BASE, version="0.1.0")
    for status in (400, 401, 403, 404, 405, 406, 409, 422, 429, 500, 503):
        yield outcome(status=status, code="x", detail="y", problems=[Problem("a", "b")], request_id="r")


@pytest.mark.parametrize("code", CODES)
def test_answers_and_scores_of_every_questionnaire_are_r4(code: str) -> None:
    assert [r4.refusal(one) for one in resources(load_catalogue()[code]) if r4.refusal(one)] == []


def test_bundles_and_outcomes_and_the_description_are_r4() -> None:
    assert [r4.refusal(one) for one in wrapped() if r4.refusal(one)] == []


@pytest.mark.nightly  # its models alone take half a minute to be made
@pytest.mark.timeout(1800)
@pytest.mark.filterwarnings("ignore")
def test_every_invariant_of_r4_holds() -> None:
    """By fhircraft, which checks what the specification says in FHIRPath. One is advice we leave: a narrative."""
    models = import_module("fhircraft").R4
    catalogue = load_catalogue().values()
    every = [
        *(fhir.questionnaire(one, language=language) for one in catalogue for language in ("en", "nl")),
        *(resource for one in catalogue for resource in resources(one)),
        *wrapped(),
    ]
    for one in every:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            getattr(models, one["resourceType"]).model_validate(json.loads(json.dumps(one)))
        assert {str(each.message)[:7] for each in said} <= {"[dom-6]"}, one["id"]
    broken = {**fhir.questionnaire(load_catalogue()["phq-9"]), "item": [{"linkId": "a", "type": "group"}]}
    with pytest.raises(ValueError, match="que-1"):
        models.Questionnaire.model_validate(broken)


CHOICE = (Option(1, {"en": "Little"}), Option(2, {"en": "Much"}))
RULES: list[tuple[str, Answer | None, object]] = [
    ("choice", 2, {"valueCoding": {"system": "urn:pro-service:answers:x", "code": "2", "display": "Much"}}),
    ("choice", 9, {"valueCoding": {"system": "urn:pro-service:answers:x", "code": "9"}}),
    ("choice", NA, {"valueCoding": {"system": "urn:pro-service:answers:x", "code": "na", "display": "Not applicable"}}),
    ("choice", DECLINED, "asked-declined"),
    ("choice", None, "unknown"),
    ("yes_no", 0, {"valueBoolean": False}),
    ("yes_no", NA, "not-applicable"),
    ("count", 3, {"valueInteger": 3}),
    ("vas", 0, {"valueInteger": 0}),
    ("number", 4.5, {"valueDecimal": 4.5}),
    ("number", DECLINED, "asked-declined"),
    ("date", "2026-01-02", {"valueDate": "2026-01-02"}),
    ("text", "Jansen", "masked"),
    ("text", NA, "masked"),
    ("text", None, "unknown"),
]


@pytest.mark.parametrize(("kind", "answer", "expected"), RULES)
def test_an_answer_or_why_there_is_none(kind: Any, answer: Answer | None, expected: object) -> None:
    item = Item("q1", kind, {"en": "Q"}, options=CHOICE if kind == "choice" else ())
    instrument = replace(load_catalogue()["phq-9"], code="x", items=(item,), scales=())
    one = answered(instrument, {} if answer is None else {"q1": answer})
    (found,) = questionnaire_response(instrument, one)["item"]
    if isinstance(expected, str):
        assert found == {"extension": [{"url": ABSENT, "valueCode": expected}], "linkId": "q1"}
    else:
        assert found == {"linkId": "q1", "answer": [expected]}


@pytest.mark.parametrize("permission", ["free", "registration", "agreement", "fee"])
def test_real_words_leave_only_where_they_are_free(permission: Any) -> None:
    real = replace(load_catalogue()["phq-9"], placeholder_wording=False, permission=permission)
    packed = replace(real, wordings={"en": "0" * 64})
    label, answer = real.items[0].label["en"], real.items[0].options[0].label["en"]
    for instrument, leaves in ((real, permission == "free"), (packed, False)):
        text = json.dumps([fhir.questionnaire(instrument), *resources(instrument)])
        assert [words in text for words in (f'"{label}"', f'"{answer}"', real.recall["en"])] == [leaves] * 3
    assert real.title["en"] not in json.dumps(fhir.questionnaire(packed))


def test_every_definition_that_ships_has_topics_of_our_own() -> None:
    """So nothing that ships can let out somebody's words, whatever its licence says."""
    assert all(one.placeholder_wording and not one.wordings for one in load_catalogue().values())


def test_ids_of_scores_are_ids_of_fhir_and_stay_apart() -> None:
    scales = ["QL2", "A_B", "A", "X" * 60, "X" * 61]
    ids = [observation_id(ID, scale) for scale in scales]
    assert len(set(ids)) == len(scales)
    assert ids[1] == f"{ID}.A-B"
    assert max(map(len, ids)) <= 64


SPANS = [
    ("2026", "2026-01-01T00:00", "2027-01-01T00:00"),
    ("2026-12", "2026-12-01T00:00", "2027-01-01T00:00"),
    ("eq2026-02-28", "2026-02-28T00:00", "2026-03-01T00:00"),
    ("ge2026-02", "2026-02-01T00:00", None),
    ("gt2026-02", "2026-03-01T00:00", None),
    ("sa2026-02-01", "2026-02-02T00:00", None),
    ("le2026-02-01", None, "2026-02-02T00:00"),
    ("lt2026-02-01", None, "2026-02-01T00:00"),
    ("eb2026", None, "2026-01-01T00:00"),
    ("2026-02-01T10:00+01:00", "2026-02-01T09:00", "2026-02-01T09:01"),
    ("2026-02-01T10:00:05 01:00", "2026-02-01T09:00:05", "2026-02-01T09:00:06"),
    ("2026-02-01T09:00:05.25Z", "2026-02-01T09:00:05.25", "2026-02-01T09:00:05.26"),
]


@pytest.mark.parametrize(("value", "start", "end"), SPANS)
def test_a_date_is_a_span_of_time(value: str, start: str | None, end: str | None) -> None:
    ends = [None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (start, end)]
    found = interval(value)
    assert [found.start, found.end] == ends


@pytest.mark.parametrize(
    "value", ["", "26-01-01", "ne2026", "2026-13", "2026-02-30", "9999", "2026-02-01T10:00", "now"]
)
def test_what_is_no_date_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="expected a date"):
        interval(value)

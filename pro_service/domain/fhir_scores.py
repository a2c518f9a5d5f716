"""The scores of a submitted questionnaire as FHIR R4 Observations: one per scale, with all that says how it came about.

The id of an Observation is made of those of the response and the scale: computing the scores again changes its value,
never its address.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from uuid import UUID

from pro_service.domain.datacut import KnownScores
from pro_service.domain.fhir import OURS, Resource
from pro_service.domain.fhir_responses import NOT_KNOWN, Answered, instant, occasion, subject
from pro_service.domain.instruments import Instrument, Scale

CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
REASONS = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
SCORER = f"{OURS}scorer"
UCUM = "http://unitsofmeasure.org"
VALUE_SET, MISSING_RULE, INPUT_HASH = f"{OURS}value-set", f"{OURS}missing-rule", f"{OURS}input-hash"
ITEMS_ANSWERED, ITEMS, REVISION = f"{OURS}items-answered", f"{OURS}items", f"{OURS}revision"
HIGHER_IS = f"{OURS}higher-is"
LONGEST_ID = 64
_HEXES = 26


def scales_system(instrument: str) -> str:
    """The code system of a questionnaire's scales."""
    return f"{OURS}scales:{instrument}"


def observation_id(response_id: UUID, scale: str) -> str:
    """The id of one score: letters, digits, dashes and a dot, 64 of them at most."""
    readable = f"{response_id}.{scale.replace('_', '-')}"
    if len(readable) <= LONGEST_ID:
        return readable
    return f"{response_id}.{hashlib.sha256(scale.encode()).hexdigest()[:_HEXES]}"


def observations(definition: Instrument, one: Answered, scores: KnownScores) -> Iterator[Resource]:
    """Every scale of a score set, in the order of the catalogue; one it no longer has comes last."""
    known = {scale.code: scale for scale in definition.scales}
    order = [*(code for code in known if code in scores.scales), *sorted(scores.scales.keys() - known.keys())]
    for code in order:
        yield _observation(one, scores, code, known.get(code))


def _observation(one: Answered, scores: KnownScores, code: str, scale: Scale | None) -> Resource:
    numbers = scores.scales[code]
    dates = {"effectiveDateTime": instant(one.submitted_at), "issued": instant(scores.computed_at)}
    label = _label(scale, code)
    return {
        "resourceType": "Observation",
        "id": observation_id(one.id, code),
        **({} if one.undated else {"meta": {"lastUpdated": instant(scores.computed_at)}}),
        "extension": [*occasion(one), *_made_with(one, scores, numbers, scale)],
        "status": "amended" if one.corrected else "final",
        "category": [{"coding": [{"system": CATEGORY, "code": "survey"}]}],
        "code": {"coding": [{"system": scales_system(one.instrument), "code": code, "display": label}], "text": label},
        "subject": subject(one),
        **({} if one.undated else dates),
        **_value(numbers.get("value")),
        "method": {
            "coding": [{"system": SCORER, "code": scores.scorer_version}],
            "text": f"Scoring program, version {scores.scorer_version}",
        },
        "derivedFrom": [{"reference": f"QuestionnaireResponse/{one.id}"}],
    }


def _label(scale: Scale | None, code: str) -> str:
    words = {} if scale is None else scale.label
    return words.get("en") or next(iter(words.values()), code)


def _value(value: float | str | None) -> Resource:
    """A number without a unit, a profile as text, or why there is neither."""
    if value is None or value == "":
        text = "Not scorable: the rule for missing items, or a value set that is lacking, allows no score"
        return {"dataAbsentReason": {"coding": [{"system": REASONS, "code": NOT_KNOWN}], "text": text}}
    if isinstance(value, str):
        return {"valueString": value}
    return {"valueQuantity": {"value": value, "unit": "score", "system": UCUM, "code": "{score}"}}


def _made_with(
    one: Answered, scores: KnownScores, numbers: Mapping[str, float | str | None], scale: Scale | None
) -> list[Resource]:
    counts = ((ITEMS_ANSWERED, numbers.get("n_answered")), (ITEMS, numbers.get("n_items")))
    return [
        *({"url": url, "valueInteger": int(number)} for url, number in counts if number is not None),
        {"url": MISSING_RULE, "valueString": scores.missing_rule},
        *([{"url": VALUE_SET, "valueString": scores.value_set}] if scores.value_set else []),
        {"url": INPUT_HASH, "valueString": scores.input_hash},
        {"url": REVISION, "valueInteger": one.revision},
        *([{"url": HIGHER_IS, "valueCode": scale.higher_is}] if scale else []),
    ]

"""A submitted questionnaire as a FHIR R4 QuestionnaireResponse.

It says no more than a data cut does: the participant is a code, typed text stays inside, an answer that later answers
hid again is not given, and dates that tell the arm are left out for those who may not know it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pro_service.domain.fhir import (
    HL7,
    NOT_APPLICABLE,
    OURS,
    Resource,
    canonical,
    option_coding,
    options_system,
)
from pro_service.domain.instruments import DECLINED, NA, Answer, Answers, Instrument, Item, visible

ABSENT = f"{HL7}data-absent-reason"
TIMEPOINT, OCCURRENCE, MODE = f"{OURS}timepoint", f"{OURS}occurrence", f"{OURS}mode"
WORDING = f"{OURS}wording"
MASKED, NOT_KNOWN = "masked", "unknown"
PROXY = "proxy"


@dataclass(frozen=True, slots=True)
class Answered:
    """The answers to one questionnaire of a submitted form, with the words of the trial that say which one it is.

    `study_version_id` is the protocol the person is under now. `corrected`: changed after it was submitted. `undated`:
    its dates stay inside, because they may tell the arm.
    """

    id: UUID
    study: str
    study_version_id: UUID
    participant: str
    timepoint: str
    occurrence: int
    mode: str
    submitted_at: datetime
    instrument: str
    version: str
    language: str
    wording: str
    answers: Answers
    revision: int
    updated_at: datetime
    corrected: bool
    undated: bool = False


def subjects_system(study: str) -> str:
    """The system of a study's participant codes."""
    return f"{OURS}participants:{study}"


def instant(at: datetime) -> str:
    """An aware instant in UTC as FHIR writes it."""
    return at.isoformat().replace("+00:00", "Z")


def subject(one: Answered) -> Resource:
    """Who: a code, nothing else. There is no Patient to look up."""
    return {"type": "Patient", "identifier": {"system": subjects_system(one.study), "value": one.participant}}


def occasion(one: Answered) -> list[Resource]:
    """At which of the trial's timepoints, for which time, and how it was filled in."""
    return [
        {"url": TIMEPOINT, "valueCode": one.timepoint},
        {"url": OCCURRENCE, "valuePositiveInt": one.occurrence},
        {"url": MODE, "valueCode": one.mode},
    ]


def questionnaire_response(definition: Instrument, one: Answered) -> Resource:
    """The answers as a QuestionnaireResponse: every question that was asked, in its order, answered or not."""
    updated = {} if one.undated else {"lastUpdated": instant(one.updated_at)}
    items = [_item(definition, item, one.answers.get(item.code)) for item in visible(definition, one.answers)]
    return {
        "resourceType": "QuestionnaireResponse",
        "id": str(one.id),
        "meta": {"versionId": str(one.revision), **updated},
        "language": one.language,
        "extension": [*occasion(one), {"url": WORDING, "valueString": one.wording}],
        "questionnaire": f"{canonical(one.instrument)}|{one.version}",
        "status": "amended" if one.corrected else "completed",
        "subject": subject(one),
        **({} if one.undated else {"authored": instant(one.submitted_at)}),
        "source": {"type": "RelatedPerson", "display": "Proxy"} if one.mode == PROXY else subject(one),
        **({"item": items} if items else {}),
    }


def _item(definition: Instrument, item: Item, answer: Answer | None) -> Resource:
    reason = _absent(item, answer)
    if reason:
        return {"extension": [{"url": ABSENT, "valueCode": reason}], "linkId": item.code}
    return {"linkId": item.code, "answer": [_value(definition, item, answer)]}


def _absent(item: Item, answer: Answer | None) -> str:
    """Why there is no value, in the words of HL7's code system; empty where there is one."""
    if answer is None:
        return NOT_KNOWN
    if item.kind == "text":
        return MASKED  # a typed name is a name, and "na" is a text like any other
    if answer == NA and item.kind != "choice":
        return "not-applicable"
    return "asked-declined" if answer == DECLINED else ""


def _value(definition: Instrument, item: Item, answer: Answer | None) -> Mapping[str, Any]:
    match item.kind:
        case "yes_no":
            return {"valueBoolean": answer == 1}
        case "count" | "vas":
            return {"valueInteger": answer}
        case "number":
            return {"valueDecimal": answer}
        case "date":
            return {"valueDate": answer}
        case _:
            return {"valueCoding": _coding(definition, item.options, answer)}


def _coding(definition: Instrument, options: Sequence[Any], answer: Answer | None) -> Resource:
    if answer == NA:
        return {"system": options_system(definition.code), "code": NOT_APPLICABLE, "display": "Not applicable"}
    found = next((option for option in options if option.code == answer), None)
    if found is None:  # an answer of an earlier version of the questionnaire: its code says all that is known
        return {"system": options_system(definition.code), "code": str(answer)}
    return option_coding(definition, found)

"""The CapabilityStatement: what a FHIR client may ask of this service, made from the very table that reads searches."""

from __future__ import annotations

from collections.abc import Mapping

from pro_service.domain.fhir import Resource
from pro_service.domain.fhir_search import SEARCHES

RELEASED = "2026-11-27"
"""When what it says was last changed."""

MEDIA_TYPE = "application/fhir+json"
_HL7 = "http://hl7.org/fhir/SearchParameter/"
_DEFINITIONS: Mapping[str, tuple[str, str]] = {
    "_id": (f"{_HL7}Resource-id", "token"),
    "_lastUpdated": (f"{_HL7}Resource-lastUpdated", "date"),
    "url": (f"{_HL7}conformance-url", "uri"),
    "questionnaire": (f"{_HL7}QuestionnaireResponse-questionnaire", "reference"),
    "authored": (f"{_HL7}QuestionnaireResponse-authored", "date"),
    "code": (f"{_HL7}clinical-code", "token"),
    "date": (f"{_HL7}clinical-date", "date"),
    "derived-from": (f"{_HL7}Observation-derived-from", "reference"),
    "subject": ("", "reference"),
    "patient": ("", "reference"),
}


def capability_statement(*, base: str, version: str) -> Resource:
    """What can be read and searched at `base` by this version of the service."""
    return {
        "resourceType": "CapabilityStatement",
        "url": f"{base}/metadata",
        "version": version,
        "name": "ProService",
        "title": "PRO service: questionnaires, submitted answers and scores, to read",
        "status": "active",
        "date": RELEASED,
        "kind": "instance",
        "software": {"name": "pro-service", "version": version},
        "implementation": {"description": "PRO service", "url": base},
        "fhirVersion": "4.0.1",
        "format": [MEDIA_TYPE, "json"],
        "rest": [
            {
                "mode": "server",
                "documentation": "Participants are codes: no Patient can be read. A parameter not listed is refused.",
                "security": {
                    "description": "A bearer token of staff, or an API key with the scope fhir.read; never a patient's."
                },
                "resource": [_resource(name) for name in SEARCHES],
            }
        ],
    }


def _resource(name: str) -> Resource:
    names = ("_id", *SEARCHES[name])
    return {
        "type": name,
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "versioning": "versioned" if name == "QuestionnaireResponse" else "no-version",
        "searchParam": [_parameter(one) for one in names],
    }


def _parameter(name: str) -> Resource:
    plain, _, modifier = name.partition(":")
    definition, kind = _DEFINITIONS[plain]
    return {
        "name": plain,
        **({"definition": definition} if definition else {}),
        "type": kind,
        **({"documentation": f"With the modifier :{modifier} only: a participant code."} if modifier else {}),
    }

"""Somebody else's reading of FHIR R4: Google's, made from the very specification 4.0.1.

It refuses unknown elements, wrong types and forms, too many or too few of something, codes outside a required binding
and references to kinds of things that may not stand there. It exists for Python up to 3.11, where it is always asked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import pytest

_MODULES: Mapping[str, str] = {
    "Bundle": "bundle_and_contained_resource",
    "CapabilityStatement": "capability_statement",
    "Observation": "observation",
    "OperationOutcome": "operation_outcome",
    "Questionnaire": "questionnaire",
    "QuestionnaireResponse": "questionnaire_response",
}


def refusal(resource: Mapping[str, Any]) -> str:
    """Why this is no R4 resource; empty where it is one."""
    reader = pytest.importorskip("google.fhir.r4.json_format", reason="needs Python 3.11")
    kind = resource["resourceType"]
    module = import_module(f"google.fhir.r4.proto.core.resources.{_MODULES[kind]}_pb2")
    invalid = import_module("google.fhir.core.fhir_errors").InvalidFhirError
    try:
        reader.json_fhir_string_to_proto(
            json.dumps(resource), getattr(module, kind), validate=True, default_timezone="Z"
        )
    except (ValueError, invalid) as error:
        return f"{type(error).__name__}: {error}"
    return ""

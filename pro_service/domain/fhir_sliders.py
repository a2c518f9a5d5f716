"""What a FHIR R4 Questionnaire says of a slider: that a whole number is one, and what its two ends mean.

R4 has no element for the words at the ends. HL7's control codes have two for it, `lower` and `upper`, and its guide
for structured data capture shows where they stand: each on a display inside the question.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pro_service.domain import fhir

Node = Mapping[str, Any]

ENDS = (fhir.LOWER, fhir.UPPER)


def control(node: Node) -> str:
    """How a node is to be shown, as its itemControl says; empty where it does not."""
    found = (one for one in node.get("extension", ()) if one["url"] == fhir.CONTROL)
    codings = (coding for one in found for coding in one.get("valueCodeableConcept", {}).get("coding", ()))
    return next((str(coding.get("code", "")) for coding in codings), "")


def is_slider(node: Node) -> bool:
    """Is it a whole number that is set on a line from end to end?"""
    return node["type"] == "integer" and "answerOption" not in node and control(node) == "slider"


def ends_of(node: Node) -> tuple[Node, ...]:
    """The displays that say what the low and the high end of a slider mean; none where there are not just these two."""
    inside = [one for one in node.get("item", ()) if one["type"] == "display" and control(one) in ENDS]
    both = sorted(inside, key=control)
    return tuple(both) if is_slider(node) and tuple(map(control, both)) == ENDS else ()

"""What FHIR wraps answers in: a Bundle around a page of what was found, an OperationOutcome for what went wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pro_service.domain.errors import Problem
from pro_service.domain.fhir import OURS, Resource

PROBLEM = f"{OURS}problem"
_ISSUES: Mapping[int, str] = {
    400: "invalid",
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    406: "not-supported",
    409: "conflict",
    429: "throttled",
    500: "exception",
    503: "transient",
}
"""HTTP status -> HL7's word for the kind of issue."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some of what was found, and where the next page begins; empty on the last one."""

    resources: tuple[Resource, ...]
    next: str = ""


def searchset(page: Page, *, base: str, here: str, onward: str) -> Resource:
    """A page as a Bundle. `base` is where resources live, `here` and `onward` are whole addresses."""
    links = [{"relation": "self", "url": here}]
    if onward:
        links.append({"relation": "next", "url": onward})
    entries = [
        {
            "fullUrl": f"{base}/{one['resourceType']}/{one['id']}",
            "resource": one,
            "search": {"mode": "match"},
        }
        for one in page.resources
    ]
    return {"resourceType": "Bundle", "type": "searchset", "link": links, **({"entry": entries} if entries else {})}


def outcome(*, status: int, code: str, detail: str, problems: Sequence[Problem] = (), request_id: str = "") -> Resource:
    """An error as an OperationOutcome: first what happened, then an issue for each problem that has a name."""
    kind = _ISSUES.get(status, "invalid")
    first = {
        "severity": "error",
        "code": kind,
        "details": {"coding": [{"system": PROBLEM, "code": code}], "text": detail},
        **({"diagnostics": f"request {request_id}"} if request_id else {}),
    }
    more = [
        {"severity": "error", "code": kind, "details": {"text": ": ".join(filter(None, (one.field, one.message)))}}
        for one in problems
    ]
    return {"resourceType": "OperationOutcome", "issue": [first, *more]}

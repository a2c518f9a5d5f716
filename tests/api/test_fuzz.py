"""A schema-driven fuzzer finds no 500 and no status, body or header that the description does not know."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from pro_service.domain.participants import Participant
from pro_service.http import limits
from tests.api.conftest import Caller

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""What is fuzzed is the HTTP layer: one database is enough for the many examples."""


@ON_SQLITE
@pytest.mark.parametrize("who", ["staff", "patient", "anybody"])
def test_the_description_is_true(
    app: Flask,
    participant: Participant,
    open_one: dict[str, Any],
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    who: str,
) -> None:
    caller: Caller = request.getfixturevalue(who)
    monkeypatch.setattr(limits, "PER_CALLER", 10**9)
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
    known = {
        "participant_id": str(participant.id),
        "assessment_id": open_one["id"],
        "study": "scopes",
        "instrument": "qlq-c30",
    }
    for result in schema.get_all_operations():
        operation: Any = result.ok()  # type: ignore[union-attr]  # raises for an invalid schema
        if operation.path.endswith(("/sessions/current", "/openapi.json")):
            continue  # signing out would end the run

        @given(case=operation.as_strategy(), real=st.booleans())
        @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        def fuzz(case: Any, real: bool) -> None:
            if real:
                case.path_parameters.update({name: known[name] for name in case.path_parameters if name in known})
            headers = {"Accept-Encoding": "identity"}  # the fuzzer says it reads gzip, and does not without a network
            headers |= {"Authorization": f"Bearer {caller.token}"} if caller.token else {}
            case.call_and_validate(headers=headers, checks=CHECKS)

        fuzz()

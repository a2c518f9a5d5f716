"""Studies and questionnaires over the API: definitions that carry an ETag."""

from __future__ import annotations

import pytest

from pro_service.domain.protocol import Study
from pro_service.runtime import Runtime
from tests.api.conftest import Caller, code_of


def test_versions_and_protocol(staff: Caller, scopes: Study) -> None:
    listed = staff("GET", "/studies").get_json()["items"]
    assert [(one["code"], one["version"]) for one in listed] == [("scopes", scopes.version)]
    assert listed[0]["activated_at"] == "2026-01-12T09:00:00Z"
    found = staff("GET", "/studies/scopes").get_json()
    assert [arm["code"] for arm in found["arms"]] == [arm.code for arm in scopes.arms]
    assert found["sha256"] == scopes.sha256


@pytest.mark.parametrize("path", ["/studies/scopes", "/instruments/qlq-c30", "/instruments/qlq-c30?language=nl"])
def test_a_definition_is_sent_once(staff: Caller, scopes: Study, path: str) -> None:
    first = staff("GET", path)
    etag = first.headers["ETag"]
    again = staff("GET", path, If_None_Match=etag)
    assert (again.status_code, again.get_data()) == (304, b"")
    assert staff("GET", path, If_None_Match='"other"').status_code == 200


def test_every_instrument_can_be_fetched(staff: Caller, runtime: Runtime) -> None:
    listed = staff("GET", "/instruments").get_json()["items"]
    assert {one["code"] for one in listed} == set(runtime.catalogue)
    for one in listed:
        found = staff("GET", f"/instruments/{one['code']}").get_json()
        assert len(found["items"]) == one["items"]


@pytest.mark.parametrize(
    ("path", "code"), [("/studies/atlantis", "unknown-study"), ("/instruments/atlantis", "unknown-instrument")]
)
def test_unknown(staff: Caller, path: str, code: str) -> None:
    response = staff("GET", path)
    assert (response.status_code, code_of(response)) == (404, code)


def test_languages_differ(staff: Caller) -> None:
    english, dutch = (staff("GET", f"/instruments/qlq-c30?language={code}").get_json() for code in ("en", "nl"))
    assert english["items"][0]["label"] != dutch["items"][0]["label"]


def test_a_bound_of_a_whole_number_is_one(staff: Caller) -> None:
    items = {item["code"]: item for item in staff("GET", "/instruments/eq-5d-5l").get_json()["items"]}
    assert repr([items["VAS"]["minimum"], items["VAS"]["maximum"], items["MO"]["minimum"]]) == "[0, 100, None]"
    hours = {item["code"]: item for item in staff("GET", "/instruments/ipcq").get_json()["items"]}
    assert repr([hours["days_week"]["minimum"], hours["days_week"]["maximum"]]) == "[0.5, 7]"

"""The description of the API is valid, complete, true, and readable without a network."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import validate

from pro_service.http.errors import every_code

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def spec(client: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/api/openapi.json").get_json()
    return found


def operations(spec: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, one) for path, methods in spec["paths"].items() for method, one in methods.items()]


def test_it_is_openapi_3_1(spec: dict[str, Any]) -> None:
    assert spec["openapi"].startswith("3.1")
    validate(spec)


def test_it_knows_every_route(app: Flask, spec: dict[str, Any]) -> None:
    routes = {
        (re.sub(r"<(?:[^<:]+:)?([^>]+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert {(path, method) for path, method, _ in operations(spec)} == routes


def test_every_operation_says_what_it_is(spec: dict[str, Any]) -> None:
    names = [one["operationId"] for *_, one in operations(spec)]
    assert len(set(names)) == len(names)
    known = {tag["name"] for tag in spec["tags"]}
    for path, method, one in operations(spec):
        place = f"{method} {path}"
        assert one["summary"].endswith("."), place
        assert set(one["tags"]) <= known, place
        assert "security" in one, place
        for status, response in one["responses"].items():
            assert response["description"], place
            if int(status) >= 400:
                assert list(response["content"]) == ["application/problem+json"], place
        if method == "post":
            assert "Idempotency-Key" in {each["name"] for each in one["parameters"]}, place
        if method != "get" or "{" in path:
            assert {"401", "429"} <= set(one["responses"]) or one["security"] == [], place


def test_definitions_may_answer_304(spec: dict[str, Any]) -> None:
    found = {path for path, _, one in operations(spec) if "304" in one["responses"]}
    assert found == {"/api/v1/studies/{study}", "/api/v1/instruments/{instrument}"}


def test_the_page_needs_no_script_and_no_network(client: FlaskClient) -> None:
    page = client.get("/api/docs").get_data(as_text=True)
    assert "<script" not in page
    assert not re.findall(r"\son\w+=|style=|<style|https?://", page)
    for link in set(re.findall(r'(?:href|src)="(/[^"#]+)"', page)):
        response = client.get(link)
        assert response.status_code == 200
        response.close()


def test_the_page_shows_every_operation_and_every_code(client: FlaskClient, spec: dict[str, Any]) -> None:
    page = client.get("/api/docs").get_data(as_text=True)
    for *_, one in operations(spec):
        assert f'id="{one["operationId"]}"' in page
    for line in every_code():
        assert f'id="{line.code}"' in page


def test_the_reference_lists_every_code() -> None:
    """docs/reference/api.md holds the table of codes as it follows from the errors."""
    text = (ROOT / "docs/reference/api.md").read_text()
    table = [f"| `{line.code}` | {line.status} | {line.when} |" for line in every_code()]
    assert "\n".join(table) in text

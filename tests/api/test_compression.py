"""Answers to GET come compressed to who can read that, and no page gives BREACH anything to work on."""

from __future__ import annotations

import gzip
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from pro_service.http.compression import LEAST
from tests.api.conftest import Caller

GZIP = {"Accept-Encoding": "gzip, deflate, br"}


@pytest.mark.parametrize("path", ["/api/openapi.json", "/"])
def test_a_long_answer_is_compressed_for_who_can_read_it(client: FlaskClient, path: str) -> None:
    plain, packed = client.get(path), client.get(path, headers=GZIP)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.data) < len(plain.data) / 2
    assert gzip.decompress(packed.data) == plain.data
    for answer in (plain, packed):
        assert "Accept-Encoding" in answer.headers["Vary"]
        assert answer.headers["Content-Length"] == str(len(answer.data))


@pytest.mark.parametrize("accepted", ["", "identity", "gzip;q=0", "br"])
def test_who_cannot_read_it_gets_it_plain(client: FlaskClient, accepted: str) -> None:
    assert "Content-Encoding" not in client.get("/", headers={"Accept-Encoding": accepted}).headers


def test_short_answers_and_answers_to_what_was_sent_stay_plain(client: FlaskClient) -> None:
    assert len(client.get("/healthz").data) < LEAST
    for answer in (
        client.get("/healthz", headers=GZIP),
        client.get("/nowhere", headers=GZIP),
        client.post("/in", data={"code": "x"}, headers=GZIP),
    ):
        assert "Content-Encoding" not in answer.headers


def test_a_definition_that_is_known_is_not_sent_again_compressed_or_not(client: FlaskClient, staff_key: str) -> None:
    reader = {"Authorization": f"Bearer {staff_key}", **GZIP}
    first = client.get("/api/v1/instruments/qlq-c30", headers=reader)
    assert first.headers["Content-Encoding"] == "gzip"
    again = client.get("/api/v1/instruments/qlq-c30", headers={**reader, "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_no_page_repeats_what_its_address_brought(app: Flask, client: FlaskClient, patient: Caller) -> None:
    """Or somebody could send a patient's browser here with guesses, and weigh the compressed answers."""
    client.set_cookie("pro", patient.token)
    probe = "kj3qzx9w"
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.rule.startswith("/assets"):
            continue
        path = re.sub(r"<[^>]+>", "11111111-1111-4111-8111-111111111111", rule.rule)
        answer = client.get(path, query_string={"next": probe, "saved": probe, "code": probe, "who": probe})
        assert probe not in answer.get_data(as_text=True), rule.rule

"""Answers to GET come compressed to who can read that, and no page gives BREACH anything to work on."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable

import brotli
import pytest
from flask import Flask
from flask.testing import FlaskClient

from pro_service.http.compression import LEAST
from pro_service.web import assets
from tests.api.conftest import Caller

BROWSER = {"Accept-Encoding": "gzip, deflate, br, zstd"}
UNPACK: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "br": brotli.decompress}


@pytest.mark.parametrize("path", ["/api/openapi.json", "/", f"/assets/{assets.digest()}/css/base.css"])
@pytest.mark.parametrize(("reads", "coding"), [("gzip, deflate, br", "br"), ("gzip", "gzip"), ("br;q=0, *", "gzip")])
def test_a_long_answer_is_compressed_for_who_can_read_it(
    client: FlaskClient, path: str, reads: str, coding: str
) -> None:
    plain, packed = client.get(path), client.get(path, headers={"Accept-Encoding": reads})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == coding
    assert len(packed.data) < len(plain.data) / 2
    assert UNPACK[coding](packed.data) == plain.data
    for answer in (plain, packed):
        assert "Accept-Encoding" in answer.headers["Vary"]
        assert answer.headers["Content-Length"] == str(len(answer.data))


@pytest.mark.parametrize("accepted", ["", "identity", "gzip;q=0", "deflate"])
def test_who_cannot_read_it_gets_it_plain(client: FlaskClient, accepted: str) -> None:
    assert "Content-Encoding" not in client.get("/", headers={"Accept-Encoding": accepted}).headers


def test_short_answers_and_answers_to_what_was_sent_stay_plain(client: FlaskClient) -> None:
    assert len(client.get("/healthz").data) < LEAST
    for answer in (
        client.get("/healthz", headers=BROWSER),
        client.get("/nowhere", headers=BROWSER),
        client.post("/in", data={"code": "x"}, headers=BROWSER),
    ):
        assert "Content-Encoding" not in answer.headers


def test_a_definition_that_is_known_is_not_sent_again_compressed_or_not(client: FlaskClient, staff_key: str) -> None:
    reader = {"Authorization": f"Bearer {staff_key}", **BROWSER}
    first = client.get("/api/v1/instruments/qlq-c30", headers=reader)
    assert first.headers["Content-Encoding"] == "br"
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

"""Wording packs over the API: loaded by those who may, held against the definition, shown from then on."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from pro_service.instruments import load_catalogue
from pro_service.runtime import Runtime
from pro_service.storage.audit import audit_event
from tests.api.conftest import Caller, code_of
from tests.services.test_wording import eq


def body(**more: Any) -> dict[str, Any]:
    """The pack of invented words, as a program sends it."""
    pack = eq("nl")
    about = {name: getattr(pack, name) for name in ("instrument", "version", "language", "title", "owner", "licence")}
    items: list[dict[str, Any]] = [{"code": one.code, "text": one.text} for one in pack.items]
    for item, one in zip(items, pack.items, strict=True):
        if one.low_end:
            item.update(low_end=one.low_end, high_end=one.high_end)
        if one.options:
            item["options"] = [{"code": option.code, "label": option.label} for option in one.options]
    return {**about, "recall": pack.recall, "expires_on": "never", "items": items, **more}


def test_a_pack_is_loaded_and_shown(staff: Caller, runtime: Runtime) -> None:
    answer = staff("POST", "/wordings", body())
    assert answer.status_code == 201
    assert answer.get_json() == {
        "instrument": "eq-5d-5l", "version": load_catalogue()["eq-5d-5l"].version, "language": "nl", "owner": "Nobody",
        "licence": "2026-01", "expires_on": None, "sha256": eq("nl").sha256,
    }  # fmt: skip
    assert staff("POST", "/wordings", body()).get_json() == answer.get_json()
    with runtime.engine.connect() as connection:
        lines = connection.execute(select(audit_event.c.changes).where(audit_event.c.action == "wording.load")).all()
    assert [line.changes["sha256"] for line in lines] == [[None, eq("nl").sha256]]


def test_what_departs_from_the_definition_is_refused_item_by_item(staff: Caller) -> None:
    turned, short, twice = body(), body(), body()
    turned["items"].reverse()
    del short["items"][0]["options"][2]
    mute = body()
    del mute["items"][-1]["high_end"]
    twice["items"].append(twice["items"][0])
    for wrong, field in (
        (turned, "VAS"),
        (short, "MO"),
        (mute, "VAS"),
        (twice, "item MO"),
        (body(expires_on="one day"), "expires_on"),
    ):
        answer = staff("POST", "/wordings", wrong)
        assert (answer.status_code, code_of(answer)) == (422, "invalid-wording")
        assert answer.get_json()["problems"][0]["field"] == field
    assert staff("POST", "/wordings", body(instrument="atlantis")).status_code == 404


def test_a_pack_holds_words_only(staff: Caller) -> None:
    ruled = body()
    ruled["items"][0]["shown_if"] = {"SC": [1]}
    assert staff("POST", "/wordings", ruled).status_code == 422
    assert staff("POST", "/wordings", body(scales={})).status_code == 422

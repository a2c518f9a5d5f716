"""Questionnaires as a program needs them to show one: items, options, bounds, skip logic, in one language."""

from __future__ import annotations

import json
from functools import partial
from hashlib import blake2b
from typing import Any

from apiflask import APIBlueprint
from marshmallow import fields, validate

from pro_service.api.shapes import Shape, words
from pro_service.domain.errors import UnknownInstrument
from pro_service.domain.instruments import Instrument, Item, ends
from pro_service.domain.wording import PLACEHOLDER, shown_as
from pro_service.http.definitions import conditional, definition
from pro_service.http.transaction import work

bp = APIBlueprint("instruments", __name__, tag="Studies and questionnaires")

dumps = partial(json.dumps, separators=(",", ":"), ensure_ascii=False)


class OptionOut(Shape):
    code = fields.Integer(required=True)
    label = fields.String(required=True)


class ConditionOut(Shape):
    """Show the item only when that other item was answered with one of these codes."""

    item = fields.String(required=True)
    codes = fields.List(fields.Integer(), required=True)


class ItemOut(Shape):
    code = fields.String(required=True)
    kind = fields.String(
        required=True, validate=validate.OneOf(["choice", "yes_no", "count", "number", "vas", "text", "date"])
    )
    label = fields.String(required=True)
    recall = fields.String(required=True, metadata={"description": "The period asked about, if its own."})
    options = fields.List(fields.Nested(OptionOut), required=True)
    minimum = fields.Float(required=True, allow_none=True)
    maximum = fields.Float(required=True, allow_none=True)
    unit = fields.String(required=True)
    low_end = fields.String(required=True, metadata={"description": "What the low end of a scale (vas) means."})
    high_end = fields.String(required=True, metadata={"description": "What its high end means."})
    allows_na = fields.Boolean(required=True)
    skippable = fields.Boolean(required=True)
    shown_if = fields.Nested(ConditionOut, required=True, allow_none=True)


class InstrumentOut(Shape):
    code = fields.String(required=True)
    version = fields.String(required=True)
    language = fields.String(required=True)
    title = fields.String(required=True)
    recall = fields.String(required=True)
    respondent = fields.String(required=True)
    placeholder_wording = fields.Boolean(
        required=True,
        metadata={"description": "True: labels are topics, not the licensed wording."},
    )
    items = fields.List(fields.Nested(ItemOut), required=True)


class InstrumentSummary(Shape):
    code = fields.String(required=True)
    version = fields.String(required=True)
    title = fields.String(required=True)
    items = fields.Integer(required=True, metadata={"description": "How many items it has."})


class InstrumentList(Shape):
    items = fields.List(fields.Nested(InstrumentSummary), required=True)


class LanguageQuery(Shape):
    language = fields.String(load_default="en", validate=validate.Regexp(r"^[a-z]{2}(-[A-Z]{2})?\Z"))


@bp.get("/instruments")
@bp.output(InstrumentList)
def listing() -> Any:
    """The catalogue of questionnaires."""
    found = sorted(work().catalogue.values(), key=lambda instrument: instrument.code)
    return {
        "items": [
            {"code": each.code, "version": each.version, "title": words(each.title, "en"), "items": len(each.items)}
            for each in found
        ]
    }


@bp.get("/instruments/<instrument>")
@conditional
@bp.input(LanguageQuery, location="query")
@bp.output(InstrumentOut)
def one(instrument: str, query_data: dict[str, str]) -> Any:
    """One questionnaire in one language. Carries an ETag: send it back in If-None-Match."""
    found = work().catalogue.get(instrument)
    if found is None:
        raise UnknownInstrument(f"There is no questionnaire {instrument!r}.")
    text = as_json(found, query_data["language"])
    return definition(text, version=blake2b(text.encode(), digest_size=12).hexdigest())


_texts: dict[tuple[str, str, str, str], tuple[Instrument, str]] = {}


def as_json(instrument: Instrument, language: str) -> str:
    """The definition as JSON text; made once per questionnaire, version, language and wording."""
    key = (instrument.code, instrument.version, language, shown_as(instrument, language))
    kept = _texts.get(key)
    if kept is None or kept[0] is not instrument:
        kept = _texts[key] = (instrument, dumps(_described(instrument, language)))
    return kept[1]


def _described(instrument: Instrument, language: str) -> dict[str, Any]:
    return {
        "code": instrument.code,
        "version": instrument.version,
        "language": language,
        "title": words(instrument.title, language),
        "recall": words(instrument.recall, language),
        "respondent": instrument.respondent,
        "placeholder_wording": shown_as(instrument, language) == PLACEHOLDER,
        "items": [_item(item, language) for item in instrument.items],
    }


def _item(item: Item, language: str) -> dict[str, Any]:
    shown_if = item.shown_if
    low_end, high_end = ends(item, language)
    return {
        "code": item.code,
        "kind": item.kind,
        "label": words(item.label, language),
        "recall": words(item.recall, language),
        "options": [{"code": option.code, "label": words(option.label, language)} for option in item.options],
        "minimum": _bound(item.minimum),
        "maximum": _bound(item.maximum),
        "unit": words(item.unit, language),
        "low_end": low_end,
        "high_end": high_end,
        "allows_na": item.allows_na,
        "skippable": item.skippable,
        "shown_if": None if shown_if is None else {"item": shown_if.item, "codes": list(shown_if.codes)},
    }


def _bound(value: float | None) -> float | None:
    """A whole bound goes out as 100, not 100.0: sent back as an answer, that would be no whole number."""
    return int(value) if value is not None and value.is_integer() else value

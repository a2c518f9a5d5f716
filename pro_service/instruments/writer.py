"""Writes a questionnaire as the YAML that `reader` reads: items, facts, and such scales as an import can declare."""

from __future__ import annotations

from io import StringIO

from ruamel.yaml import YAML

from pro_service.domain.instruments import Instrument, Item, Option, Scale


def write(instrument: Instrument) -> str:
    """The definition, with scales whose parameters are plain values; without a scale it can't be checked or loaded."""
    lists: dict[tuple[tuple[int, tuple[tuple[str, str], ...]], ...], str] = {}
    options: dict[str, dict[int, dict[str, str]]] = {}
    for item in instrument.items:
        if item.kind == "choice" and _key(item.options) not in lists:
            name = lists[_key(item.options)] = f"list{len(lists) + 1}"
            options[name] = {option.code: dict(option.label) for option in item.options}
    document = {
        "code": instrument.code,
        "version": instrument.version,
        "title": dict(instrument.title),
        "recall": dict(instrument.recall),
        "owner": instrument.owner,
        "licence": instrument.licence,
        "permission": instrument.permission,
        "verified": instrument.verified,
        "placeholder_wording": instrument.placeholder_wording,
        "respondent": instrument.respondent,
        "sources": dict(instrument.sources),
        **({"options": options} if options else {}),
        "items": {item.code: _item(item, lists.get(_key(item.options), "")) for item in instrument.items},
        **({"scales": {scale.code: _scale(scale) for scale in instrument.scales}} if instrument.scales else {}),
        **({"safety": {one.item: list(one.codes) for one in instrument.safety}} if instrument.safety else {}),
    }
    yaml, page = YAML(), StringIO()
    yaml.width = 120
    yaml.dump({name: value for name, value in document.items() if value != {}}, page)
    return page.getvalue()


def _key(options: tuple[Option, ...]) -> tuple[tuple[int, tuple[tuple[str, str], ...]], ...]:
    return tuple((option.code, tuple(option.label.items())) for option in options)


def _item(item: Item, options: str) -> dict[str, object]:
    """Everything that differs from what an item is unless it says otherwise."""
    gate = item.shown_if
    found: dict[str, object] = {
        "options": options if item.kind == "choice" else None,
        "minimum": item.minimum,
        "maximum": item.maximum,
        "unit": dict(item.unit) or None,
        "low_end": dict(item.low_end) or None,
        "high_end": dict(item.high_end) or None,
        "allows_na": item.allows_na or None,
        "skippable": None if item.skippable else False,
        "shown_if": None if gate is None else {gate.item: list(gate.codes)},
        "recall": dict(item.recall) or None,
        "also": list(item.also) or None,
    }
    return {**item.label, "kind": item.kind, **{name: value for name, value in found.items() if value is not None}}


def _scale(scale: Scale) -> dict[str, object]:
    bounds = [scale.minimum, scale.maximum]
    about = {"method": scale.method, "items": list(scale.items), **scale.params, "higher_is": scale.higher_is}
    return {**scale.label, **about, **({} if bounds == [None, None] else {"range": bounds})}

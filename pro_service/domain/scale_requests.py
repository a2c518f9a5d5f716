"""Scales that somebody declares for a questionnaire out of another system, such as `REST=q1,q2:prorated_sum:better`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal, cast, get_args

from pro_service.domain.errors import InvalidInstrument, Problem
from pro_service.domain.instruments import Instrument, Item, Scale, allowed_codes

METHODS = ("linear", "mean", "prorated_sum", "item_sum", "count_answered")
"""The methods that need nothing but items."""

Higher = Literal["better", "worse", "more", "neither"]

_REQUEST = re.compile(r"([A-Za-z][A-Za-z0-9_]*)=([^:]+):([a-z_]+)(?::([a-z]+))?")
_UNSCORED = frozenset({"text", "date"})


def with_scales(instrument: Instrument, requests: Sequence[str]) -> Instrument:
    """The questionnaire with the scales asked for; with none, a count of the items that were answered.

    Raises InvalidInstrument with everything that is wrong with a request.
    """
    items = {item.code: item for item in instrument.items}
    problems: list[Problem] = []
    scales = [scale for one in requests if (scale := _scale(one, items, problems))]
    if len({scale.code for scale in scales}) < len(scales):
        problems.append(Problem("two scales have the same name", field="--scale"))
    if problems:
        raise InvalidInstrument("these scales cannot be made", problems=problems)
    scored = tuple(item.code for item in instrument.items if item.kind not in _UNSCORED)
    if not requests and scored:
        counted = {"en": "Number of items answered", "nl": "Aantal beantwoorde vragen"}
        scales = [Scale("N_ANSWERED", counted, "count_answered", scored, {}, "neither", 0.0, float(len(scored)))]
    return replace(instrument, scales=tuple(scales))


def example(instrument: Instrument) -> str:
    """Lines of comment that show how its author may declare a scale; empty where no item can be scored."""
    alike: dict[object, list[str]] = {}
    for item in instrument.items:
        if item.kind not in _UNSCORED:
            alike.setdefault((allowed_codes(item), item.minimum, item.maximum), []).append(item.code)
    if not alike:
        return ""
    codes = max(alike.values(), key=len)
    return "\n".join(
        (
            "# Scales are yours to declare under scales; docs/how-to/define-a-questionnaire.md lists the methods.",
            "#   TOTAL:",
            "#     en: Total",
            "#     method: prorated_sum",
            f"#     items: [{', '.join(codes)}]",
            "#     reverse: []         # those that run the other way",
            "#     rule: half          # how many must be answered",
            "#     higher_is: worse    # better, worse, more or neither",
            "",
        )
    )


def _scale(request: str, items: Mapping[str, Item], problems: list[Problem]) -> Scale | None:
    match = _REQUEST.fullmatch(request.strip())
    if match is None:
        problems.append(
            Problem(f"{request}: expected NAME=ITEM,ITEM:METHOD or NAME=ITEM,ITEM:METHOD:better", "--scale")
        )
        return None
    name, method, higher = match[1], match[3], match[4] or "more"
    codes = tuple(dict.fromkeys(code.strip() for code in match[2].split(",")))
    found = [_fault(code, items) for code in codes]
    if method not in METHODS:
        found.append(f"{method}: expected one of {', '.join(METHODS)}")
    if higher not in get_args(Higher):
        found.append(f"{higher}: expected one of {', '.join(get_args(Higher))}")
    if any(found):
        problems += [Problem(message, field=name) for message in found if message]
        return None
    bounds = [_bounds(items[code]) for code in codes]
    if method == "linear" and len(set(bounds)) > 1:
        problems.append(Problem("the items of a linear scale need the same lowest and highest code", field=name))
    lowest, highest = _range(method, bounds)
    return Scale(name, {"en": name}, method, codes, {}, cast(Higher, higher), lowest, highest)


def _fault(code: str, items: Mapping[str, Item]) -> str:
    if code not in items:
        return f"no item {code}: there are {', '.join(items)}"
    return f"{code} is a {items[code].kind}, which cannot be scored" if items[code].kind in _UNSCORED else ""


def _bounds(item: Item) -> tuple[float, float]:
    codes = allowed_codes(item) or (item.minimum or 0.0, item.maximum or 0.0)
    return float(min(codes)), float(max(codes))


def _range(method: str, bounds: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The lowest and highest value a scale can have."""
    lowest, highest = (edge for edge in zip(*bounds, strict=True))
    return {
        "linear": (0.0, 100.0),
        "mean": (min(lowest), max(highest)),
        "prorated_sum": (len(bounds) * min(lowest), len(bounds) * max(highest)),
        "item_sum": (sum(lowest), sum(highest)),
        "count_answered": (0.0, float(len(bounds))),
    }[method]

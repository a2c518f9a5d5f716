"""How scores, and the figures they are read by, are put into words, in the language of the request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from babel.numbers import format_decimal

from pro_service.domain.instruments import Scale
from pro_service.domain.interpretation import Difference, Reading, Reference, Threshold
from pro_service.domain.results import InstrumentResults, Result, ScaleResults
from pro_service.domain.scoring import need, tariff_scales
from pro_service.domain.yardsticks import Yardstick
from pro_service.web.i18n import words
from pro_service.web.pages import gettext, language
from pro_service.web.workspace.course import Course, course

MINUS = "\u2212"
FINE = 3.0
"""Scales no wider than this are shown with three decimals, others with one where they need it."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One published figure in words, and the number of its source among those of the questionnaire."""

    text: str
    source: int


@dataclass(frozen=True, slots=True)
class Mark:
    """What a figure says of a score: `better`, `worse` or `beyond`, in words."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One scale at one occasion. `missing` says why there is no value; empty where nobody answered."""

    value: str = ""
    missing: str = ""
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One scale: its name, which way it points, its cells, its course (with a text that says the same), its figures."""

    code: str
    label: str
    points: str
    cells: tuple[Cell, ...]
    course: Course | None
    course_text: str
    figures: tuple[Figure, ...]


def rows(found: InstrumentResults) -> tuple[Row, ...]:
    """The scales of a questionnaire as rows."""
    numbered = {key: number for number, key in enumerate(used_sources(found), start=1)}
    priced = tariff_scales(found.instrument)
    return tuple(_row(found, each, numbered, each.stick.scale.code in priced) for each in found.scales)


def used_sources(found: InstrumentResults) -> Mapping[str, tuple[str, bool]]:
    """The sources of the figures that are shown, by key: in full, and whether each figure was compared with it."""
    shown: dict[str, bool] = {}
    for each in found.scales:
        for reading in each.stick.readings:
            shown[reading.source] = shown.get(reading.source, True) and reading.verified
    return {key: (found.instrument.sources[key], verified) for key, verified in shown.items()}


def number(value: float, decimals: int, *, signed: bool = False) -> str:
    """A number as the language writes it; with `signed` always with a sign."""
    shape = f"0.{'0' * decimals}" if decimals else "0"
    text = format_decimal(abs(round(value, decimals)), format=f"#,##{shape}", locale=language())
    if round(value, decimals) < 0:
        return f"{MINUS}{text}"
    return f"+{text}" if signed else text


def _row(found: InstrumentResults, each: ScaleResults, numbered: Mapping[str, int], priced: bool) -> Row:
    scale = each.stick.scale
    decimals = _decimals(scale, each.results)
    label = words(scale.label, language())
    cells = tuple(
        _cell(result, scale, decimals, priced and occasion.made is not None and not occasion.made.value_set)
        for result, occasion in zip(each.results, found.occasions, strict=True)
    )
    through = _through(found, each)
    drawn = course(each.stick, through) if scale.higher_is != "neither" else None
    return Row(
        scale.code,
        label,
        _points(scale),
        cells,
        drawn,
        _course_text(label, each.stick, [value for _, value in through], decimals) if drawn else "",
        tuple(Figure(_in_words(reading, decimals), numbered[reading.source]) for reading in each.stick.readings),
    )


def _cell(result: Result | None, scale: Scale, decimals: int, unpriced: bool) -> Cell:
    if result is None:
        return Cell()
    if result.value is None:
        return Cell(missing=_why(result, scale, unpriced))
    if isinstance(result.value, str):
        return Cell(value=result.value)
    return Cell(number(result.value, decimals), marks=tuple(_marks(result, decimals)))


def _marks(result: Result, decimals: int) -> list[Mark]:
    found, judged = [], result.judged
    if judged.change is not None and judged.verdict in ("better", "worse"):
        size = number(judged.change, decimals, signed=True)
        if judged.verdict == "better":
            found.append(Mark("better", gettext("Better, %(size)s") % {"size": size}))
        else:
            found.append(Mark("worse", gettext("Worse, %(size)s") % {"size": size}))
    if judged.threshold is not None:
        found.append(Mark("beyond", gettext("Beyond threshold")))
    return found


def _why(result: Result, scale: Scale, unpriced: bool) -> str:
    """Why a scale has no score: items answered, and what its rule asks for."""
    if unpriced:
        return gettext("No score: the protocol names no value set")
    needs = need(scale)
    if needs is not None and needs.scales:
        return gettext("No score: a scale it is made of has none")
    told = {"answered": result.answered, "items": result.items}
    if needs is None:  # a sum of counts: which of them it needs depends on the answers before them
        return gettext("No score: %(answered)s of %(items)s answered") % told
    told["least"] = needs.least
    return gettext("No score: %(answered)s of %(items)s answered, %(least)s needed") % told


def _points(scale: Scale) -> str:
    """The range of a scale, and which end is the good one."""
    span = ""
    if scale.minimum is not None and scale.maximum is not None:
        low = f"{scale.minimum:g}" if scale.minimum >= 0 else f"{MINUS}{-scale.minimum:g}"
        span = gettext("%(low)s to %(high)s") % {"low": low, "high": f"{scale.maximum:g}"}
    way = {
        "better": gettext("higher is better"),
        "worse": gettext("higher is worse"),
        "more": gettext("higher is more"),
    }.get(scale.higher_is, "")
    return ", ".join(part for part in (span, way) if part)


def _in_words(reading: Reading, decimals: int) -> str:
    if isinstance(reading, Threshold):
        return _threshold(reading)
    if isinstance(reading, Reference):
        told = {
            "population": words(reading.population, language()),
            "mean": number(reading.mean, decimals),
            "sd": number(reading.sd, decimals),
        }
        return gettext("%(population)s: mean %(mean)s, standard deviation %(sd)s") % told
    return _difference(reading)


def _threshold(one: Threshold) -> str:
    value = {"value": f"{one.value:g}"}
    sides = {
        "below": gettext("Of clinical importance below %(value)s"),
        "above": gettext("Of clinical importance above %(value)s"),
        "from": gettext("Of clinical importance from %(value)s on"),
    }
    return (sides[one.side] % value) + (f" ({one.setting})" if one.setting else "")


def _difference(one: Difference) -> str:
    told = {"size": f"{one.highest:g}", "low": f"{one.lowest:g}", "unit": "%" if one.unit == "percent" else ""}
    if one.lowest == one.highest:
        return gettext("A change of %(size)s%(unit)s matters") % told
    return gettext("A change of %(size)s%(unit)s matters (published: %(low)s to %(size)s)") % told


def _decimals(scale: Scale, results: Sequence[Result | None]) -> int:
    values = [one.value for one in results if one is not None and isinstance(one.value, int | float)]
    if scale.minimum is not None and scale.maximum is not None and scale.maximum - scale.minimum <= FINE:
        return 3
    return 0 if all(float(value).is_integer() for value in values) else 1


def _through(found: InstrumentResults, each: ScaleResults) -> list[tuple[datetime, float]]:
    """The scores that are numbers, with the instant of each, in the order in which they came."""
    through = []
    for occasion, result in zip(found.occasions, each.results, strict=True):
        at = occasion.assessment.submitted_at or occasion.assessment.closes_at
        if at is not None and result is not None and isinstance(result.value, int | float):
            through.append((at, float(result.value)))
    return sorted(through)


def _course_text(label: str, stick: Yardstick, values: Sequence[float], decimals: int) -> str:
    told = {"scale": label, "values": ", ".join(number(value, decimals) for value in values)}
    limit = f". {_threshold(stick.thresholds[0])}" if stick.thresholds else ""
    return gettext("%(scale)s over time: %(values)s") % told + limit

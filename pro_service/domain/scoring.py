"""From answers to scale scores: ONE engine, which scores one form and a million alike.

A column per item (float64, NaN where there is no answer) goes in, a column per scale comes out, in catalogue order.
Forms are taken in blocks that fit a processor's cache, so memory beyond input and output stays small and constant.
Nothing is rounded. A value the item does not allow counts as missing, never clipped, and is counted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pro_service.domain.errors import Invalid, InvalidTable, UnknownValueSet
from pro_service.domain.instruments import NA, Answer, Instrument, Item, Scale, allowed_codes
from pro_service.domain.scoring_block import (
    RULES,
    Block,
    Bools,
    Codes,
    Column,
    Counts,
    Floats,
    least,
    names,
)
from pro_service.domain.scoring_methods import METHODS
from pro_service.domain.value_sets import PriceList, Tariff, ValueSet

SCORER_VERSION = "1"
"""Changes with every change of a rule that could change a score; stored with every score."""

DEFAULT_RULE = "default"
"""Each scale's own rule for missing items, as its manual has it."""

BLOCK = 16384
"""Forms scored at a time: a block's codes and a scale's columns stay in a processor's cache."""

_BYTE = 127
"""The highest code a byte holds."""

_NUMERIC = frozenset({"choice", "yes_no", "count", "number", "vas"})


@dataclass(frozen=True, slots=True)
class Forms:
    """Many forms of one instrument, column by column: `values` NaN where there is none, `na` true where n/a."""

    values: Mapping[str, Floats]
    na: Mapping[str, Bools]


@dataclass(frozen=True, slots=True)
class Scores:
    """Per scale a column of values (NaN, or "" in a text scale, where not scorable) and of items answered.

    `invalid` says how many values of an item were not allowed and were taken as missing; items without any are absent.
    """

    values: Mapping[str, Column]
    answered: Mapping[str, Counts]
    invalid: Mapping[str, int]


def scored_items(instrument: Instrument) -> tuple[Item, ...]:
    """The items scoring reads: every one whose answer is a number. Texts and dates are stored, not scored."""
    return tuple(item for item in instrument.items if item.kind in _NUMERIC)


def tariff_scales(instrument: Instrument) -> tuple[str, ...]:
    """The scales that cannot be computed without a value set or price list."""
    direct = {scale.code for scale in instrument.scales if METHODS[scale.method].takes_tariff(scale)}
    return tuple(s.code for s in instrument.scales if s.code in direct or direct & METHODS[s.method].parts(s))


def missing_rules(instrument: Instrument) -> tuple[str, ...]:
    """The missing rules this instrument can be scored under; only the default where no scale has a choice."""
    flexible = any(METHODS[scale.method].takes_rule for scale in instrument.scales)
    return (DEFAULT_RULE, *RULES) if flexible else (DEFAULT_RULE,)


@dataclass(frozen=True, slots=True)
class Need:
    """What a scale needs to be scored: so many `of` its items, these `scales`, more than `percent` of its items."""

    least: int = 0
    of: int = 0
    scales: tuple[str, ...] = ()
    percent: float | None = None


def need(scale: Scale) -> Need | None:
    """What a scale needs by its own rule; None where it only counts its items or multiplies them."""
    method, of = METHODS[scale.method], len(scale.items)
    if parts := names(scale, "scales"):
        percent = scale.params.get("above_percent")
        return Need(of=of, scales=parts, percent=percent if isinstance(percent, float) else None)
    if method.whole or method.takes_rule:
        return Need(of if method.whole else least(scale, DEFAULT_RULE), of)
    return None


def missing_rule(scale: Scale) -> str:
    """How many of its items a scale needs, in words; empty where it only counts them or multiplies them."""
    needs = need(scale)
    if needs is None:
        return ""
    if not needs.scales:
        return f"needs {needs.least} of {needs.of} items"
    overall = f" and more than {needs.percent:g} % of {needs.of} items" if needs.percent is not None else ""
    return f"needs {'all of ' if len(needs.scales) > 1 else ''}{' '.join(needs.scales)}{overall}"


def score(
    instrument: Instrument,
    answers: Mapping[str, Floats],
    *,
    na: Mapping[str, Bools] | None = None,
    value_set: Tariff | None = None,
    missing_rule: str = DEFAULT_RULE,
) -> Scores:
    """Score forms given as one column per item, all of one length.

    Without a value set the scales that need one are missing everywhere. Raises InvalidTable for a column that is
    missing or of another length, UnknownValueSet for one that is another instrument's, Invalid for an unknown rule.
    """
    items = scored_items(instrument)
    size = _length(items, answers)
    _check_tariff(instrument, value_set)
    if missing_rule not in missing_rules(instrument):
        raise Invalid(f"{instrument.code} has no missing rule {missing_rule}: {', '.join(missing_rules(instrument))}")
    values = {scale.code: _empty(scale, size) for scale in instrument.scales}
    answered = {scale.code: np.zeros(size, dtype=np.int16) for scale in instrument.scales}
    invalid = dict.fromkeys((item.code for item in items), 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        for start in range(0, size, BLOCK):
            part = slice(start, min(start + BLOCK, size))
            block = _block(instrument, Forms(answers, na or {}), part, invalid)
            block.tariff, block.rule = value_set, missing_rule
            for scale in instrument.scales:
                column, count = METHODS[scale.method].compute(scale, block)
                block.scales[scale.code] = column
                values[scale.code][part] = column
                answered[scale.code][part] = count
    return Scores(values, answered, {code: count for code, count in invalid.items() if count})


def forms(instrument: Instrument, documents: Sequence[Mapping[str, Answer]]) -> Forms:
    """Stored answer documents as columns. `declined` and texts where a number belongs are missing."""
    values, na = {}, {}
    for item in scored_items(instrument):
        column = [document.get(item.code) for document in documents]
        values[item.code] = np.array([_number(answer) for answer in column], dtype=np.float64)
        if item.allows_na:
            na[item.code] = np.array([answer == NA for answer in column], dtype=np.bool_)
    return Forms(values, na)


def input_hash(instrument: Instrument, answers: Mapping[str, Answer]) -> str:
    """SHA-256 of what a score was made from: instrument, its version and the answers, as canonical JSON."""
    document = {"answers": dict(answers), "instrument": instrument.code, "version": instrument.version}
    return hashlib.sha256(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def clean(item: Item, raw: Floats) -> tuple[Codes | Floats, Bools]:
    """A column with 0 wherever it holds nothing the item allows, and where it does hold something allowed."""
    codes = allowed_codes(item)
    if codes and min(codes) >= 0 and max(codes) <= _BYTE:
        return _clean_codes(codes, raw)
    lowest = -np.inf if item.minimum is None else item.minimum
    highest = np.inf if item.maximum is None else item.maximum
    good = np.isin(raw, codes) if codes else (raw >= lowest) & (raw <= highest)
    if item.kind != "number":
        good &= raw == np.rint(raw)
    value = raw.copy()
    value[~good] = 0.0
    return value, good


def _clean_codes(codes: tuple[int, ...], raw: Floats) -> tuple[Codes, Bools]:
    with np.errstate(invalid="ignore"):
        code = raw.astype(np.int8)
    # what is NaN, a fraction or beyond a byte is no longer itself after the detour over bytes
    good = code.astype(np.float64) == raw
    if len(codes) == max(codes) - min(codes) + 1:
        good &= (code - np.int8(min(codes))).view(np.uint8) <= max(codes) - min(codes)
    else:
        good &= np.isin(code, codes)
    code *= good.view(np.int8)
    return code, good


def _block(instrument: Instrument, forms: Forms, part: slice, invalid: dict[str, int]) -> Block:
    size = part.stop - part.start
    block = Block(instrument, size)
    for item in scored_items(instrument):
        raw = forms.values[item.code][part]
        block.values[item.code], block.answered[item.code] = _, good = clean(item, raw)
        filled = int(np.count_nonzero(good))
        if filled < size:
            invalid[item.code] += size - filled - int(np.count_nonzero(np.isnan(raw)))
        if item.allows_na and item.code in forms.na:
            block.na[item.code] = forms.na[item.code][part] & ~good
    return block


def _length(items: Sequence[Item], answers: Mapping[str, Floats]) -> int:
    absent = [item.code for item in items if item.code not in answers]
    if absent:
        raise InvalidTable(f"no column for {', '.join(absent)}")
    lengths = {len(answers[item.code]) for item in items}
    if len(lengths) > 1:
        raise InvalidTable("the columns differ in length")
    return lengths.pop() if lengths else 0


def _check_tariff(instrument: Instrument, tariff: Tariff | None) -> None:
    fits = (
        tariff is None
        or (isinstance(tariff, ValueSet) and tariff.instrument == instrument.code)
        or (isinstance(tariff, PriceList) and instrument.code in tariff.instruments)
    )
    if not fits and tariff is not None:
        raise UnknownValueSet(f"{tariff.id} is no value set of {instrument.code}")


def _empty(scale: Scale, size: int) -> Column:
    width = METHODS[scale.method].text_width(scale)
    empty: NDArray[np.str_] | Floats = np.zeros(size, dtype=f"<U{width}") if width else np.full(size, np.nan)
    return empty


def _number(answer: Answer | None) -> float:
    return np.nan if answer is None or isinstance(answer, (str, bool)) else float(answer)

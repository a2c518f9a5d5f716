"""Scales estimated from the whole pattern of answers, by an item bank of the graded response model.

The estimate is the mean of what the answers leave of a standard normal prior (EAP), on a fixed grid of the trait; its
error is that distribution's standard deviation. Both come as T scores: 50 is the mean of the reference population and
10 its standard deviation. An item without an answer takes no part, so a form partly answered is estimated as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pro_service.domain.instruments import Scale
from pro_service.domain.scoring_block import Block, Counts, Floats, Scored, bounds, least

GRID = np.linspace(-4.0, 4.0, 81)
"""Where the trait is looked at: every tenth of a standard deviation."""

_PRIOR = -0.5 * GRID**2
_PART = 1024
"""Forms estimated at a time: their likelihoods stay in a processor's cache."""


def pattern(scale: Scale, block: Block) -> Scored:
    """The T score of the answers, or with `error` its standard error. `rule` says how many must be answered."""
    n = block.count(scale.items)
    bank = parameters(scale)
    key = tuple((code, *bank[code]) for code in scale.items)
    if key not in block.estimates:  # a score and its error come of the same estimate
        block.estimates[key] = _estimates(scale, block)
    mean, deviation = block.estimates[key]
    value = 10.0 * deviation if scale.params.get("error") else 50.0 + 10.0 * mean
    value[n < least(scale, block.rule)] = np.nan
    return value, n


def chances(discrimination: float, thresholds: Sequence[float]) -> Floats:
    """The chance of each answer, lowest first, at each point of the grid: one row per answer."""
    above = 1.0 / (1.0 + np.exp(-discrimination * (GRID - np.asarray(thresholds)[:, np.newaxis])))
    edges = np.vstack([np.ones_like(GRID), above, np.zeros_like(GRID)])
    found: Floats = edges[:-1] - edges[1:]
    return found


def parameters(scale: Scale) -> Mapping[str, Sequence[float]]:
    """Per item of the scale its discrimination, then its thresholds."""
    value = scale.params.get("bank", {})
    return value if isinstance(value, Mapping) else {}


def _estimates(scale: Scale, block: Block) -> tuple[Floats, Floats]:
    tables = [_logarithms(*parameters(scale)[code]) for code in scale.items]
    places = [_places(block, code) for code in scale.items]
    mean, deviation = np.empty(block.size), np.empty(block.size)
    for start in range(0, block.size, _PART):
        part = slice(start, min(start + _PART, block.size))
        logs = np.repeat(_PRIOR[np.newaxis, :], part.stop - start, axis=0)
        for table, place in zip(tables, places, strict=True):
            logs += table[place[part]]
        logs -= logs.max(axis=1, keepdims=True)
        weights = np.exp(logs, out=logs)
        total = weights.sum(axis=1)
        middle = (weights * GRID).sum(axis=1) / total
        away = GRID - middle[:, np.newaxis]
        mean[part] = middle
        deviation[part] = np.sqrt((weights * away**2).sum(axis=1) / total)
    return mean, deviation


def _logarithms(discrimination: float, *thresholds: float) -> Floats:
    """Row 0 for no answer, which weighs nothing; then a row per answer."""
    return np.vstack([np.zeros_like(GRID), np.log(chances(discrimination, thresholds))])


def _places(block: Block, code: str) -> Counts:
    """Which row of its table each form's answer is: 0 without one."""
    lowest = int(bounds(block.instrument.item(code))[0])
    place: Counts = (block.values[code].astype(np.int16) - np.int16(lowest - 1)) * block.answered[code]
    return place

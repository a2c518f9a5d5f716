"""Stored scores: what waits to be scored, and all scales of one response revision under one scorer version."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict
from uuid import UUID

from pro_service.domain.instruments import Answers, Instrument
from pro_service.domain.scoring import DEFAULT_RULE, SCORER_VERSION, forms, input_hash, score
from pro_service.domain.value_sets import Tariff


class ScaleScore(TypedDict):
    """One scale: None where not scorable, a number or (a profile) a text; how many of its items were answered."""

    value: float | str | None
    n_answered: int
    n_items: int


@dataclass(frozen=True, slots=True)
class PendingForm:
    """A response revision that has no scores yet, and under which protocol it was given."""

    response_id: UUID
    revision: int
    instrument: str
    version: str
    answers: Answers
    study_id: UUID
    study_version_id: UUID


@dataclass(frozen=True, slots=True)
class ScoreSet:
    """All scales of one response revision, with everything that says how they came about."""

    response_id: UUID
    revision: int
    instrument: str
    instrument_version: str
    scorer_version: str
    value_set: str
    missing_rule: str
    input_hash: str
    scales: Mapping[str, ScaleScore]


def score_sets(instrument: Instrument, pending: Sequence[PendingForm], tariff: Tariff | None) -> Iterator[ScoreSet]:
    """The scores of many forms of one instrument under one value set, in the order given."""
    columns = forms(instrument, [form.answers for form in pending])
    result = score(instrument, columns.values, na=columns.na, value_set=tariff)
    values = {code: [_plain(value) for value in column.tolist()] for code, column in result.values.items()}
    answered = {code: column.tolist() for code, column in result.answered.items()}
    sizes = {scale.code: len(scale.items) for scale in instrument.scales}
    for row, form in enumerate(pending):
        yield ScoreSet(
            response_id=form.response_id,
            revision=form.revision,
            instrument=instrument.code,
            instrument_version=instrument.version,
            scorer_version=SCORER_VERSION,
            value_set=tariff.id if tariff else "",
            missing_rule=DEFAULT_RULE,
            input_hash=input_hash(instrument, form.answers),
            scales={
                code: ScaleScore(value=values[code][row], n_answered=answered[code][row], n_items=size)
                for code, size in sizes.items()
            },
        )


def _plain(value: float | str) -> float | str | None:
    missing = value == "" if isinstance(value, str) else math.isnan(value)
    return None if missing else value

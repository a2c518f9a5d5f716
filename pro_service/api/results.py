"""Scores: one participant's, beside the figures that help to read them and what each was made with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from marshmallow import fields

from pro_service.api.shapes import Instant, Shape, words
from pro_service.domain.interpretation import Difference, Reference, Threshold
from pro_service.domain.results import InstrumentResults, Occasion, ScaleResults
from pro_service.domain.scoring import missing_rule
from pro_service.http.transaction import recorded, work
from pro_service.services import results

bp = APIBlueprint("results", __name__, tag="Scores")
CITED = {
    "description": "A publication, or where its figures can be looked up; verified: the figure was compared with it."
}


class Cited(Shape):
    source = fields.String(required=True, metadata=CITED)
    verified = fields.Boolean(required=True)


class ThresholdOut(Cited):
    side = fields.String(required=True, metadata={"description": "below, above or from"})
    value = fields.Float(required=True)
    setting = fields.String(required=True, metadata={"description": "Says more where there are several; or empty."})


class DifferenceOut(Cited):
    lowest = fields.Float(required=True)
    highest = fields.Float(required=True, metadata={"description": "The one that `beyond_mid` uses."})
    unit = fields.String(required=True, metadata={"description": "points, or percent of the score at baseline"})
    direction = fields.String(required=True, metadata={"description": "better, worse or either"})


class ReferenceOut(Cited):
    population = fields.String(required=True)
    mean = fields.Float(required=True)
    sd = fields.Float(required=True)
    people = fields.Integer(required=True, allow_none=True)


class ScaleOut(Shape):
    scale = fields.String(required=True)
    label = fields.String(required=True)
    higher_is = fields.String(required=True, metadata={"description": "better, worse, more or neither"})
    minimum = fields.Float(required=True, allow_none=True)
    maximum = fields.Float(required=True, allow_none=True)
    missing_rule = fields.String(required=True, metadata={"description": "How many of its items it needs."})
    thresholds = fields.List(fields.Nested(ThresholdOut), required=True)
    differences = fields.List(fields.Nested(DifferenceOut), required=True)
    references = fields.List(fields.Nested(ReferenceOut), required=True)


class Provenance(Shape):
    """With what a set of scores was made."""

    instrument_version = fields.String(required=True)
    scorer_version = fields.String(required=True)
    value_set = fields.String(required=True, metadata={"description": "Empty where none is needed."})
    missing_rule = fields.String(required=True, metadata={"description": "default: each scale's own."})
    input_hash = fields.String(required=True, metadata={"description": "SHA-256 of answers, instrument and version."})
    revision = fields.Integer(required=True, metadata={"description": "Of the answers that were scored."})
    computed_at = Instant(required=True)


class ScoreOut(Shape):
    scale = fields.String(required=True)
    value = fields.Float(required=True, allow_none=True, metadata={"description": "null: the rules allow no score."})
    value_text = fields.String(required=True, allow_none=True, metadata={"description": "Of a scale that is a text."})
    items_answered = fields.Integer(required=True)
    items = fields.Integer(required=True)
    beyond_threshold = fields.Boolean(required=True, allow_none=True)
    change_from_baseline = fields.Float(required=True, allow_none=True)
    beyond_mid = fields.String(required=True, allow_none=True, metadata={"description": "better, worse or no"})


class OccasionOut(Shape):
    assessment_id = fields.UUID(required=True)
    timepoint = fields.String(required=True)
    occurrence = fields.Integer(required=True)
    status = fields.String(required=True)
    submitted_at = Instant(required=True, allow_none=True)
    provenance = fields.Nested(Provenance, required=True, allow_none=True, metadata={"description": "null: no scores."})
    scores = fields.List(fields.Nested(ScoreOut), required=True)


class InstrumentScores(Shape):
    instrument = fields.String(required=True)
    title = fields.String(required=True)
    scales = fields.List(fields.Nested(ScaleOut), required=True)
    occasions = fields.List(fields.Nested(OccasionOut), required=True)


class ScoresOut(Shape):
    participant_id = fields.UUID(required=True)
    code = fields.String(required=True)
    baseline = fields.String(required=True, metadata={"description": "The timepoint that scores are compared with."})
    items = fields.List(fields.Nested(InstrumentScores), required=True)


@bp.get("/participants/<uuid:participant_id>/scores")
@recorded
@bp.output(ScoresOut)
def of_participant(participant_id: UUID) -> Any:
    """A participant's scores, with what helps to read them. The audit trail says who read them.

    Nothing here is a diagnosis, and no figure ever changes a score. Where no figure can be cited there is null.
    """
    found = results.of_participant(work(), participant_id=participant_id)
    return {
        "participant_id": found.participant.id,
        "code": found.participant.code,
        "baseline": found.baseline,
        "items": [_instrument(one) for one in found.instruments],
    }


def _instrument(found: InstrumentResults) -> dict[str, Any]:
    one = found.instrument
    return {
        "instrument": one.code,
        "title": words(one.title, "en"),
        "scales": [_scale(each, one.sources) for each in found.scales],
        "occasions": [_occasion(occasion, found.scales, place) for place, occasion in enumerate(found.occasions)],
    }


def _scale(found: ScaleResults, sources: Mapping[str, str]) -> dict[str, Any]:
    stick, one = found.stick, found.stick.scale
    return {
        "scale": one.code,
        "label": words(one.label, "en"),
        "higher_is": one.higher_is,
        "minimum": one.minimum,
        "maximum": one.maximum,
        "missing_rule": missing_rule(one),
        "thresholds": _figures(stick.thresholds, ("side", "value", "setting"), sources),
        "differences": _figures(stick.differences, ("lowest", "highest", "unit", "direction"), sources),
        "references": [
            {**figure, "population": words(each.population, "en")}
            for each, figure in zip(
                stick.references, _figures(stick.references, ("mean", "sd", "people"), sources), strict=True
            )
        ],
    }


def _figures(
    figures: Iterable[Threshold | Difference | Reference], names: Iterable[str], sources: Mapping[str, str]
) -> list[dict[str, Any]]:
    return [
        {**{name: getattr(one, name) for name in names}, "source": sources[one.source], "verified": one.verified}
        for one in figures
    ]


def _occasion(occasion: Occasion, scales: Iterable[ScaleResults], place: int) -> dict[str, Any]:
    one, made = occasion.assessment, occasion.made
    provenance = made and {
        "instrument_version": occasion.version,
        "revision": occasion.revision,
        **{name: getattr(made, name) for name in _MADE},
    }
    return {
        "assessment_id": one.id,
        "timepoint": one.timepoint,
        "occurrence": one.occurrence,
        "status": str(occasion.status),
        "submitted_at": one.submitted_at,
        "provenance": provenance,
        "scores": [score for each in scales if (score := _score(each, place)) is not None],
    }


_MADE = ("scorer_version", "value_set", "missing_rule", "input_hash", "computed_at")


def _score(found: ScaleResults, place: int) -> dict[str, Any] | None:
    result = found.results[place]
    if result is None:
        return None
    is_text = isinstance(result.value, str)
    return {
        "scale": found.stick.scale.code,
        "value": None if is_text else result.value,
        "value_text": result.value if is_text else None,
        "items_answered": result.answered,
        "items": result.items,
        "beyond_threshold": result.judged.beyond,
        "change_from_baseline": result.judged.change,
        "beyond_mid": result.judged.verdict,
    }

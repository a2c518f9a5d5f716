"""Corrections: change an answer after the form was handed in. What it said before stays, with who, when and why."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from marshmallow import fields, validate

from pro_service.api.shapes import REVISION, Answers, Shape, Whole
from pro_service.http.transaction import work
from pro_service.services import corrections

bp = APIBlueprint("corrections", __name__, tag="Assessments")


class CorrectionIn(Shape):
    answers = Answers(required=True)
    reason = fields.String(required=True, validate=validate.Length(min=1, max=2000))
    revision = Whole(load_default=None, allow_none=True, validate=REVISION)


class CorrectionOut(Shape):
    revision = fields.Integer(required=True, metadata={"description": "The revision that holds the corrected answers."})


@bp.post("/responses/<uuid:response_id>/corrections")
@bp.input(CorrectionIn)
@bp.output(CorrectionOut, status_code=201)
def correct(response_id: UUID, json_data: dict[str, Any]) -> Any:
    """Correct answers of a form that is submitted or closed. A reason is compulsory; the form is scored again."""
    return {"revision": corrections.correct(work(), response_id=response_id, **json_data)}

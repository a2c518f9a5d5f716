"""Why a participant did, or did not, get a message: every decision with its reason, every attempt with its outcome."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from marshmallow import fields

from pro_service.api.shapes import Instant, Shape
from pro_service.domain.deliveries import Explanation
from pro_service.http.transaction import work
from pro_service.services import explanations

bp = APIBlueprint("deliveries", __name__, tag="Participants")


class DeliveryQuery(Shape):
    day = fields.Date(load_default=None, metadata={"description": "One local day of the participant; else all."})


class AttemptOut(Shape):
    number = fields.Integer(required=True)
    started_at = Instant(required=True)
    finished_at = Instant(required=True, allow_none=True)
    outcome = fields.String(required=True, allow_none=True)
    detail = fields.String(required=True)


class DeliveryOut(Shape):
    id = fields.UUID(required=True)
    occasion = fields.String(required=True)
    assessment_ids = fields.List(fields.UUID(), required=True)
    local_day = fields.Date(required=True)
    channel = fields.String(required=True)
    decision = fields.String(required=True)
    reason = fields.String(required=True)
    decided_at = Instant(required=True)
    due_at = Instant(required=True, allow_none=True)
    outcome = fields.String(required=True, allow_none=True, metadata={"description": "sent, failed or unknown."})
    sent_at = Instant(required=True, allow_none=True)
    attempts = fields.List(fields.Nested(AttemptOut), required=True)


class DeliveryList(Shape):
    items = fields.List(fields.Nested(DeliveryOut), required=True)


@bp.get("/participants/<uuid:participant_id>/deliveries")
@bp.input(DeliveryQuery, location="query")
@bp.output(DeliveryList)
def listing(participant_id: UUID, query_data: dict[str, date | None]) -> Any:
    """Everything decided about a participant's messages, oldest first: why sent, why not."""
    day = query_data["day"]
    if day is None:
        found = explanations.history(work(), participant_id=participant_id)
    else:
        found = explanations.explain(work(), participant_id=participant_id, day=day)
    return {"items": [_shown(one) for one in found]}


def _shown(explained: Explanation) -> dict[str, Any]:
    one = explained.delivery
    return {
        **{name: getattr(one, name) for name in DeliveryOut._declared_fields if name != "attempts"},
        "attempts": explained.attempts,
    }

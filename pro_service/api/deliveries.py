"""Why a participant did, or did not, get a message: every decision with its reason, every attempt with its outcome."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from marshmallow import fields, validate

from pro_service.api.shapes import Instant, Shape
from pro_service.domain.deliveries import Explanation
from pro_service.http.transaction import recorded, work
from pro_service.services import explanations, outcomes

bp = APIBlueprint("deliveries", __name__, tag="Participants")


class DeliveryQuery(Shape):
    day = fields.Date(load_default=None, metadata={"description": "One local day of the participant; else all."})


class AttemptOut(Shape):
    number = fields.Integer(required=True)
    started_at = Instant(required=True)
    handed_at = Instant(
        required=True,
        allow_none=True,
        metadata={"description": "From when on it may have arrived; null: certainly not by this attempt."},
    )
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


class SilenceOut(Shape):
    """Why nothing was decided on a day, and when something will be, as things stand."""

    reason = fields.String(required=True, metadata={"example": "no message was due; open: baseline"})
    next_at = Instant(required=True, allow_none=True)
    next_timepoint = fields.String(required=True, allow_none=True)


class DeliveryList(Shape):
    items = fields.List(fields.Nested(DeliveryOut), required=True)
    silence = fields.Nested(
        SilenceOut,
        required=True,
        allow_none=True,
        metadata={"description": "Where a day was asked for and nothing was decided on it: why. Else null."},
    )


class TroubleQuery(Shape):
    outcome = fields.String(required=True, validate=validate.OneOf(outcomes.OVER))


class TroubleOut(DeliveryOut):
    recipient = fields.String(required=True, validate=validate.OneOf(["participant", "staff", "webhook"]))
    participant_id = fields.UUID(required=True, allow_none=True)
    code = fields.String(required=True, metadata={"description": "The participant's code; empty for others."})
    site = fields.String(required=True)


class TroubleList(Shape):
    items = fields.List(fields.Nested(TroubleOut), required=True)


class ResendIn(Shape):
    attempts = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(min=0, max=1000),
        metadata={"description": "How many attempts you saw; a 409 where it was tried since."},
    )
    reason = fields.String(required=True, validate=validate.Length(min=1, max=2000))


class SettleIn(Shape):
    outcome = fields.String(required=True, validate=validate.OneOf(["sent", "failed"]))
    reason = fields.String(required=True, validate=validate.Length(min=1, max=2000))


@bp.get("/participants/<uuid:participant_id>/deliveries")
@recorded
@bp.input(DeliveryQuery, location="query")
@bp.output(DeliveryList)
def listing(participant_id: UUID, query_data: dict[str, date | None]) -> Any:
    """Everything decided about a participant's messages, oldest first: why sent, why not; and why nothing, of a day."""
    day = query_data["day"]
    if day is None:
        history = explanations.history(work(), participant_id=participant_id)
        return {"items": [_shown(one) for one in history], "silence": None}
    found = explanations.of_day(work(), participant_id=participant_id, day=day)
    return {"items": [_shown(one) for one in found.decided], "silence": found.silence}


@bp.get("/studies/<study>/deliveries")
@bp.input(TroubleQuery, location="query")
@bp.output(TroubleList)
def troubled(study: str, query_data: dict[str, str]) -> Any:
    """Messages that failed, or of which nobody knows whether they arrived, the newest 500 first."""
    found = outcomes.listing(work(), study=study, outcome=query_data["outcome"])
    return {"items": [_troubled(one) for one in found]}


@bp.post("/deliveries/<uuid:delivery_id>/resend")
@bp.input(ResendIn)
@bp.output(DeliveryOut)
def resend(delivery_id: UUID, json_data: dict[str, Any]) -> Any:
    """Send a message that failed or is in doubt once more, as soon as nothing speaks against it. 409 for any other."""
    one = outcomes.resend(work(), delivery_id=delivery_id, **json_data)
    return _shown(outcomes.with_attempts(work(), one))


@bp.post("/deliveries/<uuid:delivery_id>/settlement")
@bp.input(SettleIn)
@bp.output(DeliveryOut)
def settle(delivery_id: UUID, json_data: dict[str, Any]) -> Any:
    """Put on record what was found out about a message in doubt. 409 for one that is not."""
    one = outcomes.settle(work(), delivery_id=delivery_id, **json_data)
    return _shown(outcomes.with_attempts(work(), one))


def _shown(explained: Explanation) -> dict[str, Any]:
    one = explained.delivery
    return {
        **{name: getattr(one, name) for name in DeliveryOut._declared_fields if name != "attempts"},
        "attempts": explained.attempts,
    }


def _troubled(one: outcomes.Trouble) -> dict[str, Any]:
    facts = {"recipient": one.delivery.recipient, "participant_id": one.delivery.participant_id}
    return {**_shown(Explanation(one.delivery, one.attempts)), **facts, "code": one.code, "site": one.site}

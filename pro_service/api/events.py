"""Trial events of a participant: recorded, corrected, retracted; and what each would do to the schedule."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from marshmallow import fields, validate

from pro_service.api.shapes import CODE, Instant, Shape
from pro_service.domain.schedule import Change
from pro_service.http.transaction import work
from pro_service.services import events

bp = APIBlueprint("events", __name__, tag="Participants")

PREVIEWED: Any = {
    "description": "What recording it would change (preview=true).",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/RecordedOut"}}},
}


class EventIn(Shape):
    """A fact with its date. `on` null takes back an event that did not happen after all."""

    kind = fields.String(required=True, validate=CODE, metadata={"example": "surgery"})
    on = fields.Date(required=True, allow_none=True)
    actual = fields.Boolean(
        load_default=None,
        allow_none=True,
        metadata={"description": "False: planned, not happened yet. Left out: planned where `on` lies ahead."},
    )
    reason = fields.String(load_default="", validate=validate.Length(max=2000))


class PreviewQuery(Shape):
    preview = fields.Boolean(load_default=False, metadata={"description": "Answer with the changes and write nothing."})


class EventOut(Shape):
    id = fields.UUID(required=True)
    kind = fields.String(required=True)
    on = fields.Date(required=True, allow_none=True)
    actual = fields.Boolean(required=True)
    recorded_at = Instant(required=True)
    recorded_by = fields.String(required=True)
    reason = fields.String(required=True)
    supersedes_id = fields.UUID(required=True, allow_none=True)


class EventList(Shape):
    items = fields.List(fields.Nested(EventOut), required=True)


class Window(Shape):
    opens_at = Instant(required=True, allow_none=True)
    due_at = Instant(required=True, allow_none=True)
    closes_at = Instant(required=True, allow_none=True)


class ChangeOut(Shape):
    """One line of the difference: `kept` means begun or submitted, so it stays although the plan differs."""

    kind = fields.String(required=True, validate=validate.OneOf(["create", "move", "cancel", "revive", "kept"]))
    timepoint = fields.String(required=True)
    occurrence = fields.Integer(required=True)
    assessment_id = fields.UUID(required=True, allow_none=True)
    before = fields.Nested(Window, required=True, allow_none=True)
    after = fields.Nested(Window, required=True)
    reason = fields.String(required=True, allow_none=True)


class RecordedOut(Shape):
    event = fields.Nested(EventOut, required=True, allow_none=True, metadata={"description": "null: a preview."})
    changes = fields.List(fields.Nested(ChangeOut), required=True)


@bp.get("/participants/<uuid:participant_id>/events")
@bp.output(EventList)
def history(participant_id: UUID) -> Any:
    """Everything ever recorded, corrections and retractions included, oldest first."""
    return {"items": events.history(work(), participant_id=participant_id)}


@bp.post("/participants/<uuid:participant_id>/events")
@bp.input(PreviewQuery, location="query")
@bp.input(EventIn)
@bp.output(RecordedOut, status_code=201)
@bp.doc(responses={200: PREVIEWED})
def record(participant_id: UUID, query_data: dict[str, bool], json_data: dict[str, Any]) -> Any:
    """Record an event, or a correction of one, and re-plan; or preview what that would change."""
    if query_data["preview"]:
        changes = events.preview(work(), participant_id=participant_id, **json_data)
        return {"event": None, "changes": [_change(change) for change in changes]}, 200
    recorded = events.record(work(), participant_id=participant_id, **json_data)
    return {"event": recorded.event, "changes": [_change(change) for change in recorded.changes]}


def _change(change: Change) -> dict[str, Any]:
    planned, existing = change.planned, change.existing
    return {
        "kind": change.kind,
        "timepoint": planned.timepoint,
        "occurrence": planned.occurrence,
        "assessment_id": existing and existing.id,
        "before": existing,
        "after": planned,
        "reason": planned.reason,
    }

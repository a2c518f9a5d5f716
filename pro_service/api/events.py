"""Trial events of a participant: recorded, corrected, retracted; and what each would do to the schedule."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from marshmallow import fields, validate

from pro_service.api.shapes import CODE, Instant, Shape
from pro_service.domain.assessments import Assessment, Status, status
from pro_service.domain.consequences import Consequence
from pro_service.domain.protocol import OCCASIONS
from pro_service.http.transaction import recorded, work
from pro_service.services import events, schedule
from pro_service.services.events import Recorded

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
    supersedes = fields.UUID(
        load_default=None,
        allow_none=True,
        metadata={"description": "Id of the record you saw and correct; a 409 where another has taken its place."},
    )


class PreviewQuery(Shape):
    preview = fields.Boolean(load_default=False, metadata={"description": "Answer with the changes and write nothing."})


class KnownQuery(Shape):
    """As known when: at an instant, or at the end of a day in the participant's zone; now without either."""

    known_at = Instant(load_default=None, metadata={"example": "2026-05-03T12:00:00+02:00"})
    known_on = fields.Date(load_default=None, metadata={"example": "2026-05-03"})


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


class NoteOut(Shape):
    occasion = fields.String(required=True, validate=validate.OneOf(OCCASIONS))
    at = Instant(
        required=True, allow_none=True, metadata={"description": "null: at once, or as soon as the quiet hours allow."}
    )


class MessagesOut(Shape):
    """What becomes of the messages about it. Those that fall on one day are sent as one."""

    fall_away = fields.List(fields.Nested(NoteOut), required=True)
    come_instead = fields.List(fields.Nested(NoteOut), required=True)


class ChangeOut(Shape):
    """One line of the difference: `kept` means begun or submitted, so it stays although the plan differs.

    Of a kept one, `before` is what it is and stays; `after` is what the plan would have made of it.
    """

    kind = fields.String(required=True, validate=validate.OneOf(["create", "move", "cancel", "revive", "kept"]))
    timepoint = fields.String(required=True)
    occurrence = fields.Integer(required=True)
    assessment_id = fields.UUID(required=True, allow_none=True)
    before = fields.Nested(Window, required=True, allow_none=True)
    after = fields.Nested(Window, required=True)
    reason = fields.String(required=True, allow_none=True)
    stays = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf(["begun", "submitted"]),
        metadata={"description": "Why a kept one stays; null for all others."},
    )
    messages = fields.Nested(MessagesOut, required=True)


class RecordedOut(Shape):
    event = fields.Nested(EventOut, required=True, allow_none=True, metadata={"description": "null: a preview."})
    supersedes = fields.Nested(
        EventOut,
        required=True,
        allow_none=True,
        metadata={"description": "What was known before; null where nothing was. A correction may name its id."},
    )
    changes = fields.List(fields.Nested(ChangeOut), required=True)


class KnownAssessment(Window):
    id = fields.UUID(required=True)
    timepoint = fields.String(required=True)
    occurrence = fields.Integer(required=True)
    status = fields.String(required=True, validate=validate.OneOf([str(status) for status in Status]))
    anchor = fields.String(required=True, allow_none=True)
    anchor_on = fields.Date(required=True, allow_none=True)
    target_on = fields.Date(required=True, allow_none=True)
    cancel_reason = fields.String(required=True, allow_none=True)


class ScheduleOut(Shape):
    known_at = Instant(required=True)
    items = fields.List(fields.Nested(KnownAssessment), required=True)


@bp.get("/participants/<uuid:participant_id>/events")
@recorded
@bp.input(KnownQuery, location="query")
@bp.output(EventList)
def history(participant_id: UUID, query_data: dict[str, Any]) -> Any:
    """Everything recorded by then, corrections and retractions included, oldest first."""
    return {"items": events.history(work(), participant_id=participant_id, **query_data)}


@bp.get("/participants/<uuid:participant_id>/schedule")
@recorded
@bp.input(KnownQuery, location="query")
@bp.output(ScheduleOut)
def known_schedule(participant_id: UUID, query_data: dict[str, Any]) -> Any:
    """The assessments as they stood then: every date that has moved since as it was, in protocol order."""
    known = schedule.as_known(work(), participant_id=participant_id, **query_data)
    items = [{**_facts(one), "status": status(one, known.at)} for one in known.assessments]
    return {"known_at": known.at, "items": items}


@bp.post("/participants/<uuid:participant_id>/events")
@bp.input(PreviewQuery, location="query")
@bp.input(EventIn)
@bp.output(RecordedOut, status_code=201)
@bp.doc(responses={200: PREVIEWED})
def record(participant_id: UUID, query_data: dict[str, bool], json_data: dict[str, Any]) -> Any:
    """Record an event, or a correction of one, and re-plan; or preview what that would change."""
    if query_data["preview"]:
        seen = events.preview(work(), participant_id=participant_id, **json_data)
        return {**_recorded(seen), "event": None}, 200
    return _recorded(events.record(work(), participant_id=participant_id, **json_data))


def _recorded(recorded: Recorded) -> dict[str, Any]:
    changes = [_change(one) for one in recorded.consequences]
    return {"event": recorded.event, "supersedes": recorded.before, "changes": changes}


def _facts(one: Assessment) -> dict[str, Any]:
    return {name: getattr(one, name) for name in KnownAssessment().fields if name != "status"}


def _change(one: Consequence) -> dict[str, Any]:
    planned, existing = one.change.planned, one.change.existing
    return {
        "kind": one.change.kind,
        "timepoint": planned.timepoint,
        "occurrence": planned.occurrence,
        "assessment_id": existing and existing.id,
        "before": existing,
        "after": planned,
        "reason": planned.reason,
        "stays": one.stays,
        "messages": one,
    }

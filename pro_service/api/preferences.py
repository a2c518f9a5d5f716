"""What a person chose about messages, as staff read and change it on their behalf. A patient's own is under /me."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from marshmallow import fields, validate

from pro_service.api.shapes import CODE, Shape
from pro_service.domain.participants import Participant
from pro_service.domain.preferences import BUTTON, NO, TAP, TEXT_SIZES, YES
from pro_service.http.transaction import recorded, runtime, work
from pro_service.services import participants, preferences

bp = APIBlueprint("preferences", __name__, tag="Participants")

CLOCK = validate.Regexp(r"^([01]\d|2[0-3]):[0-5]\d\Z")
YES_OR_NO = validate.OneOf([YES, NO])


class PreferencesIn(Shape):
    """How a person wants to be reached and shown things; only what is given changes, and null takes a choice back."""

    language = fields.String(validate=validate.Regexp(r"^[a-z]{2}(-[A-Z]{2})?\Z"), metadata={"example": "nl"})
    channel = fields.String(
        allow_none=True,
        validate=CODE,
        metadata={"description": "email, sms, webpush (what this installation has), or none.", "example": "email"},
    )
    invitation = fields.String(allow_none=True, validate=YES_OR_NO)
    reminder = fields.String(allow_none=True, validate=YES_OR_NO)
    paused_until = fields.Date(allow_none=True, metadata={"description": "The last day of the pause."})
    quiet_from = fields.String(allow_none=True, validate=CLOCK, metadata={"example": "21:00"})
    quiet_until = fields.String(allow_none=True, validate=CLOCK, metadata={"example": "08:00"})
    text_size = fields.String(allow_none=True, validate=validate.OneOf(TEXT_SIZES))
    moving_on = fields.String(
        allow_none=True,
        validate=validate.OneOf([BUTTON, TAP]),
        metadata={"description": "What leads on from a question whose answer is chosen: a button, or the tap itself."},
    )


class PreferencesOut(Shape):
    language = fields.String(required=True)
    timezone = fields.String(required=True)
    preferences = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


def changed(participant_id: UUID, given: dict[str, Any]) -> Participant:
    """The participant after these choices."""
    choices = {name: value.isoformat() if isinstance(value, date) else value for name, value in given.items()}
    language = choices.pop("language", None)
    return preferences.change(
        work(), participant_id=participant_id, channels=runtime().channels, language=language, choices=choices
    )


@bp.get("/participants/<uuid:participant_id>/preferences")
@recorded
@bp.output(PreferencesOut)
def show(participant_id: UUID) -> Any:
    """How this person wants to be reached."""
    return participants.by_id(work(), participant_id=participant_id)


@bp.patch("/participants/<uuid:participant_id>/preferences")
@bp.input(PreferencesIn)
@bp.output(PreferencesOut)
def prefer(participant_id: UUID, json_data: dict[str, Any]) -> Any:
    """Change it on the person's behalf: somebody who telephones, or cannot use the page."""
    return changed(participant_id, json_data)

"""What a patient sees and does: their own questionnaires, nothing of anyone else."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import Response
from marshmallow import fields, validate

from pro_service.api.assessments import AssessmentList, DraftIn, FormOut, SavedOut, form_response, list_of
from pro_service.api.preferences import PreferencesIn, changed
from pro_service.api.shapes import Instant, Shape, instant
from pro_service.domain import subscriptions
from pro_service.domain.errors import Conflict, Forbidden
from pro_service.domain.responses import Draft
from pro_service.http.authentication import actor
from pro_service.http.transaction import runtime, work
from pro_service.services import assessments, contacts, participants, preferences, responses

bp = APIBlueprint("me", __name__, tag="Me (patient)")


class Me(Shape):
    id = fields.UUID(required=True)
    code = fields.String(required=True)
    language = fields.String(required=True)
    timezone = fields.String(required=True)
    preferences = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


class SubmissionIn(Shape):
    """Nothing, or the last answers per instrument: then they are stored and submitted in one step."""

    responses = fields.Dict(keys=fields.String(), values=fields.Nested(DraftIn), load_default=dict)


class Submission(Shape):
    submitted_at = Instant(required=True)


class PushKeys(Shape):
    p256dh = fields.String(required=True, validate=validate.Length(min=1, max=200))
    auth = fields.String(required=True, validate=validate.Length(min=1, max=100))


class PushSubscription(Shape):
    """What `PushSubscription.toJSON()` of a browser gives."""

    endpoint = fields.String(required=True, validate=validate.Length(min=1, max=2000))
    keys = fields.Nested(PushKeys, required=True)
    expirationTime = fields.Float(load_default=None, allow_none=True)  # noqa: N815  # the browser's own name for it


class PushKey(Shape):
    public_key = fields.String(
        required=True, allow_none=True, metadata={"description": "null: this installation sends no push messages."}
    )
    subscribed = fields.Boolean(required=True)


def _me() -> UUID:
    """The participant who asks; Forbidden for staff."""
    who = actor()
    if who.kind != "participant":
        raise Forbidden("This is for patients.")
    return UUID(who.id)


def draft(data: dict[str, Any]) -> Draft:
    """A draft from its body."""
    return Draft(answers=data["answers"], revision=data["revision"], seen=data["seen"], language=data["language"])


@bp.get("/me")
@bp.output(Me)
def me() -> Any:
    """Who I am in this study."""
    return participants.by_id(work(), participant_id=_me())


@bp.get("/me/assessments")
@bp.output(AssessmentList)
def mine() -> Any:
    """My questionnaires: past, open and to come."""
    participant = participants.by_id(work(), participant_id=_me())
    return list_of(assessments.listing(work(), participant_id=participant.id), language=participant.language)


@bp.get("/me/assessments/<uuid:assessment_id>")
@bp.output(FormOut)
def form(assessment_id: UUID) -> Any:
    """The questionnaires of one assessment to show: items, options, what to skip, wording, and my answers so far."""
    _me()
    return form_response(assessments.form(work(), assessment_id=assessment_id))


@bp.patch("/me/assessments/<uuid:assessment_id>/responses/<instrument>")
@bp.input(DraftIn)
@bp.output(SavedOut)
def save(assessment_id: UUID, instrument: str, json_data: dict[str, Any]) -> Any:
    """Save some answers.

    The same request twice is harmless. Different items merge; an item that somebody else has changed since `revision`
    is a 409 `stale-revision` with the current answers.
    """
    _me()
    return responses.save(work(), assessment_id=assessment_id, instrument=instrument, **json_data)


@bp.post("/me/assessments/<uuid:assessment_id>/submission")
@bp.input(SubmissionIn)
@bp.output(Submission)
def submit(assessment_id: UUID, json_data: dict[str, Any]) -> Any:
    """Submit an assessment, storing its last answers in the same step if they come along; again answers the same."""
    _me()
    drafts = {instrument: draft(data) for instrument, data in json_data["responses"].items()}
    done = responses.submit(work(), assessment_id=assessment_id, drafts=drafts, closing=True)
    return Response(f'{{"submitted_at":"{instant(done.submitted_at)}"}}', mimetype="application/json")


@bp.get("/me/push-subscription")
@bp.output(PushKey)
def push_key() -> Any:
    """What a browser needs to subscribe to push messages, and whether one of mine has."""
    me, webpush = _me(), runtime().channels.get("webpush")
    subscribed = webpush is not None and "webpush" in preferences.offered(
        work(), participant_id=me, channels={"webpush": webpush}
    )
    return {"public_key": webpush.public_key if webpush else None, "subscribed": subscribed}


@bp.put("/me/push-subscription")
@bp.input(PushSubscription)
@bp.output({}, status_code=204)
def subscribe(json_data: dict[str, Any]) -> Any:
    """Keep my browser's push subscription, sealed like an address, in place of the one before.

    409 where this installation sends no push messages. It is used once I choose the channel `webpush`.
    """
    me = _me()
    webpush = runtime().channels.get("webpush")
    if webpush is None:
        raise Conflict("this installation sends no push messages")
    hosts = runtime().settings.push_hosts.split()
    kept = subscriptions.read(json_data["endpoint"], **json_data["keys"], hosts=hosts, sender=webpush.public_key)
    contacts.subscribe(work(), participant_id=me, subscription=kept)
    return "", 204


@bp.delete("/me/push-subscription")
@bp.output({}, status_code=204)
def unsubscribe() -> Any:
    """Forget my browser's push subscription; harmless where there is none."""
    contacts.subscribe(work(), participant_id=_me(), subscription=None)
    return "", 204


@bp.patch("/me/preferences")
@bp.input(PreferencesIn)
@bp.output(Me)
def prefer(json_data: dict[str, Any]) -> Any:
    """Change my language, channel, which messages I want, a pause, quiet hours or text size.

    Turning messages off is not leaving the study: whoever has a link can still answer.
    """
    return changed(_me(), json_data)

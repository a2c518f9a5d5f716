"""Webhooks: other systems that are told, signed, what happens in a study: codes and ids, nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import url_for
from marshmallow import fields, validate

from pro_service.api.shapes import CODE, Instant, Shape, Whole
from pro_service.domain.webhooks import EVENTS, OVERLAP, Webhook
from pro_service.http.transaction import runtime, work
from pro_service.services import webhooks
from pro_service.services.webhooks import MOST_OVERLAP

bp = APIBlueprint("webhooks", __name__, tag="Webhooks")

HOUR = timedelta(hours=1)
EVENT = validate.OneOf(EVENTS)
URL = validate.Length(min=1, max=2000)
LABEL = validate.Length(max=200)
SOME = validate.Length(min=1, max=len(EVENTS))


class WebhookQuery(Shape):
    study = fields.String(load_default="", validate=validate.Length(max=64))


class WebhookIn(Shape):
    study = fields.String(required=True, validate=CODE)
    site = fields.String(load_default="", metadata={"description": "Only this site; else the whole study."})
    url = fields.String(required=True, validate=URL, metadata={"example": "https://edc.example.org/pro"})
    events = fields.List(fields.String(validate=EVENT), required=True, validate=SOME)
    label = fields.String(load_default="", validate=LABEL)


class WebhookChange(Shape):
    url = fields.String(load_default=None, allow_none=True, validate=URL)
    events = fields.List(fields.String(validate=EVENT), load_default=None, allow_none=True, validate=SOME)
    label = fields.String(load_default=None, allow_none=True, validate=LABEL)
    enabled = fields.Boolean(
        load_default=None,
        allow_none=True,
        metadata={"description": "Enabled again, it is told what it missed."},
    )


class WebhookOut(Shape):
    id = fields.UUID(required=True)
    study = fields.String(required=True)
    site = fields.String(required=True)
    url = fields.String(required=True)
    events = fields.List(fields.String(), required=True)
    label = fields.String(required=True)
    created_at = Instant(required=True)
    enabled = fields.Boolean(required=True)
    disabled_at = Instant(required=True, allow_none=True)
    disabled_because = fields.String(required=True)
    previous_secret_until = Instant(required=True, allow_none=True)


class WebhookList(Shape):
    items = fields.List(fields.Nested(WebhookOut), required=True)


class NewWebhookOut(WebhookOut):
    secret = fields.String(required=True, metadata={"description": "Shown once: what its messages are signed with."})


class SecretIn(Shape):
    overlap_hours = Whole(
        load_default=OVERLAP // HOUR,
        validate=validate.Range(min=0, max=MOST_OVERLAP // HOUR),
        metadata={"description": "For how long the old secret signs as well."},
    )


@bp.get("/webhooks")
@bp.input(WebhookQuery, location="query")
@bp.output(WebhookList)
def listing(query_data: dict[str, str]) -> Any:
    """The endpoints you may see, by study and age."""
    return {"items": [_shown(one) for one in webhooks.listing(work(), study=query_data["study"])]}


@bp.post("/webhooks")
@bp.input(WebhookIn)
@bp.output(NewWebhookOut, status_code=201)
def add(json_data: dict[str, Any]) -> Any:
    """Tell another system what happens from now on. The secret is shown this once."""
    one, secret = webhooks.add(work(), **json_data, reach=runtime().reach)
    return {**_shown(one), "secret": secret}, 201, {"Location": url_for(".one", webhook_id=one.id)}


@bp.get("/webhooks/<uuid:webhook_id>")
@bp.output(WebhookOut)
def one(webhook_id: UUID) -> Any:
    """One endpoint."""
    return _shown(webhooks.by_id(work(), webhook_id=webhook_id))


@bp.patch("/webhooks/<uuid:webhook_id>")
@bp.input(WebhookChange)
@bp.output(WebhookOut)
def change(webhook_id: UUID, json_data: dict[str, Any]) -> Any:
    """Change what is given; enable or disable."""
    return _shown(webhooks.change(work(), webhook_id=webhook_id, **json_data, reach=runtime().reach))


@bp.delete("/webhooks/<uuid:webhook_id>")
@bp.output({}, status_code=204)
def remove(webhook_id: UUID) -> Any:
    """Forget an endpoint and its secret."""
    webhooks.remove(work(), webhook_id=webhook_id)
    return ""


@bp.post("/webhooks/<uuid:webhook_id>/secret")
@bp.input(SecretIn)
@bp.output(NewWebhookOut, status_code=201)
def rotate(webhook_id: UUID, json_data: dict[str, int]) -> Any:
    """A new secret, shown this once. For a while the old one signs as well, so that no message is refused."""
    overlap = json_data["overlap_hours"] * HOUR
    found, secret = webhooks.rotate(work(), webhook_id=webhook_id, overlap=overlap)
    return {**_shown(found), "secret": secret}


def _shown(one: Webhook) -> dict[str, Any]:
    return {
        "id": one.id,
        "study": one.study,
        "site": one.site,
        "url": one.url,
        "events": one.events,
        "label": one.label,
        "created_at": one.created_at,
        "enabled": one.disabled_at is None,
        "disabled_at": one.disabled_at,
        "disabled_because": one.disabled_because,
        "previous_secret_until": one.previous_until,
    }

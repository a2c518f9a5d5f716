"""Sign-in links: the way into a patient's own questionnaires, without a password."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from marshmallow import fields, validate

from pro_service.api.shapes import Shape
from pro_service.http.transaction import runtime, work
from pro_service.services import access

bp = APIBlueprint("links", __name__, tag="Participants")


class LinkIn(Shape):
    """Which assessments the link is for; it lives until all of them are submitted or closed. None: all unfinished."""

    assessments = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=50))


class LinkOut(Shape):
    link = fields.String(required=True, metadata={"description": "Shown once, kept nowhere: hand it to the patient."})
    token = fields.String(required=True)


@bp.post("/participants/<uuid:participant_id>/links")
@bp.input(LinkIn)
@bp.output(LinkOut, status_code=201)
def mint(participant_id: UUID, json_data: dict[str, list[UUID]]) -> Any:
    """Make a sign-in link for a patient who lost theirs."""
    token = access.mint_link(work(), participant_id=participant_id, assessment_ids=json_data["assessments"])
    return {"link": f"{runtime().settings.base_url}/l/{token}", "token": token}

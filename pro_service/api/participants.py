"""Participants: enrol them, list them by site, look one up. Names and addresses go in and never come out here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import url_for
from marshmallow import fields, validate

from pro_service.api.shapes import CODE, SHORT, Instant, PageQuery, Shape, Whole, cursor
from pro_service.domain.participants import Contact, Participant
from pro_service.domain.roles import allows
from pro_service.domain.schedule import TrialEvent
from pro_service.http.authentication import actor
from pro_service.http.transaction import recorded, work
from pro_service.services import participants

bp = APIBlueprint("participants", __name__, tag="Participants")


class ContactIn(Shape):
    """How to reach the person; sealed on arrival, never answered by this API."""

    name = fields.String(load_default=None, allow_none=True, validate=SHORT)
    email = fields.Email(load_default=None, allow_none=True, validate=validate.Length(max=254))
    phone = fields.String(load_default=None, allow_none=True, validate=validate.Regexp(r"^\+?[0-9][0-9 ()./-]{3,29}\Z"))
    birth_year = Whole(load_default=None, allow_none=True, validate=validate.Range(min=1900, max=2100))


class FirstEvent(Shape):
    kind = fields.String(required=True, validate=CODE)
    on = fields.Date(required=True)
    actual = fields.Boolean(load_default=True, metadata={"description": "False: planned, not happened yet."})


class EnrolIn(Shape):
    code = fields.String(required=True, validate=validate.Length(min=1, max=64), metadata={"example": "NKI-061"})
    site = fields.String(required=True, validate=CODE)
    arm = fields.String(load_default=None, allow_none=True, validate=CODE)
    stratum = fields.String(load_default=None, allow_none=True, validate=CODE)
    language = fields.String(load_default="nl", validate=validate.Regexp(r"^[a-z]{2}(-[A-Z]{2})?\Z"))
    timezone = fields.String(load_default=None, allow_none=True, validate=validate.Length(min=1, max=64))
    contact = fields.Nested(ContactIn, load_default=None, allow_none=True)
    eligibility = fields.Dict(
        keys=fields.String(), values=fields.String(validate=validate.OneOf(["yes", "no", "not_sure"])), required=True
    )
    consented_on = fields.Date(load_default=None, allow_none=True)
    events = fields.List(fields.Nested(FirstEvent), load_default=list, validate=validate.Length(max=50))


class ParticipantOut(Shape):
    id = fields.UUID(required=True)
    code = fields.String(required=True)
    site = fields.String(required=True)
    arm = fields.String(required=True, allow_none=True, metadata={"description": "null: unknown, or not yours to see."})
    stratum = fields.String(required=True, allow_none=True)
    language = fields.String(required=True)
    timezone = fields.String(required=True)
    consented_on = fields.Date(required=True, allow_none=True)
    enrolled_at = Instant(required=True, allow_none=True, metadata={"description": "null: parked in screening."})
    open_questions = fields.List(
        fields.String(), required=True, metadata={"description": "Criteria answered not_sure; empty once enrolled."}
    )


class ScreeningIn(Shape):
    """Answers to open questions, and what had not been recorded yet; what is left out stays."""

    eligibility = fields.Dict(
        keys=fields.String(), values=fields.String(validate=validate.OneOf(["yes", "no", "not_sure"])), required=True
    )
    arm = fields.String(load_default=None, allow_none=True, validate=CODE)
    stratum = fields.String(load_default=None, allow_none=True, validate=CODE)
    consented_on = fields.Date(load_default=None, allow_none=True)
    events = fields.List(fields.Nested(FirstEvent), load_default=list, validate=validate.Length(max=50))


class ParticipantPage(Shape):
    items = fields.List(fields.Nested(ParticipantOut), required=True)
    next = fields.String(required=True, allow_none=True)


class ListQuery(PageQuery):
    site = fields.String(load_default=None, validate=CODE)


@bp.get("/studies/<study>/participants")
@bp.input(ListQuery, location="query")
@bp.output(ParticipantPage)
def listing(study: str, query_data: dict[str, Any]) -> Any:
    """Participants of a study by code, those of your site or of all sites."""
    after, limit = query_data["after"], query_data["limit"]
    found = participants.listing(work(), study=study, site=query_data["site"] or "", after=after, limit=limit)
    return {"items": [_seen(one) for one in found], "next": cursor(found[-1].code) if len(found) == limit else None}


@bp.post("/studies/<study>/participants")
@bp.input(EnrolIn)
@bp.output(ParticipantOut, status_code=201)
def enrol(study: str, json_data: dict[str, Any]) -> Any:
    """Enrol a participant.

    One criterion answered `not_sure` parks the person in screening: `enrolled_at` is null and nothing is planned.
    """
    contact = json_data.pop("contact")
    events = [TrialEvent(**event) for event in json_data.pop("events")]
    person = Contact(**contact) if contact else None
    made = participants.enrol(work(), study=study, contact=person, events=events, **json_data)
    return _seen(made), 201, {"Location": url_for(".one", participant_id=made.id)}


@bp.post("/participants/<uuid:participant_id>/screening")
@bp.input(ScreeningIn)
@bp.output(ParticipantOut)
def screen(participant_id: UUID, json_data: dict[str, Any]) -> Any:
    """Answer open questions of somebody parked in screening; with none left, they are enrolled and planned."""
    events = [TrialEvent(**event) for event in json_data.pop("events")]
    return _seen(participants.complete_screening(work(), participant_id=participant_id, events=events, **json_data))


@bp.get("/participants/<uuid:participant_id>")
@recorded
@bp.output(ParticipantOut)
def one(participant_id: UUID) -> Any:
    """One participant."""
    return _seen(participants.by_id(work(), participant_id=participant_id))


def _seen(participant: Participant) -> Participant:
    """The participant as this actor may see them: many roles must not know the arm."""
    return participant if allows(actor(), "arms.read") else replace(participant, arm=None)

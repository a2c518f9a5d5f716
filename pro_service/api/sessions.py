"""Signing in and out. A patient comes with the token of a message, staff with e-mail, password and one-time code."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from marshmallow import fields, validate

from pro_service.api.shapes import Instant, Shape
from pro_service.http import limits
from pro_service.http.authentication import presented_token, public
from pro_service.http.transaction import runtime, work
from pro_service.services import access

bp = APIBlueprint("sessions", __name__, tag="Sessions")


class SignInByLink(Shape):
    token = fields.String(
        required=True, validate=validate.Length(min=1, max=200), metadata={"description": "From a message."}
    )


class SignInByPassword(Shape):
    email = fields.String(required=True, validate=validate.Length(min=3, max=254))
    password = fields.String(required=True, validate=validate.Length(min=1, max=1000))
    code = fields.String(
        required=True, validate=validate.Length(min=1, max=20), metadata={"description": "One-time code."}
    )


class Who(Shape):
    id = fields.UUID(required=True)
    code = fields.String(required=True)


class PatientSession(Shape):
    access_token = fields.String(required=True)
    expires_at = Instant(required=True)
    participant = fields.Nested(Who, required=True)


class StaffSession(Shape):
    access_token = fields.String(required=True)
    expires_at = Instant(required=True)


@bp.post("/sessions/link")
@public
@limits.sign_in
@bp.input(SignInByLink)
@bp.output(PatientSession)
def by_link(json_data: dict[str, str]) -> Any:
    """Sign a patient in with the token of a message.

    The token is the last part of the link's path. It may be used until the questionnaires it is for are submitted or
    closed; opening the link in a browser neither signs in nor spends it.
    """
    signed_in = access.sign_in_with_link(work(), token=json_data["token"], idle=runtime().settings.session_idle)
    participant = {"id": signed_in.participant_id, "code": signed_in.participant_code}
    return {"access_token": signed_in.access_token, "expires_at": signed_in.expires_at, "participant": participant}


@bp.post("/sessions/password")
@public
@limits.sign_in
@bp.input(SignInByPassword)
@bp.output(StaffSession)
def by_password(json_data: dict[str, str]) -> Any:
    """Sign a member of staff in with e-mail, password and one-time code."""
    return access.sign_in_with_password(work(), **json_data)


@bp.delete("/sessions/current")
@bp.output({}, status_code=204)
def sign_out() -> Any:
    """End the session of this request's token."""
    access.sign_out(work(), token=presented_token())
    return ""

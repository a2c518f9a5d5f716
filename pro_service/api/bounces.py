"""Mail that came back, told by whatever receives it: a mail server's filter, or a mail provider's webhook."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from marshmallow import ValidationError, fields, validate, validates_schema

from pro_service.api.shapes import Shape
from pro_service.domain.bounces import of_message_id, read
from pro_service.http.transaction import work
from pro_service.services import bounces

bp = APIBlueprint("bounces", __name__, tag="Messages")

LONGEST_REPORT = 500_000


class BounceIn(Shape):
    """Either the whole report (RFC 3464) as it came, or the Message-ID of the message that came back."""

    report = fields.String(validate=validate.Length(min=1, max=LONGEST_REPORT))
    message_id = fields.String(
        validate=validate.Length(min=1, max=300), metadata={"example": "<01a21c4d-2149-737b-af02-64817c3c298c@clinic>"}
    )
    status = fields.String(
        load_default="",
        validate=validate.Regexp(r"^([245]\.\d{1,3}\.\d{1,3})?\Z"),
        metadata={"description": "With a Message-ID: the status of RFC 3463, if known.", "example": "5.1.1"},
    )

    @validates_schema
    def _one_of_two(self, data: dict[str, Any], **_more: Any) -> None:
        if ("report" in data) == ("message_id" in data):
            raise ValidationError("expected either report or message_id")


class BounceOut(Shape):
    delivery_id = fields.UUID(required=True)
    outcome = fields.String(required=True, allow_none=True)
    address_marked = fields.Boolean(
        required=True, metadata={"description": "Whether this report has marked the address as unreachable."}
    )


@bp.post("/bounces")
@bp.input(BounceIn)
@bp.output(BounceOut)
def record(json_data: dict[str, str]) -> Any:
    """Put on record that a message came back: it has failed, and an address at fault is left alone from now on.

    Needs the scope `deliveries.bounce`. The same report again changes nothing; one about mere delay neither. 404 where
    the message is none of ours.
    """
    if "report" in json_data:
        found = read(json_data["report"].encode())
    else:
        found = of_message_id(json_data["message_id"], json_data["status"])
    return bounces.record(work(), bounce=found)

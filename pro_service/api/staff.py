"""One's own account: which messages a member of staff gets, and in which language."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from marshmallow import fields, validate

from pro_service.api.shapes import Shape
from pro_service.domain.digests import WISHES
from pro_service.domain.staff_texts import LANGUAGES
from pro_service.http.transaction import work
from pro_service.services import staff
from pro_service.storage.staff import Member

bp = APIBlueprint("staff", __name__, tag="Study team")


class StaffPreferences(Shape):
    language = fields.String(validate=validate.OneOf(LANGUAGES))
    messages = fields.String(
        validate=validate.OneOf(WISHES),
        metadata={"description": "all: digests and what is urgent; urgent: only that; none."},
    )


@bp.get("/staff/me/preferences")
@bp.output(StaffPreferences)
def show() -> Any:
    """How you want to be told."""
    return _shown(staff.own(work()))


@bp.patch("/staff/me/preferences")
@bp.input(StaffPreferences)
@bp.output(StaffPreferences)
def prefer(json_data: dict[str, str]) -> Any:
    """Change what is given."""
    return _shown(staff.prefer(work(), language=json_data.get("language"), wish=json_data.get("messages")))


def _shown(member: Member) -> dict[str, str]:
    return {"language": member.language, "messages": member.wish}

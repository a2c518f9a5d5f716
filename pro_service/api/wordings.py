"""Wording packs: the licensed words of one questionnaire in one language, as `pro wording load` takes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from apiflask import APIBlueprint
from marshmallow import fields, validate

from pro_service.api.shapes import CODE, MOST_ITEMS, Shape, Whole
from pro_service.domain.wording import ABOUT, ENDS, LONGEST, NEVER, Entry
from pro_service.http.transaction import work
from pro_service.services import wording

bp = APIBlueprint("wordings", __name__, tag="Studies and questionnaires")

WORDS = validate.Length(min=1, max=LONGEST)
SOME = validate.Length(min=1, max=MOST_ITEMS)
_MEMBERS = {"item": "text", "item_recall": "recall", "unit": "unit", **{end: end for end in ENDS}}
"""What a text is -> the member of an item that has it."""


class ChoiceIn(Shape):
    code = Whole(required=True, validate=validate.Range(min=-(10**6) + 1, max=10**6 - 1))
    label = fields.String(required=True, validate=WORDS)


class QuestionIn(Shape):
    code = fields.String(required=True, validate=CODE)
    text = fields.String(required=True, validate=WORDS)
    recall = fields.String(validate=WORDS, metadata={"description": "Where the item has a recall period of its own."})
    unit = fields.String(validate=WORDS)
    low_end = fields.String(validate=WORDS, metadata={"description": "What the low end of a scale means."})
    high_end = fields.String(validate=WORDS, metadata={"description": "What its high end means."})
    options = fields.List(
        fields.Nested(ChoiceIn),
        validate=SOME,
        metadata={"description": "Every answer, in the order of the definition."},
    )


class PackIn(Shape):
    instrument = fields.String(required=True, validate=WORDS)
    version = fields.String(required=True, validate=WORDS, metadata={"description": "That of the definition."})
    language = fields.String(required=True, validate=WORDS, metadata={"example": "nl"})
    title = fields.String(required=True, validate=WORDS)
    recall = fields.String(validate=WORDS, metadata={"description": "Where the questionnaire has a recall period."})
    owner = fields.String(required=True, validate=WORDS)
    licence = fields.String(required=True, validate=WORDS)
    expires_on = fields.String(
        required=True, validate=WORDS, metadata={"description": f"The licence's last day as YYYY-MM-DD, or {NEVER}."}
    )
    items = fields.List(
        fields.Nested(QuestionIn),
        required=True,
        validate=SOME,
        metadata={"description": "Every item of the definition, in its order."},
    )


class PackOut(Shape):
    instrument = fields.String(required=True)
    version = fields.String(required=True)
    language = fields.String(required=True)
    owner = fields.String(required=True)
    licence = fields.String(required=True)
    expires_on = fields.Date(required=True, allow_none=True)
    sha256 = fields.String(required=True, metadata={"description": "Of the words alone: what each answer carries."})


@bp.post("/wordings")
@bp.input(PackIn)
@bp.output(PackOut, status_code=201)
def load(json_data: dict[str, Any]) -> Any:
    """Load the words of one questionnaire in one language; they are held against the definition, and shown from now on.

    The same pack again changes nothing.
    """
    return wording.load(work(), texts=tuple(_texts(json_data))), 201


def _texts(pack: Mapping[str, Any]) -> Iterator[Entry]:
    """The texts of a body, each with the place of its item as its line."""
    for name in ABOUT:
        if name in pack:
            yield Entry(name, pack[name], 1)
    for place, item in enumerate(pack["items"], start=1):
        for what, member in _MEMBERS.items():
            if member in item:
                yield Entry(what, item[member], place, item=item["code"])
        for option in item.get("options", ()):
            yield Entry("option", option["label"], place, item=item["code"], option=str(option["code"]))

"""What request and answer bodies are made of: strict schemas, instants with offset, cursors, answers to items."""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apiflask import Schema
from marshmallow import RAISE, ValidationError, fields, validate

CODE = validate.Regexp(
    r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z", error="1 to 64 letters, digits, dots, dashes or underscores"
)
REVISION = validate.Range(min=0, max=2**31 - 1)
SHORT = validate.Length(min=1, max=200)
MOST_ITEMS = 500
LONGEST_TEXT = 20_000
BIGGEST_NUMBER = 2**53


class Shape(Schema):
    """A body that takes exactly the members it names."""

    class Meta:
        unknown = RAISE
        ordered = True


class Instant(fields.AwareDateTime):
    """An RFC 3339 instant with its offset; answered in UTC."""

    def __init__(self, **more: Any) -> None:
        super().__init__(format="iso", **more)

    def _serialize(self, value: datetime | None, *_place: Any, **_more: Any) -> str | None:
        return None if value is None else instant(value)


def instant(value: datetime) -> str:
    """How an instant is written in an answer."""
    return value.isoformat().replace("+00:00", "Z")


class Whole(fields.Integer):
    """A whole number in a body. JSON has one kind of number: 2.0 is 2. A number in words is none, nor a fraction."""

    def __init__(self, **more: Any) -> None:
        super().__init__(strict=True, **more)

    def _deserialize(self, value: Any, *place: Any, **more: Any) -> int:
        return super()._deserialize(whole(value), *place, **more)


def whole(value: Any) -> Any:
    """A number without a fraction as the whole number it is; anything else as it came."""
    return int(value) if type(value) is float and value.is_integer() else value


class Answers(fields.Dict):
    """Item code -> answer: a number, a text, or null to clear it. What each item allows is the service's business.

    A whole number is one however it is written: the same answers are the same to the last digit.
    """

    def __init__(self, **more: Any) -> None:
        answer = {
            "anyOf": [
                {"type": "number", "minimum": -BIGGEST_NUMBER, "maximum": BIGGEST_NUMBER},
                {"type": "string", "maxLength": LONGEST_TEXT},
                {"type": "null"},
            ]
        }
        metadata = {"additionalProperties": answer, "maxProperties": MOST_ITEMS, **more.pop("metadata", {})}
        super().__init__(metadata=metadata, **more)

    def _deserialize(self, value: Any, *_place: Any, **_more: Any) -> dict[str, Any]:
        if not isinstance(value, dict) or len(value) > MOST_ITEMS:
            raise ValidationError(f"expected an object of at most {MOST_ITEMS} items")
        wrong = {
            item: ["expected a number, a text or null"]
            for item, answer in value.items()
            if not (type(answer) is int and -BIGGEST_NUMBER <= answer <= BIGGEST_NUMBER) and not _may_be(answer)
        }
        if wrong:
            raise ValidationError(wrong)
        return {item: whole(answer) for item, answer in value.items()}


def _may_be(answer: object) -> bool:
    if isinstance(answer, bool):
        return False
    if isinstance(answer, int | float):
        return -BIGGEST_NUMBER <= answer <= BIGGEST_NUMBER
    return answer is None or (isinstance(answer, str) and len(answer) <= LONGEST_TEXT)


class Seen(fields.Dict):
    """Item code -> the instant at which the device showed it."""

    def __init__(self, **more: Any) -> None:
        metadata = {"additionalProperties": {"type": "string", "format": "date-time"}, "maxProperties": MOST_ITEMS}
        super().__init__(metadata=metadata, **more)

    def _deserialize(self, value: Any, *_place: Any, **_more: Any) -> dict[str, datetime]:
        if not isinstance(value, dict) or len(value) > MOST_ITEMS:
            raise ValidationError(f"expected an object of at most {MOST_ITEMS} items")
        found, wrong = {}, {}
        for item, text in value.items():
            try:
                found[item] = _aware(text)
            except (TypeError, ValueError, OverflowError):
                wrong[item] = ["expected an instant with its offset"]
        if wrong:
            raise ValidationError(wrong)
        return found


def _aware(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("an instant must be aware")
    return moment


def cursor(position: str) -> str:
    """An opaque text for a place in a list."""
    return urlsafe_b64encode(position.encode()).decode().rstrip("=")


class Cursor(fields.String):
    """The place in a list that a cursor stands for."""

    def _deserialize(self, value: Any, *_place: Any, **_more: Any) -> str:
        try:
            found = b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True).decode()
        except (TypeError, ValueError):
            raise ValidationError("not a cursor of ours") from None
        if "\0" in found:
            raise ValidationError("not a cursor of ours")
        return found


class PageQuery(Shape):
    """Which part of a list: `after` is the `next` of the part before."""

    after = Cursor(load_default="", validate=validate.Length(max=300))
    limit = fields.Integer(load_default=100, validate=validate.Range(min=1, max=500))


def words(text: Mapping[str, str], language: str) -> str:
    """A text in that language, else in English, else in whatever there is."""
    return text.get(language) or text.get("en") or next(iter(text.values()), "")

"""The stamps of a response as they lie in the database: items with the same stamp share it.

Thirty answers sent at once have one stamp between them. Written out per item it was three times as long as the answers
themselves, and the longest part of what a submission stores.

    [{"items": ["q1", "q2"], "answered": instant, "revision": 1}, {"items": ["q3"], "seen": instant, ...}]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import TypeDecorator
from sqlalchemy.engine import Dialect

from pro_service.domain.responses import Stamp
from pro_service.storage.metadata import Json


class Stamps(TypeDecorator[Mapping[str, Stamp]]):
    """A column of stamps: item -> {"seen": instant, "answered": instant, "revision": n}, packed."""

    impl = Json
    cache_ok = True

    def process_bind_param(self, value: Mapping[str, Stamp] | None, dialect: Dialect) -> Any:  # noqa: ARG002  # SQLAlchemy's signature
        return None if value is None else packed(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Mapping[str, Stamp] | None:  # noqa: ARG002  # SQLAlchemy's signature
        return None if value is None else unpacked(value)


def packed(stamps: Mapping[str, Stamp]) -> list[dict[str, object]]:
    """Stamps grouped by what they say, in the order in which each is first met."""
    groups: dict[tuple[object, ...], list[str]] = {}
    for item, stamp in stamps.items():
        groups.setdefault((stamp.get("seen"), stamp.get("answered"), stamp.get("revision")), []).append(item)
    names = ("seen", "answered", "revision")
    return [
        {"items": items, **{name: value for name, value in zip(names, said, strict=True) if value is not None}}
        for said, items in groups.items()
    ]


def unpacked(stored: Sequence[Mapping[str, Any]] | Mapping[str, Stamp]) -> dict[str, Stamp]:
    """Stamps by item. Rows written before stamps were shared hold them so already."""
    if isinstance(stored, Mapping):
        return dict(stored)
    found: dict[str, Stamp] = {}
    for group in stored:
        stamp = {name: value for name, value in group.items() if name != "items"}
        found.update(dict.fromkeys(group["items"], stamp))
    return found

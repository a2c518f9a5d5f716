"""Assessments for tests of planning: a plan applied to what exists, as the services do it, without a database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from pro_service.domain.assessments import Assessment
from pro_service.domain.schedule import Planned, changes

PERSON = UUID("00000000-0000-7000-8000-000000000001")
AT = datetime(2026, 1, 12, 9, tzinfo=UTC)


def applied(existing: Sequence[Assessment], planned: Iterable[Planned], at: datetime = AT) -> tuple[Assessment, ...]:
    """What exists after every line of the re-plan was applied, in the order it had, new ones last."""
    held = {one.id: one for one in existing}
    for line in changes(existing, tuple(planned)):
        old = line.existing or _new(line.planned)
        fields: dict[str, Any] = line.fields(at)
        held[old.id] = replace(old, **fields)
    return tuple(held.values())


def begun(existing: Sequence[Assessment], timepoint: str, *, submitted: bool = False) -> tuple[Assessment, ...]:
    """The same assessments, one of them started (and submitted)."""
    return tuple(
        replace(one, started_at=AT, submitted_at=AT if submitted else None) if one.timepoint == timepoint else one
        for one in existing
    )


def _new(planned: Planned) -> Assessment:
    return Assessment(
        id=uuid5(PERSON, f"{planned.timepoint} {planned.occurrence}"),
        participant_id=PERSON,
        timepoint=planned.timepoint,
        occurrence=planned.occurrence,
        anchor=None,
        anchor_on=None,
        target_on=None,
        opens_at=None,
        due_at=None,
        closes_at=None,
        instruments=(),
    )

"""From events to assessments: `plan` computes what should be, `changes` what differs from what is.

All arithmetic is on local calendar dates in the participant's zone and resolved to UTC last, so a clock change moves
nothing. Neither function knows what time it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from pro_service.domain.assessments import Assessment
from pro_service.domain.protocol import Study


@dataclass(frozen=True, slots=True)
class TrialEvent:
    """One event as known now: the newest row of its kind (an actual date supersedes a planned one)."""

    kind: str
    on: date
    actual: bool = True


@dataclass(frozen=True, slots=True)
class Facts:
    """What planning needs to know of a participant. Zone is an IANA name."""

    arm: str
    stratum: str
    timezone: str


@dataclass(frozen=True, slots=True)
class Planned:
    """What one assessment should be. `waiting` has no dates; `cancelled` says why in `reason`."""

    timepoint: str
    occurrence: int
    state: Literal["planned", "waiting", "cancelled"]
    instruments: tuple[str, ...]
    anchor: str | None = None
    anchor_on: date | None = None
    target_on: date | None = None
    opens_at: datetime | None = None
    due_at: datetime | None = None
    closes_at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a re-plan. `kept` says a begun or submitted assessment stays although the plan differs."""

    kind: Literal["create", "move", "cancel", "revive", "kept"]
    planned: Planned
    existing: Assessment | None = None


def plan(study: Study, facts: Facts, events: Sequence[TrialEvent]) -> tuple[Planned, ...]:
    """Every assessment of the protocol for one participant, in protocol order."""
    raise NotImplementedError


def changes(existing: Sequence[Assessment], planned: Sequence[Planned]) -> tuple[Change, ...]:
    """What re-planning would do; empty when nothing would change. Started or submitted ones are never moved."""
    raise NotImplementedError

"""Amendments: a new version of a protocol, and what becomes of the people who are enrolled already.

Everybody is under one version, the newest, and keeps a list of exceptions: the timepoints that an earlier version
governs for them (`follows`: timepoint -> version). The new version says a policy for each timepoint that differs:

    finish_on_old         they keep it as the version says that governs it for them
    move_unopened         it follows the new version, unless theirs has been begun or has opened, or the new window is
                          over already: then they keep it as it was
    newly_enrolled_only   they keep it as it was: not asked, where it is new

The decision is made once, when the amendment is carried out, and kept: whatever happens to a person later, each
timepoint is planned by the version that governs it for them, so re-planning stays idempotent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from pro_service.domain.assessments import Assessment
from pro_service.domain.protocol import Policy, Study, Timepoint
from pro_service.domain.schedule import Change, Planned

Difference = Literal["added", "removed", "changed"]
Follows = Mapping[str, int]
"""Timepoint -> the version that governs it, where that is not the version the person is under."""

ALLOWED: Mapping[Difference, tuple[Policy, ...]] = {
    "added": (Policy.MOVE_UNOPENED, Policy.NEWLY_ENROLLED_ONLY),
    "removed": (Policy.FINISH_ON_OLD, Policy.MOVE_UNOPENED),
    "changed": (Policy.FINISH_ON_OLD, Policy.MOVE_UNOPENED, Policy.NEWLY_ENROLLED_ONLY),
}
"""What may be said of a timepoint that differs so: nobody can finish what was never there."""


@dataclass(frozen=True, slots=True)
class Step:
    """From one version to the next that was activated, with the timepoints that differ, in protocol order."""

    old: Study
    new: Study
    differs: Mapping[str, Difference]

    @property
    def policies(self) -> Mapping[str, Policy]:
        """What the new version says of each timepoint."""
        return self.new.amendment.enrolled if self.new.amendment else {}


@dataclass(slots=True)
class Tally:
    """What becomes of one timepoint, in people: `stays` counts those who keep it as it was."""

    timepoint: str
    difference: Difference
    policy: Policy
    participants: int = 0
    creates: int = 0
    moves: int = 0
    cancels: int = 0
    revives: int = 0
    stays: int = 0


def step(old: Study, new: Study) -> Step:
    """The step from one version to another."""
    return Step(old, new, differences(old, new))


def differences(old: Study, new: Study) -> dict[str, Difference]:
    """The timepoints that are not asked alike: those of the new version in its order, then those that are gone.

    The words of a label are no difference: they follow the version somebody is under.
    """
    before = {one.code: one for one in old.timepoints}
    found: dict[str, Difference] = {}
    for one in new.timepoints:
        if one.code not in before:
            found[one.code] = "added"
        elif not alike(old, before[one.code], new, one):
            found[one.code] = "changed"
    kept = {one.code for one in new.timepoints}
    return found | {code: "removed" for code in before if code not in kept}


def alike(old: Study, before: Timepoint, new: Study, after: Timepoint) -> bool:
    """Whether two timepoints ask the same at the same time, of everybody that both versions know."""
    if schedule_of(before) != schedule_of(after):
        return False
    strata = [stratum for stratum in old.stratum_codes if stratum in new.stratum_codes]
    return all(old.instruments_for(before, stratum) == new.instruments_for(after, stratum) for stratum in strata)


def schedule_of(one: Timepoint) -> tuple[object, ...]:
    """When a timepoint is asked: what two timepoints that are the same but for their code have in common."""
    return (one.anchors, one.target, one.opens, one.closes, one.not_after, one.before)


def followed(
    step: Step, follows: Follows, *, existing: Sequence[Assessment], planned: Sequence[Planned], now: datetime
) -> dict[str, int]:
    """Which timepoints an earlier version governs for one person, once the step has been taken.

    `existing` are the person's assessments and `planned` what the new version alone would make of them.
    """
    held = {one.timepoint: one for one in existing}
    wanted = {one.timepoint: one for one in planned}
    after = {}
    for code in (*dict.fromkeys((*step.differs, *follows)),):
        governs = follows.get(code, step.old.version)
        moves = step.policies.get(code) is Policy.MOVE_UNOPENED and code in step.differs
        if code not in step.differs:
            if code in follows:
                after[code] = governs
        elif not moves or _stays(held.get(code), wanted.get(code), now):
            after[code] = governs
    return after


def _stays(existing: Assessment | None, planned: Planned | None, now: datetime) -> bool:
    """Whether what may move stays nevertheless: it has been begun or has opened, or could not be answered any more."""
    if existing is None:
        return planned is not None and _opened(planned, now)
    over = planned is not None and planned.closes_at is not None and planned.closes_at <= now
    return existing.begun or _opened(existing, now) or over


def _opened(one: Assessment | Planned, now: datetime) -> bool:
    return one.opens_at is not None and one.opens_at <= now


def governing(own: Study, follows: Follows, versions: Mapping[int, Study]) -> Study:
    """The protocol as it governs one person: their version, with the timepoints of earlier ones that they follow.

    `versions` holds those by number. A timepoint that its governing version does not have is not asked.
    """
    timepoints = {one.code: one for one in own.timepoints}
    choices = dict(own.choices)
    for code, number in follows.items():
        earlier = next((one for one in versions[number].timepoints if one.code == code), None)
        if earlier is None:
            timepoints.pop(code, None)
            continue
        renamed = _renamed(versions[number], earlier)
        choices |= {new: versions[number].choices[name] for name, new in renamed.items()}
        asked = tuple(renamed.get(name, name) for name in earlier.instruments)
        timepoints[code] = replace(earlier, instruments=asked)
    return replace(own, timepoints=tuple(timepoints.values()), choices=choices)


def _renamed(study: Study, one: Timepoint) -> dict[str, str]:
    """The choices of a timepoint under names that no other version's can have."""
    return {name: f"{name}@{study.version}" for name in one.instruments if name in study.choices}


def tallies(step: Step) -> dict[str, Tally]:
    """An empty tally for each timepoint that differs."""
    return {code: Tally(code, what, step.policies[code]) for code, what in step.differs.items()}


def count(into: Mapping[str, Tally], follows: Follows, changes: Iterable[Change]) -> None:
    """Count what the step comes to for one person who is enrolled."""
    for code, tally in into.items():
        tally.participants += 1
        tally.stays += code in follows
    for change in changes:
        tally_of = into.get(change.planned.timepoint)
        if tally_of is not None:
            _count(tally_of, change)


def _count(tally: Tally, change: Change) -> None:
    """A cancelled assessment whose dates change has moved; it is cancelled once."""
    already = change.existing is not None and change.existing.cancelled_at is not None
    match change.kind:
        case "create":
            tally.creates += 1
        case "revive":
            tally.revives += 1
        case "cancel" if not already:
            tally.cancels += 1
        case "cancel" | "move":
            tally.moves += 1

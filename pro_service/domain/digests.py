"""Digests: what a member of the study team is told on weekday mornings, when, and when not.

A digest holds codes, names of timepoints and counts of days: no name, no answer, no score, no arm. Its hour is local
time, resolved to an instant last, so a clock change moves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Literal
from uuid import UUID

from pro_service.domain import roles
from pro_service.domain.assessments import Assessment, Status, status
from pro_service.domain.audit import Actor
from pro_service.domain.calendar import local_date, zone
from pro_service.domain.protocol import Study, Text
from pro_service.domain.reminders import Decision, Kind

AT = time(7, 30)
SATURDAY = 5

Wish = Literal["all", "urgent", "none"]
WISHES: tuple[Wish, ...] = ("all", "urgent", "none")
"""Which messages a member of staff wants: digests and what is urgent, only what is urgent, or none."""

ANSWERABLE = (Status.OPEN, Status.IN_PROGRESS)


@dataclass(frozen=True, slots=True)
class Late:
    """One questionnaire that should have been in by now. `days` counts whole days since it was due."""

    study: str
    site: str
    participant: str
    timepoint: Text
    days: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """One message to a participant that failed, or of which nobody knows whether it arrived."""

    delivery_id: UUID
    study: str
    site: str
    participant: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Digest:
    """Everything there is to say to one member of staff."""

    late: tuple[Late, ...] = ()
    troubles: tuple[Trouble, ...] = ()

    @property
    def empty(self) -> bool:
        """Nothing to say."""
        return not self.late and not self.troubles

    def places(self) -> Iterator[tuple[tuple[str, str], list[Late], list[Trouble]]]:
        """By study and site: who is late, the longest first, and what did not arrive."""
        everything: list[Late | Trouble] = [*self.late, *self.troubles]
        both = sorted(everything, key=_place)
        for place, group in groupby(both, key=_place):
            rows = list(group)
            late = [one for one in rows if isinstance(one, Late)]
            troubles = [one for one in rows if isinstance(one, Trouble)]
            yield (
                place,
                sorted(late, key=lambda one: (-one.days, one.participant)),
                sorted(troubles, key=lambda one: (one.participant, one.delivery_id)),
            )


@dataclass(frozen=True, slots=True)
class Reader:
    """A member of staff as far as messages go."""

    actor: Actor
    language: str
    wish: str
    disabled: bool = False
    places: Mapping[str, Sequence[str]] = field(default_factory=dict)  # study -> the sites of it they may see

    def sees(self, study: str, site: str) -> bool:
        """May they see what is at this site of this study?"""
        return site in self.places.get(study, ())


def places(actor: Actor, studies: Sequence[Study]) -> dict[str, tuple[str, ...]]:
    """The sites of each study that this member of staff gets digests about; a study without one is left out."""
    if not roles.allows(actor, "digests.receive") or not roles.allows(actor, "assessments.read"):
        return {}
    seen = {
        study.code: tuple(site for site in study.site_codes if roles.reaches(actor, study=study.code, site=site))
        for study in studies
    }
    return {code: sites for code, sites in seen.items() if sites}


def timezone(seen: Mapping[str, Sequence[str]], studies: Sequence[Study]) -> str:
    """The zone of their one site; of the study, the first by code, where they see several."""
    for study in sorted(studies, key=lambda each: each.code):
        if study.code in seen:
            sites = [site for site in study.sites if site.code in seen[study.code]]
            return sites[0].timezone if len(sites) == 1 and len(seen) == 1 else study.timezone
    return "UTC"


def day(now: datetime, timezone: str) -> date | None:
    """The local day whose digest may go now: a weekday from its morning on; None before it and at the weekend."""
    here = now.astimezone(zone(timezone))
    return here.date() if here.weekday() < SATURDAY and here.time() >= AT else None


def next_at(now: datetime, timezone: str) -> datetime:
    """The first weekday morning after now."""
    today = local_date(now, zone(timezone))
    mornings = (datetime.combine(today + timedelta(days=n), AT, zone(timezone)) for n in range(5))
    return next(at for at in (one.astimezone(UTC) for one in mornings if one.weekday() < SATURDAY) if at > now)


def late(study: Study, found: Sequence[tuple[str, str, Assessment]], now: datetime) -> Iterator[Late]:
    """Of these assessments (participant code, site, assessment), those that are overdue as the protocol says."""
    labels = {timepoint.code: timepoint.label for timepoint in study.timepoints}
    patience = timedelta(days=study.reminders.overdue_after)
    for code, site, one in found:
        if one.due_at is not None and now - one.due_at >= patience and status(one, now) in ANSWERABLE:
            label = labels.get(one.timepoint, {"en": one.timepoint})
            yield Late(study.code, site, code, label, (now - one.due_at).days)


def addressed(reader: Reader, *, late: Sequence[Late], troubles: Sequence[Trouble]) -> Digest:
    """What of all this is for this reader."""
    return Digest(
        tuple(one for one in late if reader.sees(one.study, one.site)),
        tuple(one for one in troubles if reader.sees(one.study, one.site)),
    )


def decide(reader: Reader, digest: Digest) -> Decision:
    """Does this reader get this digest? The first reason against it is the answer."""
    if reader.disabled:
        return Decision(Kind.DISABLED, "the account is closed")
    if not reader.places:
        return Decision(Kind.DISABLED, "may not see any site")
    if reader.wish != "all":
        return Decision(Kind.OPTED_OUT, "wants no digests")
    if digest.empty:
        return Decision(Kind.NOTHING, "nothing to say")
    return Decision(Kind.SEND, "due")


def decide_urgent(reader: Reader) -> Decision:
    """Does this reader get what is urgent? Who may see it at all was asked when it was queued, and is asked again."""
    if reader.disabled:
        return Decision(Kind.DISABLED, "the account is closed")
    if reader.wish == "none":
        return Decision(Kind.OPTED_OUT, "wants no messages")
    return Decision(Kind.SEND, "due")


def _place(one: Late | Trouble) -> tuple[str, str]:
    return one.study, one.site

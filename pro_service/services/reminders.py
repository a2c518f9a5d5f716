"""Reminders: turn what is due into decisions, one message per person and day, each with its reason on record.

A sweep is one transaction. The rows it works on are locked while it lasts and moved to their next time before it ends,
so a second sweep, a second scheduler or a restart half-way decides nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from uuid import UUID

from pro_service.domain import roles, sweeps
from pro_service.domain.deliveries import Delivery
from pro_service.domain.events import ends_of
from pro_service.domain.reminders import local_day
from pro_service.domain.sweeps import Case
from pro_service.services import studies
from pro_service.services.carriers import decided, event
from pro_service.services.work import Work
from pro_service.storage import deliveries
from pro_service.storage.deliveries import Due
from pro_service.storage.metadata import new_id

LIMIT = 1000


@dataclass(slots=True)
class _Outcome:
    """What one sweep is about to write."""

    new: list[Delivery] = field(default_factory=list)
    again: dict[UUID, datetime | None] = field(default_factory=dict)


def sweep(open_work: Callable[[], AbstractContextManager[Work]], *, limit: int = LIMIT) -> int:
    """Decide about every assessment that is due, up to `limit`; how many there were. Fewer than `limit`: all done."""
    with open_work() as work:
        roles.require(work.actor, "deliveries.send")
        due = deliveries.take_due(work.session, now=work.now, limit=limit)
        if due:
            _decide(work, due)
    return len(due)


def _decide(work: Work, due: Sequence[Due]) -> None:
    outcome = _Outcome()
    for case in _cases(work, due):
        _decide_one(work, case, outcome)
    deliveries.add(work.session, outcome.new)
    deliveries.look_again(work.session, outcome.again)
    work.record(*(decided(one) for one in outcome.new))


def _cases(work: Work, due: Sequence[Due]) -> Iterator[Case]:
    """Everything to be known, in a fixed number of questions however many people there are."""
    people = {one.participant.id: one.participant for one in due}
    versions = {one.study_version_id for one in people.values()}
    protocols = {version: studies.of_version(work, study_version_id=version) for version in versions}
    kinds = {kind for study in protocols.values() for kind in ends_of(study)}
    ends = deliveries.ends(work.session, participant_ids=people, kinds=kinds)
    since = min(sweeps.first_day(one.assessment, one.participant.timezone, work.now) for one in due)
    past = deliveries.of_participants(work.session, people, since=since)
    by_person = sorted(due, key=lambda one: one.participant.id)
    for participant_id, group in groupby(by_person, key=lambda one: one.participant.id):
        participant = people[participant_id]
        study, today = protocols[participant.study_version_id], local_day(work.now, participant.timezone)
        ending = ends_of(study)
        yield Case(
            participant,
            study.reminders,
            tuple(one.assessment for one in group),
            past.get(participant_id, []),
            sweeps.ended([one for one in ends.get(participant_id, ()) if one.kind in ending], today),
        )


def _decide_one(work: Work, case: Case, outcome: _Outcome) -> None:
    swept = sweeps.sweep(case, work.now, new_id=new_id)
    if swept.joined is not None:
        waiting, both = swept.joined
        deliveries.say_also(work.session, waiting.id, assessment_ids=both, now=work.now)
        work.record(event("delivery.decide", waiting, {"assessment_ids": (waiting.assessment_ids, both)}))
    outcome.new += swept.new
    outcome.again |= swept.again

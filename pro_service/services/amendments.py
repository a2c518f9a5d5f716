"""Amendments: say what a new version of a protocol would come to for those enrolled, and carry it out.

Carrying out takes a batch of people per transaction, each with their version, their schedule and the audit lines of
both. Somebody is under the old version or under the new, never between; stopped half-way, the rest follows when it is
asked again, as a worker does every minute, and who was done is not touched twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from uuid import UUID

from pro_service.domain import amendments
from pro_service.domain import events as history_of
from pro_service.domain.amendments import Step, Tally
from pro_service.domain.assessments import Assessment
from pro_service.domain.audit import AuditEvent
from pro_service.domain.errors import Conflict
from pro_service.domain.participants import Participant, audited
from pro_service.domain.protocol import Study, StudyVersion
from pro_service.domain.reminders import next_due
from pro_service.domain.roles import require
from pro_service.domain.schedule import Change, plan
from pro_service.services import schedule, studies
from pro_service.services.work import Work
from pro_service.storage import amendments as stored
from pro_service.storage import assessments, events

BATCH = 200
"""People per transaction, and people held in memory."""

OpenWork = Callable[[], AbstractContextManager[Work]]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Difference:
    """What an amendment would come to: the versions, how many people there are, and a tally per timepoint."""

    study: str
    old: int
    new: int
    enrolled: int
    in_screening: int
    tallies: tuple[Tally, ...]


@dataclass(frozen=True, slots=True)
class _Case:
    """One person as the amendment leaves them, with the protocol that governs them then and what it changes."""

    before: Participant
    after: Participant
    study: Study
    existing: Sequence[Assessment]
    changes: tuple[Change, ...]


def difference(work: Work, *, document: str, file: str, progress: Progress) -> Difference:
    """What a study file would change, and for how many participants, if it were loaded and activated now.

    Writes nothing. Raises what loading the file raises; StudyNotActive where there is nothing to amend; Conflict
    while the last amendment has not been carried out for everybody.
    """
    new = studies.read_amendment(work, document=document, file=file)
    active = studies.active_version(work, code=new.code)
    return _difference(work, active.version_id, amendments.step(active.study, new), progress)


def difference_of_newest(work: Work, *, study: str, progress: Progress) -> Difference | None:
    """The same for the newest version that is loaded; None where it is active already, or nothing is amended."""
    newest = studies.candidate(work, code=study)
    if newest.activated_at is not None or not studies.activated(work, code=study):
        return None
    active = studies.active_version(work, code=study)
    new = studies.of_version(work, study_version_id=newest.id)
    return _difference(work, active.version_id, amendments.step(active.study, new), progress)


def carry_out(open_work: OpenWork, *, study: str, progress: Progress) -> int:
    """Bring everybody under the active version, by its policies; answers how many people that were.

    Those who are several versions behind take the steps one after another. The same again does nothing.
    """
    done = brought = 0
    with open_work() as work:
        require(work.actor, "studies.carry_out", study=study)
        versions = studies.activated(work, code=study)
        waiting = stored.counts(work.session, [one.id for one in versions[:-1]])
    total = sum(waiting.get(one.id, 0) * steps for steps, one in enumerate(reversed(versions)))
    for old, new in pairwise(versions):
        while taken := _take_step(open_work, old, new):
            done += taken
            brought += taken if new is versions[-1] else 0
            progress(done, max(total, done))
    return brought


def carry_on(open_work: OpenWork) -> int:
    """Carry out what was stopped half-way, of every study; how many people that were."""
    with open_work() as work:
        stopped = sorted(behind(work))
    return sum(carry_out(open_work, study=study, progress=lambda _done, _total: None) for study in stopped)


def behind(work: Work) -> Mapping[str, int]:
    """Study -> how many participants are under a version that has been left: carrying out was stopped half-way."""
    left, newest = {}, set[str]()
    for version in studies.listing(work):  # by study, newest first
        if version.activated_at is None:
            continue
        if version.code in newest:
            left[version.id] = version.code
        newest.add(version.code)
    found: Counter[str] = Counter()
    for version_id, number in stored.counts(work.session, list(left)).items():
        found[left[version_id]] += number
    return found


def populations(work: Work, versions: Sequence[StudyVersion]) -> Mapping[UUID, int]:
    """How many participants are under each of these versions, which the actor may see; no entry: nobody."""
    return stored.counts(work.session, [one.id for one in versions])


def _take_step(open_work: OpenWork, old: StudyVersion, new: StudyVersion) -> int:
    """One batch of people from one version to the next, in one transaction; how many there were."""
    with open_work() as work:
        people = stored.under(work.session, old.id, after=None, limit=BATCH, lock=True)
        if people:
            protocols = [studies.of_version(work, study_version_id=one.id) for one in (old, new)]
            step = amendments.step(*protocols)
            reason = step.new.amendment.reason if step.new.amendment else ""
            cases = list(_cases(work, step, new.id, people, lock=True))
            stored.change(work.session, [case.after for case in cases])
            work.record(*(_line(case, reason) for case in cases))
            schedule.apply_all(work, ((case.after, case.study, case.changes) for case in cases))
            moved = [row for case in cases for row in _reminded_otherwise(case, step, work.now)]
            assessments.change(work.session, moved)
    return len(people)


def _difference(work: Work, version_id: UUID, step: Step, progress: Progress) -> Difference:
    earlier = studies.activated(work, code=step.old.code)[:-1]
    behind = sum(populations(work, earlier).values())
    if behind:
        raise Conflict(
            f"the last amendment of {step.old.code} has still to be carried out for {behind} participants; "
            f"run: pro study activate {step.old.code}"
        )
    total = stored.counts(work.session, [version_id]).get(version_id, 0)
    tallies, enrolled, seen = amendments.tallies(step), 0, 0
    for people in _pages(work, version_id):
        for case in _cases(work, step, version_id, people, lock=False):
            if schedule.facts_of(case.after) is not None:
                enrolled += 1
                amendments.count(tallies, case.after.follows, case.changes)
        seen += len(people)
        progress(seen, total)
    return Difference(
        step.old.code, step.old.version, step.new.version, enrolled, total - enrolled, tuple(tallies.values())
    )


def _pages(work: Work, version_id: UUID) -> Iterator[tuple[Participant, ...]]:
    after = None
    while people := stored.under(work.session, version_id, after=after, limit=BATCH, lock=False):
        yield people
        after = people[-1].id


def _cases(work: Work, step: Step, version_id: UUID, people: Sequence[Participant], *, lock: bool) -> Iterator[_Case]:
    """What the step comes to for each of these people: two questions to the database, however many they are."""
    ids = [one.id for one in people]
    records = events.of_participants(work.session, ids)
    held = assessments.of_participants(work.session, ids, lock=lock)
    known = studies.activated(work, code=step.old.code)
    versions = {one.version: studies.of_version(work, study_version_id=one.id) for one in known}
    for one in people:
        facts, existing = schedule.facts_of(one), held.get(one.id, [])
        if facts is None:
            yield _Case(one, replace(one, study_version_id=version_id, follows={}), step.new, existing, ())
            continue
        dates = history_of.current(records.get(one.id, ()))
        planned = plan(step.new, facts, dates)
        follows = amendments.followed(step, one.follows, existing=existing, planned=planned, now=work.now)
        after = replace(one, study_version_id=version_id, follows=follows)
        governed = amendments.governing(step.new, follows, versions)
        changes = schedule.difference(after, study=governed, events=dates, existing=existing)
        yield _Case(one, after, governed, existing, changes)


def _line(case: _Case, reason: str) -> AuditEvent:
    names = ("study_version_id", "follows")
    pairs = {name: (getattr(case.before, name), getattr(case.after, name)) for name in names}
    changes = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    return audited(case.after, "participant.amend", case.after.id, changes, reason=reason)


def _reminded_otherwise(case: _Case, step: Step, now: datetime) -> Iterator[dict[str, object]]:
    """Where the amendment changes when people are reminded: the next message of what it leaves as it is."""
    rule, changed = step.new.reminders, {one.existing.id for one in case.changes if one.existing}
    if rule == step.old.reminders:
        return
    for one in case.existing:
        if one.id not in changed and one.next_reminder_at is not None and one.next_reminder_at > now:
            at = next_due(rule, one.opens_at, one.closes_at, case.after.timezone, after=now)
            yield {"id": one.id, "next_reminder_at": at}

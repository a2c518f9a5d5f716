"""Digests: each weekday morning, decide for every member of staff whether there is something to say, and queue it.

A sweep is one transaction. The accounts it works on are locked while it lasts and moved to their next morning before it
ends, and the key of a digest is the account and the local day: a second sweep, a second scheduler or a restart half-way
tells nobody twice. What is said is put together when it is sent (staff_messages.py).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from pro_service.domain import digests as rules
from pro_service.domain import roles
from pro_service.domain.audit import Actor
from pro_service.domain.deliveries import Delivery
from pro_service.domain.digests import Digest, Late, Reader, Trouble
from pro_service.domain.protocol import Study
from pro_service.domain.reminders import Kind
from pro_service.domain.staff_texts import DIGEST
from pro_service.services import carriers, studies
from pro_service.services.work import Work
from pro_service.storage import digests, staff
from pro_service.storage import studies as stored_studies
from pro_service.storage.metadata import new_id
from pro_service.storage.staff import Member

LIMIT = 200
BACK = timedelta(days=7)
"""How long after its day a message may still turn out to have failed: longer than it is ever tried."""

OpenWork = Callable[[], AbstractContextManager[Work]]


@dataclass(slots=True)
class Board:
    """How the active studies stand now: who is late, asked once per study that somebody wants to know of."""

    work: Work
    studies: Mapping[UUID, Study]
    _late: dict[UUID, tuple[Late, ...]] = field(default_factory=dict)

    def late(self, codes: Collection[str]) -> list[Late]:
        """Everybody who is overdue in these studies."""
        return [one for study_id, study in self.studies.items() if study.code in codes for one in self._of(study_id)]

    def troubles(self, codes: Collection[str], *, since: date) -> tuple[Trouble, ...]:
        """The messages of these studies, of days from `since` on, that did not surely arrive."""
        return digests.troubles(self.work.session, studies=codes, since=since) if codes else ()

    def reader(self, member: Member) -> Reader:
        """A member of staff with the sites they get digests about."""
        who = actor(member)
        places = rules.places(who, list(self.studies.values()))
        return Reader(who, member.language, member.wish, member.disabled_at is not None, places)

    def _of(self, study_id: UUID) -> tuple[Late, ...]:
        if study_id not in self._late:
            study, now = self.studies[study_id], self.work.now
            due_by = now - timedelta(days=study.reminders.overdue_after)
            found = digests.past_due(self.work.session, study_id=study_id, due_by=due_by, now=now)
            self._late[study_id] = tuple(rules.late(study, found, now))
        return self._late[study_id]


def sweep(open_work: OpenWork, *, limit: int = LIMIT) -> int:
    """Decide about every digest that is due, up to `limit`; how many there were. Fewer than `limit`: all done."""
    with open_work() as work:
        roles.require(work.actor, "deliveries.send")
        due = staff.take_due(work.session, now=work.now, limit=limit)
        if due:
            _decide(work, due)
    return len(due)


def board(work: Work) -> Board:
    """How the active studies stand: for each the version that new participants are enrolled under."""
    newest: dict[UUID, UUID] = {}
    for version in stored_studies.listing(work.session):  # of each study the newest first
        if version.activated_at is not None:
            newest.setdefault(version.study_id, version.id)
    return Board(work, {one: studies.of_version(work, study_version_id=version) for one, version in newest.items()})


def actor(member: Member) -> Actor:
    """A member of staff as whoever may do something."""
    return Actor("staff", str(member.id), member.role, member.study, member.site, organisation=member.organisation)


def _decide(work: Work, due: Sequence[Member]) -> None:
    state = board(work)
    protocols = list(state.studies.values())
    readers = {member.id: state.reader(member) for member in due}
    zones = {one: rules.timezone(reader.places, protocols) for one, reader in readers.items()}
    days = {
        member.id: day
        for member in due
        if member.next_digest_at is not None
        and readers[member.id].places  # a monitor, say, gets no digests: there is nothing to decide
        and (day := rules.day(work.now, zones[member.id])) is not None
    }
    carriers.queue(work, *_deliveries(work, state, readers, days))
    staff.plan_digests(work.session, {one: rules.next_at(work.now, zone) for one, zone in zones.items()})


def _deliveries(
    work: Work, state: Board, readers: Mapping[UUID, Reader], days: Mapping[UUID, date]
) -> Iterator[Delivery]:
    """One for each whose morning it is, whatever was decided about it."""
    if not days:
        return
    since = min(days.values()) - BACK
    codes = {code for one in days for code in readers[one].places}
    late, troubles = state.late(codes), state.troubles(codes, since=since)
    told = digests.told(work.session, days, occasion=DIGEST, since=since - BACK)
    for one, day in days.items():
        new = [trouble for trouble in troubles if trouble.delivery_id not in told.get(one, ())]
        yield _delivery(work, one, day, readers[one], rules.addressed(readers[one], late=late, troubles=new))


def _delivery(work: Work, staff_id: UUID, day: date, reader: Reader, digest: Digest) -> Delivery:
    decision = rules.decide(reader, digest)
    sends = decision.kind is Kind.SEND
    return Delivery(
        id=new_id(),
        participant_id=None,
        key=f"{DIGEST}:{staff_id}:{day}",
        occasion=DIGEST,
        assessment_ids=(),
        local_day=day,
        channel="",
        decision=decision.kind,
        reason=decision.reason,
        decided_at=work.now,
        due_at=work.now if sends else None,
        recipient="staff",
        staff_id=staff_id,
        about={"late": len(digest.late), "troubles": [str(one.delivery_id) for one in digest.troubles if sends]},
    )

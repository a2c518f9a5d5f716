"""News: read what happened off the sealed audit trail and the calendar, and queue it for the endpoints that ask for it.

Each endpoint has its own place in the trail and in time. Reading on from it, queueing what is found and moving it are
one transaction that holds the endpoint's row: a second reader, a restart, or a kill half-way tells nothing twice and
leaves nothing out. Under a seal no event is missing or still being written, so none can slip in behind the reader.
What a change on record gives dates that lie behind the reader of time is told when that change is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from uuid import UUID

from pro_service.domain import news as rules
from pro_service.domain import roles
from pro_service.domain.assessments import GRACE
from pro_service.domain.audit import AuditLine
from pro_service.domain.deliveries import Delivery
from pro_service.domain.news import SCORED, TOLD, Dated
from pro_service.domain.reminders import Kind
from pro_service.domain.webhooks import Mark, News, Webhook
from pro_service.observability import failure, logger
from pro_service.services import carriers
from pro_service.services.webhooks import LAST
from pro_service.services.work import Work
from pro_service.storage import news, webhooks
from pro_service.storage.metadata import new_id

LIMIT = 500
"""How many things one transaction tells one endpoint at most, of each sort."""

STRETCH = 50_000
"""How many audit events one transaction looks at, most of which are of no interest."""

CHANNEL = "webhook"

log = logger("news")
OpenWork = Callable[[], AbstractContextManager[Work]]


@dataclass(frozen=True, slots=True)
class _Read:
    """What was found, how far the endpoint has been told then, and whether there may be more."""

    told: Webhook
    found: Sequence[News]
    more: bool


def sweep(open_work: OpenWork) -> int:
    """Queue everything that is news to any endpoint; how many messages that made."""
    with open_work() as work:
        roles.require(work.actor, "deliveries.send")
        waiting = webhooks.enabled(work.session)
    return sum(_tell(open_work, webhook_id) for webhook_id in waiting)


def _tell(open_work: OpenWork, webhook_id: UUID) -> int:
    queued, more = 0, True
    try:
        while more:
            with open_work() as work:
                count, more = _tell_some(work, webhook_id)
                queued += count
    except Exception as error:  # one endpoint that cannot be told must not keep the others waiting
        log.error("could not be read for", webhook=str(webhook_id), **failure(error))
    return queued


def _tell_some(work: Work, webhook_id: UUID) -> tuple[int, bool]:
    one = webhooks.take(work.session, webhook_id)
    if one is None:
        return 0, False
    trail = _read_trail(work, one)
    opened = _read_openings(work, trail.told)
    closed = _read_closings(work, opened.told)
    found = {news.key: news for news in chain(trail.found, opened.found, closed.found) if news.type in one.events}
    queued = carriers.queue(work, *(_delivery(one, each, work.now) for each in found.values()))
    if closed.told != one:
        webhooks.told(work.session, closed.told)
    return len(queued), trail.more or opened.more or closed.more


def _read_trail(work: Work, one: Webhook) -> _Read:
    """Read on in the audit trail, as far as it is sealed."""
    sealed = news.sealed_up_to(work.session)
    if sealed <= one.audit_id:
        return _Read(one, (), more=False)
    upto = min(sealed, one.audit_id + STRETCH)
    lines = news.lines(
        work.session,
        study_id=one.study_id,
        after=one.audit_id,
        upto=upto,
        actions=rules.wanted(one),
        scheduled=rules.watches(one),
        limit=LIMIT,
    )
    taken = rules.portion(lines, LIMIT)
    reached = taken[-1].id if len(taken) < len(lines) or len(lines) == LIMIT else upto
    return _Read(replace(one, audit_id=reached), list(_of_lines(work, one, taken)), more=reached < sealed)


def _of_lines(work: Work, one: Webhook, lines: Sequence[AuditLine]) -> Iterator[News]:
    about = {UUID(line.subject_id) for line in lines if line.subject_kind == "assessment"}
    dated = news.dated(work.session, about) if about else {}
    ids = {line.participant_id for line in lines if line.participant_id is not None}
    people = news.people(work.session, ids, site=one.site) if ids else {}
    for line in lines:
        whose = people.get(line.participant_id) if line.participant_id else None
        if whose is not None and line.action in TOLD:
            yield from rules.of_line(line, study=one.study, whose=whose, dated=dated)
    yield from _behind(work, one, [each for each in dated.values() if each.whose.participant_id in people])
    yield from _of_scores(work, one, [line for line in lines if line.action == SCORED])


def _behind(work: Work, one: Webhook, dated: Sequence[Dated]) -> Iterator[News]:
    """What has opened or closed at an instant that the readers of time had gone past when it was set."""
    late = [each for each in dated if rules.passed(each.assessment.opens_at, each.assessment.id, one.opened)]
    yield from rules.opened(late, study=one.study, now=work.now)
    late = [each for each in dated if rules.passed(each.assessment.closes_at, each.assessment.id, one.closed)]
    yield from rules.missed(late, study=one.study, now=work.now)


def _of_scores(work: Work, one: Webhook, lines: Sequence[AuditLine]) -> Iterator[News]:
    if not lines:
        return
    made = {(line.at, line.subject_id) for line in lines}
    found = news.scored(
        work.session,
        study_id=one.study_id,
        site=one.site,
        at={at for at, _ in made},
        instruments={instrument for _, instrument in made},
    )
    yield from rules.of_scores((each for each in found if (each.computed_at, each.instrument) in made), study=one.study)


def _read_openings(work: Work, one: Webhook) -> _Read:
    if "assessment.opened" not in one.events:
        return _Read(one, (), more=False)
    found = news.opening(
        work.session, study_id=one.study_id, site=one.site, after=one.opened, until=work.now, limit=LIMIT
    )
    mark = _reached([(each.assessment.opens_at, each.assessment.id) for each in found], one.opened, work.now)
    told = list(rules.opened(found, study=one.study, now=work.now))
    return _Read(replace(one, opened=mark), told, more=len(found) == LIMIT)


def _read_closings(work: Work, one: Webhook) -> _Read:
    if "assessment.missed" not in one.events:
        return _Read(one, (), more=False)
    until = work.now - GRACE
    found = news.closing(work.session, study_id=one.study_id, site=one.site, after=one.closed, until=until, limit=LIMIT)
    mark = _reached([(each.assessment.closes_at, each.assessment.id) for each in found], one.closed, until)
    told = list(rules.missed(found, study=one.study, now=work.now))
    return _Read(replace(one, closed=mark), told, more=len(found) == LIMIT)


def _reached(found: Sequence[tuple[datetime | None, UUID]], before: Mark, until: datetime) -> Mark:
    """How far a reading of time has come: to its last row where there may be more, else to the end of its time."""
    at, last = found[-1] if found else (None, LAST)
    if len(found) == LIMIT and at is not None:
        return Mark(at, last)
    return Mark(until, LAST) if until > before.at else before


def _delivery(one: Webhook, each: News, now: datetime) -> Delivery:
    return Delivery(
        id=new_id(),
        participant_id=None,
        key=f"webhook:{one.id}:{each.key}",
        occasion=each.type,
        assessment_ids=(),
        local_day=now.date(),
        channel=CHANNEL,
        decision=Kind.SEND,
        reason="the endpoint asks for it",
        decided_at=now,
        due_at=now,
        recipient="webhook",
        webhook_id=one.id,
        study_id=one.study_id,
        about={"at": each.at.isoformat(), "data": dict(each.data)},
    )

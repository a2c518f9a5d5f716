"""Deliveries: every message decided on, with the decision, its reason, each attempt and the outcome.

`key` is what makes a message the same message (for a participant: person, local day, number of that day): the database
refuses a second one, and a row that is not for exactly one recipient of the kind it names. A delivery's id is its
Message-ID. What was tried to send it: attempts.py.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Row,
    Table,
    Text,
    bindparam,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from pro_service.domain.assessments import Assessment
from pro_service.domain.deliveries import Delivery
from pro_service.domain.errors import Conflict, NotFound
from pro_service.domain.participants import Participant
from pro_service.domain.reminders import Kind
from pro_service.domain.schedule import TrialEvent
from pro_service.storage import assessments, bulk, participants
from pro_service.storage.assessments import assessment
from pro_service.storage.events import trial_event
from pro_service.storage.metadata import Id, Instant, Json, metadata, new_id, partial_index
from pro_service.storage.participants import participant
from pro_service.storage.prepared import Prepared
from pro_service.storage.session import Session

delivery = Table(
    "delivery",
    metadata,
    Column("id", Id, primary_key=True, default=new_id),
    Column("participant_id", Id, ForeignKey("participant.id")),
    Column("key", Text, nullable=False, unique=True),
    Column("occasion", Text, nullable=False),  # invitation | reminder | what else its carrier knows how to say
    Column("assessment_ids", Json, nullable=False),
    Column("local_day", Date, nullable=False),
    Column("channel", Text, nullable=False, default=""),
    Column("decision", Text, nullable=False),  # send | superseded | submitted | closed | withdrawn | ...
    Column("reason", Text, nullable=False, default=""),
    Column("decided_at", Instant, nullable=False),
    Column("due_at", Instant),  # when to (re)try sending; NULL: nothing left to do
    Column("claimed_until", Instant),
    Column("outcome", Text),  # sent | failed | unknown; NULL: not yet
    Column("sent_at", Instant),
    Column("recipient", Text, nullable=False, server_default=text("'participant'")),  # participant | staff | webhook
    Column("staff_id", Id, ForeignKey("staff.id")),
    Column("webhook_id", Id),  # no foreign key: what was sent stays on record when the endpoint is gone
    Column("study_id", Id, ForeignKey("study.id")),  # what a message to staff or a webhook is about
    Column("about", Json, nullable=False, server_default=text("'{}'")),  # ids and codes it is made from when sent
    CheckConstraint(
        "CASE recipient"
        " WHEN 'participant' THEN participant_id IS NOT NULL AND staff_id IS NULL AND webhook_id IS NULL"
        " WHEN 'staff' THEN staff_id IS NOT NULL AND participant_id IS NULL AND webhook_id IS NULL"
        " WHEN 'webhook' THEN webhook_id IS NOT NULL AND participant_id IS NULL AND staff_id IS NULL"
        " ELSE false END",
        name="one_recipient",
    ),
    partial_index("ix_delivery_due", "due_at", where="due_at IS NOT NULL"),
    partial_index("ix_delivery_trouble", "outcome", where="outcome IN ('failed', 'unknown')"),
    Index("ix_delivery_participant_id_local_day", "participant_id", "local_day"),
    partial_index("ix_delivery_staff_id_local_day", "staff_id", "local_day", where="staff_id IS NOT NULL"),
)

_NAMES = tuple(field.name for field in fields(Delivery))
_COLUMNS = tuple(delivery.c[field.name] for field in fields(Delivery))
_BLANK: Mapping[str, object] = {
    **dict.fromkeys(("claimed_until", "outcome", "sent_at", "staff_id", "webhook_id", "study_id")),
    "recipient": "participant",
    "about": {},
}
"""What most new deliveries leave to the database's defaults."""


def _unclaimed(now: Any) -> Any:
    return or_(delivery.c.claimed_until.is_(None), delivery.c.claimed_until <= now)


def _claiming() -> Any:
    now = bindparam("now", type_=Instant)
    due = (
        select(delivery.c.id)
        .where(delivery.c.due_at <= now, _unclaimed(now))
        .order_by(delivery.c.due_at)
        .limit(bindparam("limit", type_=Integer))
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    return (
        update(delivery)
        .where(delivery.c.id.in_(select(due.c.id)))
        .values(claimed_until=bindparam("until", type_=Instant))
        .returning(*_COLUMNS)
        .execution_options(housekeeping=True)
    )


_CLAIM = _claiming()


@dataclass(frozen=True, slots=True)
class Due:
    """An assessment about which something is to be said, with its person."""

    assessment: Assessment
    participant: Participant


_TAKE = Prepared(
    select(*assessments.COLUMNS, *participants.COLUMNS)
    .join(participant, participant.c.id == assessment.c.participant_id)
    .where(assessment.c.next_reminder_at <= bindparam("now", type_=Instant))
    .order_by(assessment.c.next_reminder_at)
    .limit(bindparam("limit", type_=Integer))
    .with_for_update(of=[assessment, participant], skip_locked=True, key_share=True)
)


def take_due(session: Session, *, now: datetime, limit: int) -> tuple[Due, ...]:
    """The assessments due longest, held with their people until the end of the transaction; others' are skipped."""
    split, rows = len(assessments.COLUMNS), _TAKE.rows(session, {"now": now, "limit": limit})
    return tuple(Due(assessments.from_values(row[:split]), participants.from_values(row[split:])) for row in rows)


def next_at(session: Session) -> datetime | None:
    """When something is to be decided or sent next, which may be in the past; None: never, as things stand."""
    firsts = (select(func.min(assessment.c.next_reminder_at)), select(func.min(delivery.c.due_at)))
    found = [session.execute(first).scalar_one() for first in firsts]
    return min((at for at in found if at is not None), default=None)


def look_again(session: Session, times: Mapping[UUID, datetime | None]) -> None:
    """Set when each assessment, by id, is to be looked at next; None: never.

    One statement per instant, not per assessment: ten in the morning is the same instant for a whole country.
    """
    by_time: dict[datetime | None, list[UUID]] = {}
    for one, at in times.items():
        by_time.setdefault(at, []).append(one)
    for at, ids in by_time.items():
        changed = update(assessment).where(bulk.among(session, assessment.c.id, ids)).values(next_reminder_at=at)
        session.execute(changed.execution_options(housekeeping=True))


def ends(
    session: Session, *, participant_ids: Collection[UUID], kinds: Collection[str]
) -> dict[UUID, list[TrialEvent]]:
    """The events of these kinds as they are known now, by participant."""
    later = trial_event.alias("later")
    query = (
        select(trial_event.c.participant_id, trial_event.c.kind, trial_event.c.on_date, trial_event.c.actual)
        .outerjoin(later, later.c.supersedes_id == trial_event.c.id)
        .where(
            bulk.among(session, trial_event.c.participant_id, participant_ids),
            trial_event.c.kind.in_(kinds),
            trial_event.c.on_date.is_not(None),
            later.c.id.is_(None),
        )
        .order_by(trial_event.c.on_date)
    )
    found: dict[UUID, list[TrialEvent]] = {}
    for participant_id, kind, on, actual in session.execute(query):
        found.setdefault(participant_id, []).append(TrialEvent(kind, on, actual))
    return found


def of_participants(session: Session, participant_ids: Collection[UUID], *, since: date) -> dict[UUID, list[Delivery]]:
    """Everything decided for these people for local days from `since` on, oldest first, by participant."""
    query = (
        select(*_COLUMNS)
        .where(bulk.among(session, delivery.c.participant_id, participant_ids), delivery.c.local_day >= since)
        .order_by(delivery.c.decided_at, delivery.c.id)
    )
    found: dict[UUID, list[Delivery]] = {}
    for row in session.execute(query):
        found.setdefault(row.participant_id, []).append(_delivery(row))
    return found


def add(session: Session, new: Sequence[Delivery]) -> None:
    """Store decisions, in one statement. Conflict where one of their keys is taken."""
    blank = [name for name, value in _BLANK.items() if all(getattr(one, name) == value for one in new)]
    names = [name for name in _NAMES if name not in blank]
    bulk.add(session, delivery, [_plain({name: getattr(one, name) for name in names}) for one in new])


def add_missing(session: Session, new: Sequence[Delivery]) -> frozenset[UUID]:
    """Store those whose key is not taken, also by somebody at this moment; the ids of those stored."""
    known = select(delivery.c.key).where(bulk.among(session, delivery.c.key, [one.key for one in new]))
    taken = set(session.execute(known).scalars()) if new else set()
    new = [one for one in new if one.key not in taken]
    if not new:
        return frozenset()
    dialect = postgresql if session.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(delivery).on_conflict_do_nothing(index_elements=["key"]).returning(delivery.c.id)
    return frozenset(session.execute(statement, [_values(one) for one in new]).scalars())


def say_also(session: Session, delivery_id: UUID, *, assessment_ids: Sequence[UUID], now: datetime) -> None:
    """Make a message that is still to be sent speak of these assessments. Conflict where somebody is sending it now."""
    statement = (
        update(delivery)
        .where(delivery.c.id == delivery_id, delivery.c.due_at.is_not(None), _unclaimed(now))
        .values(assessment_ids=[str(one) for one in assessment_ids])
    )
    if session.execute(statement).rowcount != 1:
        raise Conflict("this message is being sent just now")


def claim_due(session: Session, *, now: datetime, until: datetime, limit: int) -> tuple[Delivery, ...]:
    """The messages due longest, claimed until then, oldest first; empty where nothing is due.

    Finding and claiming are one statement, so two senders never hold the same message.
    """
    rows = session.execute(_CLAIM, {"now": now, "until": until, "limit": limit})
    return tuple(sorted(map(_delivery, rows), key=lambda one: (one.due_at or now, one.id)))


def let_go(session: Session, ids: Sequence[UUID], *, due_at: datetime | None = None) -> None:
    """Free messages we claimed for whoever comes next; with `due_at`, not before then."""
    if ids:
        later = {} if due_at is None else {"due_at": due_at}
        freed = update(delivery).where(bulk.among(session, delivery.c.id, ids)).values(claimed_until=None, **later)
        session.execute(freed.execution_options(housekeeping=True))


def still_held(session: Session, claimed: Sequence[Delivery]) -> tuple[Delivery, ...]:
    """Those of the claimed whose claim nobody took over, as they are now, in the order given."""
    query = select(*_COLUMNS).where(bulk.among(session, delivery.c.id, [one.id for one in claimed]))
    now = {row.id: _delivery(row) for row in session.execute(query)}
    return tuple(now[one.id] for one in claimed if now[one.id].claimed_until == one.claimed_until)


def change_held(
    session: Session, held: Sequence[Delivery], news: Mapping[UUID, Mapping[str, object]]
) -> frozenset[UUID]:
    """Set these fields, by id, of messages we hold; the ids of those whose claim nobody took over meanwhile."""
    rows = [
        {"id": one.id, "was_claimed_until": one.claimed_until, **_plain(news[one.id])} for one in held if one.id in news
    ]
    return bulk.change(session, delivery, rows)


def change_all(session: Session, news: Mapping[UUID, Mapping[str, object]]) -> None:
    """Set these fields, by id, whoever holds the messages."""
    bulk.change(session, delivery, [{"id": one, **_plain(fields)} for one, fields in news.items()])


def by_id(session: Session, delivery_id: UUID, *, lock: bool = False) -> Delivery:
    """One delivery; NotFound where there is none. `lock` holds it until the end of the transaction."""
    query = select(*_COLUMNS).where(delivery.c.id == delivery_id)
    row = session.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound("no such delivery")
    return _delivery(row)


def ended_so(
    session: Session, *, study_id: UUID, site: str, outcome: str, limit: int
) -> tuple[tuple[Delivery, str, str], ...]:
    """Messages of a study with that outcome (failed or unknown), newest first, with the participant's code and site.

    A site narrows to its participants; without one, those to staff and webhooks are there too, with neither.
    """
    query = (
        select(*_COLUMNS, participant.c.code, participant.c.site)
        .outerjoin(participant, participant.c.id == delivery.c.participant_id)
        .where(delivery.c.outcome == outcome, or_(participant.c.study_id == study_id, delivery.c.study_id == study_id))
        .order_by(delivery.c.decided_at.desc(), delivery.c.id.desc())
        .limit(limit)
    )
    if site:
        query = query.where(participant.c.site == site)
    rows = session.execute(query).all()
    return tuple((_delivery_of(row[: len(_COLUMNS)]), row.code or "", row.site or "") for row in rows)


def _delivery(row: Row[Any]) -> Delivery:
    return _delivery_of(tuple(row))


def _delivery_of(ordered: Sequence[Any]) -> Delivery:
    values = dict(zip(_NAMES, ordered, strict=True))
    values["assessment_ids"] = tuple(UUID(one) for one in values["assessment_ids"])
    values["decision"] = Kind(values["decision"])
    return Delivery(**values)


def _values(one: Delivery) -> dict[str, object]:
    return _plain({name: getattr(one, name) for name in _NAMES})


def _plain(values: Mapping[str, object]) -> dict[str, object]:
    """The same with assessment ids as JSON can hold them."""
    ids, plain = values.get("assessment_ids"), dict(values)
    if isinstance(ids, tuple):
        plain["assessment_ids"] = [str(one) for one in ids]
    return plain

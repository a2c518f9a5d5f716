"""Is it healthy? Each check is one line with a verdict, for `pro doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pro_service.services import amendments, contacts, heartbeats, licences, staff, webhooks
from pro_service.services.work import Work
from pro_service.storage import audit, health
from pro_service.storage.health import Queue

BEAT_MAY_BE_LATE = timedelta(minutes=1)
SCORES_MAY_WAIT = timedelta(minutes=5)
MESSAGES_MAY_WAIT = timedelta(minutes=15)
CLOCKS_MAY_DIFFER = timedelta(seconds=5)
MOST_UNSEALED = 10_000
LICENCES_LAST = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must work, whether it does, and what was seen."""

    name: str
    ok: bool
    detail: str


def checks(work: Work) -> tuple[Check, ...]:
    """What the database can tell about how the work is going. Needs a migrated database; writes nothing."""
    return (
        _beat(work),
        _queue("scores", health.scores_waiting(work.session), work.now, SCORES_MAY_WAIT),
        _queue("messages", health.messages_waiting(work.session), work.now, MESSAGES_MAY_WAIT),
        _doubt(work),
        _clock(work),
        _keys(work),
        _sealed(work),
        _amendments(work),
        _licences(work),
    )


def _beat(work: Work) -> Check:
    last = heartbeats.last(work).get("beat")
    if last is None:
        return Check("beat", False, "never seen; it is, ten seconds after `pro worker` and `pro beat` have started")
    return Check("beat", work.now - last <= BEAT_MAY_BE_LATE, f"last seen {_ago(work.now, last)}")


def _queue(name: str, queue: Queue, now: datetime, may_wait: timedelta) -> Check:
    if queue.oldest_at is None:
        return Check(name, True, "nothing waits")
    waits = now - queue.oldest_at
    if waits <= timedelta(0):
        return Check(name, True, f"{queue.waiting} planned, none due")
    return Check(name, waits <= may_wait, f"{queue.waiting} wait, the oldest since {_ago(now, queue.oldest_at)}")


def _doubt(work: Work) -> Check:
    number = health.messages_in_doubt(work.session)
    return Check("deliveries", not number, f"{number} with unknown outcome" if number else "every outcome is known")


def _clock(work: Work) -> Check:
    difference = abs(health.database_clock(work.session) - work.now)
    seconds = f"{difference.total_seconds():.1f} s"
    return Check(
        "clock", difference <= CLOCKS_MAY_DIFFER, f"{work.now:%Y-%m-%d %H:%M:%S} UTC; the database's differs {seconds}"
    )


def _keys(work: Work) -> Check:
    missing = (contacts.key_ids(work) | staff.key_ids(work) | webhooks.key_ids(work)) - work.keys.keys.keys()
    if missing:
        return Check(
            "keys", False, f"PRO_CONTACT_KEYS lacks {', '.join(sorted(missing))}: what they sealed cannot be read"
        )
    return Check("keys", True, f"{len(work.keys.keys)} in the ring, {work.keys.first} seals")


def _sealed(work: Work) -> Check:
    last = audit.last_seal(work.session)
    waiting = audit.count_after(work.session, last.last_id if last else 0)
    return Check("audit trail", waiting <= MOST_UNSEALED, f"{waiting} events not sealed yet")


def _amendments(work: Work) -> Check:
    behind = amendments.behind(work)
    if not behind:
        return Check("amendments", True, "carried out for everybody")
    told = "; ".join(
        f"{n} of {study} under an earlier version: pro study activate {study}" for study, n in behind.items()
    )
    return Check("amendments", False, told)


def _licences(work: Work) -> Check:
    """Words whose licence is over are shown no more: whoever prolongs it needs to know weeks before."""
    ending = licences.ending_in_active_studies(work, by=(work.now + LICENCES_LAST).date())
    told = f"none of a study under way ends within {LICENCES_LAST.days} days"
    return Check("licences", not ending, "; ".join(ending) or told)


def _ago(now: datetime, then: datetime) -> str:
    return f"{max(now - then, timedelta(0)).total_seconds():.0f} s ago"

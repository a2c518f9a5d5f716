"""Who asked for a new link is sent one, unless they just were: what becomes of one request by one person."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from pro_service.domain.assessments import Assessment, Status, status
from pro_service.domain.deliveries import Delivery
from pro_service.domain.participants import Participant
from pro_service.domain.reminders import ASKED_FOR, Kind, local_day

PAUSE = timedelta(minutes=10)
"""Asking again within this time changes nothing: the message is on its way."""
MOST_A_DAY = 5
STALE = timedelta(hours=1)
"""A request that nobody took up for so long is not answered any more: who asked has gone."""


def answer(
    person: Participant,
    forms: Iterable[Assessment],
    past: Sequence[Delivery],
    now: datetime,
    *,
    by: str,
    new_id: Callable[[], UUID],
) -> Delivery | None:
    """The delivery that answers a request made by this person now; None where one just did, or enough have today.

    `by` is the channel whose address they gave, "" for their code. One without anything to open is on record too.
    """
    today = local_day(now, person.timezone)
    asked = [one for one in past if one.occasion == ASKED_FOR]
    if any(one.decided_at > now - PAUSE for one in asked) or sum(one.local_day == today for one in asked) >= MOST_A_DAY:
        return None
    open_now = tuple(one.id for one in forms if status(one, now) in {Status.OPEN, Status.IN_PROGRESS})
    number = 1 + sum(one.local_day == today for one in asked)
    return Delivery(
        id=new_id(),
        participant_id=person.id,
        key=f"{ASKED_FOR}:{person.id}:{today}:{number}",
        occasion=ASKED_FOR,
        assessment_ids=open_now,
        local_day=today,
        channel="",
        decision=Kind.SEND if open_now else Kind.NOTHING,
        reason="asked for a new link" if open_now else "asked for a new link, but nothing is open",
        decided_at=now,
        due_at=now if open_now else None,
        about={"by": by} if by else {},
    )

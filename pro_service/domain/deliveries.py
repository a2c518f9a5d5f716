"""A delivery is one message decided on: what was decided and why, each attempt to send it, and how it ended.

It goes to a participant, to a member of staff or to a webhook's endpoint; retries, outcomes and doubt are the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

from pro_service.domain.errors import ChannelError
from pro_service.domain.reminders import Kind

Outcome = Literal["sent", "failed", "unknown"]
Recipient = Literal["participant", "staff", "webhook"]
"""To whom a delivery goes. The delivery has the id of exactly one: `participant_id`, `staff_id` or `webhook_id`."""

PAUSES = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=20),
    timedelta(hours=1),
    timedelta(hours=4),
)
"""How long to wait after each failed attempt. After one more than these, the delivery has failed."""

MOST_PATIENT = timedelta(days=1)
LONGEST_STATUS = 200
_PERSONAL = re.compile(r"\S*@\S*|\S*://\S*|\+?\d[\d ().-]{5,}\d")  # an address, a link, a telephone number


@dataclass(frozen=True, slots=True)
class Delivery:
    """One decision about one message. Its id is the Message-ID; `due_at` is None when nothing is left to do.

    `key` is what makes it the same message: there is only ever one of a key. `outcome` is None until it is known;
    `unknown` means it may have arrived, and is for a person to look into. `assessment_ids` are those a message to a
    participant speaks of. `about` is what a message to staff or a webhook is made from when it is sent: ids, codes and
    counts, never a name, an address or an answer; `study_id` is the study it is about.
    """

    id: UUID
    participant_id: UUID | None
    key: str
    occasion: str
    assessment_ids: tuple[UUID, ...]
    local_day: date
    channel: str
    decision: Kind
    reason: str
    decided_at: datetime
    due_at: datetime | None = None
    claimed_until: datetime | None = None
    outcome: Outcome | None = None
    sent_at: datetime | None = None
    recipient: Recipient = "participant"
    staff_id: UUID | None = None
    webhook_id: UUID | None = None
    study_id: UUID | None = None
    about: Mapping[str, object] = field(default_factory=dict)

    def waiting(self, now: datetime) -> bool:
        """Still to be sent, and nobody is at it now: more can be said in it."""
        return self.due_at is not None and (self.claimed_until is None or self.claimed_until <= now)

    @property
    def told_at(self) -> datetime | None:
        """When the person hears, or may have heard, this message; None for one that will never arrive."""
        if self.outcome == "failed":
            return None
        if self.outcome is not None:
            return self.sent_at or self.decided_at
        return self.due_at


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at handing a delivery to its channel. Without an outcome it is under way, or died under way.

    `repeatable`: the channel knows the delivery's id again, so an attempt that died under way may be made once more.
    `handed_at` is on record before the first byte by which it could arrive: an attempt that died without it certainly
    did not arrive, and one that died with it may have.
    """

    id: UUID
    delivery_id: UUID
    number: int
    started_at: datetime
    finished_at: datetime | None = None
    outcome: Outcome | None = None
    permanent: bool | None = None
    detail: str = ""
    repeatable: bool = False
    handed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a message was, or was not, sent: the decision with everything that was tried."""

    delivery: Delivery
    attempts: tuple[Attempt, ...]


def retry_at(number: int, now: datetime, pauses: Sequence[timedelta] = PAUSES) -> datetime | None:
    """When attempt `number` (from 1), having failed at `now`, is followed by another; None: it was the last."""
    return now + pauses[number - 1] if number <= len(pauses) else None


def verdict(
    error: ChannelError,
    *,
    number: int,
    now: datetime,
    repeatable: bool = False,
    pauses: Sequence[timedelta] = PAUSES,
) -> tuple[Outcome | None, datetime | None]:
    """What a failed attempt makes of its delivery: its outcome, or None and when to try again.

    Whether a message arrived that nobody may send twice is for a person to find out; one that is `repeatable` is made
    again. A provider that asks to wait longer than we would is given its time, up to a day.
    """
    if error.uncertain and not repeatable:
        return ("unknown", None)
    again = None if error.permanent else retry_at(number, now, pauses)
    if again is None:
        return ("unknown" if error.uncertain else "failed", None)
    return (None, max(again, now + min(error.retry_after or timedelta(0), MOST_PATIENT)))


def status_words(said: object) -> str:
    """What a provider said, fit to be stored: short, plain, and without anything that may be an address or number."""
    plain = str(said).encode("ascii", "replace").decode()[: 4 * LONGEST_STATUS]
    shown = "".join(letter if letter.isprintable() else " " for letter in plain)
    return " ".join(_PERSONAL.sub("...", shown).split())[:LONGEST_STATUS]

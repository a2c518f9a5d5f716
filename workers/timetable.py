"""Everything periodic, on one page.

An entry is a wake-up call, never the work itself: the work is rows in the database, claimed by whoever wakes first. So
an entry may be lost, doubled or late without harm, and any of them may be run by hand at any time. Nothing here depends
on the time of day; what does (10:00 in the patient's zone) is a column of the row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pro_service.runtime import Runtime
from workers import (
    amendments,
    audit,
    exports,
    heartbeats,
    idempotency,
    link_requests,
    reminders,
    scores,
    sessions,
    webhooks,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One wake-up call: its name in logs and on the broker, what it runs, and every how many seconds."""

    name: str
    run: Callable[[Runtime], None]
    every: float


TIMETABLE = (
    Entry("scores.score", scores.score, every=1),  # a form's scores are there seconds after it was submitted
    Entry("reminders.send", reminders.send, every=2),
    Entry("link_requests.answer", link_requests.answer, every=2),
    Entry("exports.run", exports.run, every=2),
    Entry("webhooks.tell", webhooks.tell, every=5),
    Entry("reminders.sweep", reminders.sweep, every=10),
    Entry("heartbeats.beat", heartbeats.beat, every=10),
    Entry("reminders.digest", reminders.digest, every=60),
    Entry("scores.close", scores.close, every=60),
    Entry("sessions.end", sessions.end, every=60),
    Entry("amendments.carry_on", amendments.carry_on, every=60),
    Entry("audit.seal", audit.seal, every=60),
    Entry("idempotency.forget", idempotency.forget, every=3600),
)

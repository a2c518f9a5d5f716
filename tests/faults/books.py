"""Waits until nothing is left to do in an installation, and lets time pass until then."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import psutil
from sqlalchemy import func, select, text

from pro_service.storage.assessments import assessment
from pro_service.storage.attempts import delivery_attempt
from pro_service.storage.deliveries import delivery
from pro_service.storage.responses import response
from tests.faults.audit import Audit
from tests.faults.installation import WORKERS, Installation

LONGEST = 120.0
"""Seconds in which nothing at all happens before we say that nothing will: a busy machine is slow, never still."""
STEADY = 1.0
"""Seconds without a conversation or a statement after which a claim is nobody's any more."""
BUSY = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE application_name = 'pro-service' AND state <> 'idle' AND pid <> pg_backend_pid()"
)


@dataclass
class Books:
    """Reads the installation's database to know what is left to do; `audit` knows what must be found there."""

    installation: Installation

    def __post_init__(self) -> None:
        self.audit = Audit(self.installation.runtime, self.installation.mail)
        self.rows, self.number = self.audit.rows, self.audit.number

    def claimed(self) -> frozenset[UUID]:
        """The messages that somebody holds, or died holding."""
        now = self.installation.clock()
        query = select(delivery.c.id).where(delivery.c.due_at.is_not(None), delivery.c.claimed_until > now)
        return frozenset(row.id for row in self.rows(query))

    def refused_for_now(self) -> bool:
        """Does a message wait to be tried again?"""
        now = self.installation.clock()
        return bool(self.number(select(func.count()).where(delivery.c.due_at > now)))

    def takeable(self) -> int:
        """How many messages a worker could take now: due, claimed by nobody any more, and not locked either."""
        now = self.installation.clock()
        free = delivery.c.claimed_until.is_(None) | (delivery.c.claimed_until <= now)
        due = select(delivery.c.id).where(delivery.c.due_at <= now, free).with_for_update(skip_locked=True)
        return len(self.rows(due))

    def held_up(self) -> bool:
        """Does somebody wait for a lock of somebody else?"""
        return self.number(text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")) > 0

    def work_left(self) -> int:
        """How much could be done now: windows to decide about, messages to send, forms to score."""
        now = self.installation.clock()
        free = delivery.c.claimed_until.is_(None) | (delivery.c.claimed_until <= now)
        counts = (
            select(func.count()).where(assessment.c.next_reminder_at <= now),
            select(func.count()).where(delivery.c.due_at <= now, free),
            select(func.count()).where(response.c.to_score, response.c.scored_revision < response.c.revision),
        )
        return sum(self.number(query) for query in counts)

    def later(self) -> datetime | None:
        """When the first of what waits can go on: a claim runs out, or a message is tried again."""
        waits = select(func.greatest(delivery.c.due_at, delivery.c.claimed_until)).where(delivery.c.due_at.is_not(None))
        return min((row[0] for row in self.rows(waits)), default=None)

    def talking(self) -> bool:
        """Is a worker in conversation with the mail server, or with the database?"""
        for name in WORKERS:
            try:
                found = psutil.Process(self.installation.running[name].pid).net_connections("tcp")
            except psutil.Error:
                continue
            if any(one.raddr and one.raddr.port == self.installation.mail.port for one in found):
                return True
        return self.number(BUSY) > 0

    def moved(self) -> tuple[object, ...]:
        """What differs once anything has happened: what is left, claimed, taken, begun, ended, or waits for a lock."""
        tried = select(func.count(), func.count(delivery_attempt.c.outcome), func.count(delivery_attempt.c.handed_at))
        mail = self.installation.mail
        return self.work_left(), self.claimed(), len(mail.taken), len(mail.script), tuple(self.rows(tried)[0])

    def wait_until(self, ready: Callable[[], bool], *, what: str) -> None:
        """Wake the workers again and again until it is so; TimeoutError once nothing has happened for a long time."""
        pause, nudged, since, before = threading.Event(), 0.0, time.monotonic(), self.moved()
        while not ready():
            now = time.monotonic()
            if now - nudged > STEADY:
                self.installation.nudge()
                before, nudged, stood = self.moved(), now, before
                since = since if before == stood else now
            if now - since > LONGEST:
                raise TimeoutError(f"{what} did not happen, and nothing else did for {LONGEST:g} s")
            pause.wait(0.1)

    def settle(self) -> None:
        """Let time pass until nothing is left to do: wait while work goes on, then jump to when more can be done."""
        while True:
            self._wait()
            then = self.later()
            if then is None:
                return
            self.installation.clock.jump_to(then + timedelta(seconds=1))

    def _wait(self) -> None:
        """Until everything that can be done now is done, and what is still claimed is nobody's."""
        pause, since = threading.Event(), time.monotonic()
        steady, nudged, held, state = since, 0.0, self.claimed(), self.moved()
        while True:
            now = time.monotonic()
            if now - since > LONGEST:
                raise TimeoutError(f"{self.work_left()} things are left to do, {len(self.claimed())} are claimed")
            if now - nudged > STEADY:
                self.installation.nudge()
                state, nudged, stood = self.moved(), now, state
                since = since if state == stood else now
            left = self.work_left()  # asked first: what is claimed a moment later is seen by the next question
            before, held = held, self.claimed()
            if left or held != before or (held and self.talking()):
                steady = now
            elif not held or now - steady > STEADY:
                return
            pause.wait(0.1)

"""What the database says became of everything, next to what people were told and what the mail server took."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psutil
from sqlalchemy import func, select, text

from pro_service.storage.assessments import assessment
from pro_service.storage.deliveries import delivery, delivery_attempt
from pro_service.storage.responses import response
from tests.faults.installation import WORKERS, Installation
from tests.faults.people import INSTRUMENT, Someone
from tests.support import people

LONGEST = 120.0
STEADY = 1.0
"""Seconds without a conversation or a statement after which a claim is nobody's any more."""
BUSY = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE application_name = 'pro-service' AND state <> 'idle' AND pid <> pg_backend_pid()"
)


@dataclass
class Verdict:
    """What was found: all but `unknown` must be empty."""

    saved: int = 0
    messages: int = 0
    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    unknown: dict[str, int] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        return not (self.lost or self.duplicated or self.missing or self.unexplained)


@dataclass
class Books:
    """Reads the installation's database; keeps who was enrolled, and which attempts a fault left in doubt."""

    installation: Installation
    everybody: list[Someone] = field(default_factory=list)
    doubt: dict[str, str] = field(default_factory=dict)
    """Why the outcome of a message may be unknown, by its id."""

    def rows(self, query: Any) -> list[Any]:
        with self.installation.runtime.work(people.system, writes=False) as w:
            return list(w.session.execute(query))

    def number(self, query: Any) -> int:
        return int(self.rows(query)[0][0])

    def claimed(self) -> frozenset[UUID]:
        """The messages that somebody holds, or died holding."""
        now = self.installation.clock()
        query = select(delivery.c.id).where(delivery.c.due_at.is_not(None), delivery.c.claimed_until > now)
        return frozenset(row.id for row in self.rows(query))

    def refused_for_now(self) -> bool:
        """Does a message wait to be tried again?"""
        now = self.installation.clock()
        return bool(self.number(select(func.count()).where(delivery.c.due_at > now)))

    def under_way(self) -> frozenset[str]:
        """The messages of which an attempt was begun and has no outcome."""
        query = select(delivery_attempt.c.delivery_id).where(delivery_attempt.c.outcome.is_(None))
        return frozenset(str(row.delivery_id) for row in self.rows(query))

    def excuse(self, cause: str) -> None:
        """Put down to a fault what is unknown now and has no cause yet."""
        query = select(delivery.c.id).where(delivery.c.outcome == "unknown")
        for row in self.rows(query):
            self.doubt.setdefault(str(row.id), cause)

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
        pause, began = threading.Event(), time.monotonic()
        steady, nudged, held = began, 0.0, self.claimed()
        while True:
            now = time.monotonic()
            if now - began > LONGEST:
                raise TimeoutError(f"{self.work_left()} things are left to do, {len(self.claimed())} are claimed")
            if now - nudged > STEADY:
                self.installation.nudge()
                nudged = now
            before, held = held, self.claimed()
            if self.work_left() or held != before or (held and self.talking()):
                steady = now
            elif not held or now - steady > STEADY:
                return
            pause.wait(0.1)

    def audit(self) -> Verdict:
        """Compare what people were told, and what the mail server took, with what is in the books."""
        verdict = Verdict(messages=len(self.installation.mail.taken))
        self._answers(verdict)
        self._repetitions(verdict)
        self._messages(verdict)
        return verdict

    def _answers(self, verdict: Verdict) -> None:
        of_one = (assessment.c.id, assessment.c.submitted_at, response.c.answers, response.c.revision)
        joined = assessment.join(response, response.c.assessment_id == assessment.c.id)
        stored = {
            row.id: row
            for row in self.rows(
                select(*of_one, response.c.scored_revision)
                .select_from(joined)
                .where(response.c.instrument == INSTRUMENT)
            )
        }
        for one in self.everybody:
            verdict.saved += one.acknowledged
            row = stored.get(one.assessment)
            if row is None:
                verdict.lost += [f"{one.address}: all of {one.acknowledged} answers"] if one.acknowledged else []
                continue
            if row.answers != one.saved or row.revision != one.acknowledged:
                verdict.lost.append(f"{one.address}: revision {row.revision}, {one.acknowledged} acknowledged")
            if one.submitted and (row.submitted_at is None or row.scored_revision != row.revision):
                verdict.lost.append(f"{one.address}: the submission, or its scores")

    def _repetitions(self, verdict: Verdict) -> None:
        taken, zones = self.installation.mail.taken, {one.address: one.zone for one in self.everybody}
        of_day = Counter((one.address, one.at.astimezone(ZoneInfo(zones[one.address])).date()) for one in taken)
        verdict.duplicated += [f"{address} on {day}: {n}" for (address, day), n in of_day.items() if n > 1]
        of_id = Counter(one.message_id for one in taken)
        verdict.duplicated += [f"message {message_id}: {n}" for message_id, n in of_id.items() if n > 1]

    def _messages(self, verdict: Verdict) -> None:
        mail = self.installation.mail
        taken = {one.message_id for one in mail.taken}
        found: dict[UUID, list[Any]] = {}
        rows = self.rows(select(delivery))
        for row in rows:
            found.setdefault(row.participant_id, []).append(row)
        verdict.missing += [f"message {one} is in no book" for one in sorted(taken - {str(row.id) for row in rows})]
        for person in self.everybody:
            mine = found.get(person.id, [])
            said = [row for row in mine if row.outcome is not None]
            if not said and not any(row.decision == "submitted" for row in mine):
                verdict.missing.append(f"{person.address}: nothing was sent")
            for row in said:
                self._message(verdict, person, row, taken=str(row.id) in taken)

    def _message(self, verdict: Verdict, person: Someone, row: Any, *, taken: bool) -> None:
        """One message with an outcome: the outcome must be what happened."""
        mail, message_id = self.installation.mail, str(row.id)
        if row.outcome == "unknown":
            cut = "cut between the text and the answer" if message_id in mail.unanswered else ""
            cause = cut or self.doubt.get(message_id, "")
            verdict.unknown[cause or "unexplained"] = verdict.unknown.get(cause or "unexplained", 0) + 1
            verdict.unexplained += [] if cause else [f"{person.address}: message {message_id} is unknown"]
        elif row.outcome == "failed" and (taken or not mail.refused[person.address]):
            verdict.missing.append(f"{person.address}: message {message_id} failed, and nobody refused it for good")
        elif row.outcome == "sent" and not taken:
            verdict.missing.append(f"{person.address}: message {message_id} is called sent, and never was")

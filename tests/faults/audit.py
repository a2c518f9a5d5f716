"""What the database says became of everything, next to what people were told and what the mail server took."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from pro_service.runtime import Runtime
from pro_service.storage.assessments import assessment
from pro_service.storage.deliveries import delivery
from pro_service.storage.responses import response
from tests.faults.mail import MailServer
from tests.faults.people import INSTRUMENT, Someone
from tests.support import people

FATES = ("accepted by the server", "dropped by the server, which had the whole text", "never there")
"""What may have become of a message whose outcome is unknown. The last is what only bad luck may bring: the sender died
in the moment between putting on record that the text leaves, and its leaving."""


@dataclass
class Verdict:
    """What was found: all but `unknown`, and the fate of those, must be empty."""

    saved: int = 0
    messages: int = 0
    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    unknown: dict[str, int] = field(default_factory=dict)
    """How many outcomes nobody knows, by what made them so."""
    fate: dict[str, int] = field(default_factory=dict)
    """What had become of these at the mail server: see `FATES`."""

    @property
    def clean(self) -> bool:
        return not (self.lost or self.duplicated or self.missing or self.unexplained)


@dataclass
class Audit:
    """Keeps who was enrolled, and which messages a fault left in doubt."""

    runtime: Runtime
    mail: MailServer
    everybody: list[Someone] = field(default_factory=list)
    doubt: dict[str, str] = field(default_factory=dict)
    """Why the outcome of a message may be unknown, by its id."""

    def rows(self, query: Any) -> list[Any]:
        with self.runtime.work(people.system, writes=False) as w:
            return list(w.session.execute(query))

    def number(self, query: Any) -> int:
        return int(self.rows(query)[0][0])

    def excuse(self, cause: str) -> None:
        """Put down to a fault what is unknown now and has no cause yet."""
        query = select(delivery.c.id).where(delivery.c.outcome == "unknown")
        for row in self.rows(query):
            self.doubt.setdefault(str(row.id), cause)

    def verdict(self) -> Verdict:
        """Compare what people were told, and what the mail server took, with what is in the books."""
        verdict = Verdict(messages=len(self.mail.taken))
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
        taken, zones = self.mail.taken, {one.address: one.zone for one in self.everybody}
        of_day = Counter((one.address, one.at.astimezone(ZoneInfo(zones[one.address])).date()) for one in taken)
        verdict.duplicated += [f"{address} on {day}: {n}" for (address, day), n in of_day.items() if n > 1]
        of_id = Counter(one.message_id for one in taken)
        verdict.duplicated += [f"message {message_id}: {n}" for message_id, n in of_id.items() if n > 1]

    def _messages(self, verdict: Verdict) -> None:
        mail = self.mail
        taken = {one.message_id for one in mail.taken}
        found: dict[UUID, list[Any]] = {}
        rows = self.rows(select(delivery))
        for row in rows:
            found.setdefault(row.participant_id, []).append(row)
        verdict.missing += [f"message {one} is in no book" for one in sorted(taken - {str(row.id) for row in rows})]
        for person in self.everybody:
            mine = found.get(person.id, [])
            said = [row for row in mine if row.outcome is not None]
            if not said and not person.submitted:  # who submitted before the message went need not hear any more
                verdict.missing.append(f"{person.address}: nothing was sent")
            for row in said:
                self._message(verdict, person, row, taken=str(row.id) in taken)

    def _message(self, verdict: Verdict, person: Someone, row: Any, *, taken: bool) -> None:
        """One message with an outcome: the outcome must be what happened."""
        mail, message_id = self.mail, str(row.id)
        if row.outcome == "unknown":
            cut = "cut between the text and the answer" if message_id in mail.unanswered else ""
            cause = cut or self.doubt.get(message_id, "")
            fate = FATES[0] if taken else FATES[1] if message_id in mail.arrived else FATES[2]
            verdict.unknown[cause or "unexplained"] = verdict.unknown.get(cause or "unexplained", 0) + 1
            verdict.fate[fate] = verdict.fate.get(fate, 0) + 1
            verdict.unexplained += [] if cause else [f"{person.address}: message {message_id} is unknown"]
        elif row.outcome == "failed" and (taken or not mail.refused[person.address]):
            verdict.missing.append(f"{person.address}: message {message_id} failed, and nobody refused it for good")
        elif row.outcome == "sent" and not taken:
            verdict.missing.append(f"{person.address}: message {message_id} is called sent, and never was")

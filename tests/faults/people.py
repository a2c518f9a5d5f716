"""The load: people who enrol in the afternoon of their zone, and some who answer on two screens at once.

Each screen saves one answer after the other and tries each again until it is told `saved`, as the patients' page does.
It keeps an exact record of what was acknowledged.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from itertools import count
from uuid import UUID
from zoneinfo import ZoneInfo

from pro_service.domain.errors import Unavailable
from pro_service.domain.participants import Contact
from pro_service.domain.schedule import TrialEvent
from pro_service.services import access, assessments, participants, studies
from pro_service.studies.reader import shipped
from tests.faults.installation import Installation
from tests.support import people

INSTRUMENT = "qlq-c30"
SCREENS = (tuple(f"q{number}" for number in range(1, 29, 2)), tuple(f"q{number}" for number in range(2, 29, 2)))
"""Which items each of the two screens answers: each its own, so that both merge and neither is refused."""
TRY_AGAIN = frozenset({429, 502, 503, 504})
PAUSE = 0.02
"""Seconds between two answers: below what one caller may ask in a minute."""

Condition = Callable[[], bool]


@dataclass
class Someone:
    """A participant, with the form that is open."""

    id: UUID
    address: str
    zone: str
    assessment: UUID
    saved: dict[str, int] = field(default_factory=dict)
    acknowledged: int = 0
    submitted: bool = False


def afternoon(now: datetime) -> str:
    """A zone in which it is between 13:00 and 14:00 now. (The names of these zones count westwards.)"""
    ahead = 13 - now.astimezone(UTC).hour
    ahead = ahead - 24 if ahead > 12 else ahead
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


def open_study(installation: Installation) -> None:
    """Load SCOPES and make it active."""
    text, path = shipped("scopes")
    with installation.runtime.work(people.everything) as w:
        studies.activate(w, code=studies.load(w, document=text, file=str(path)).code)


_numbers = count(1)


def enrol(installation: Installation, number: int, zone: str = "") -> list[Someone]:
    """So many new people, each to be invited now."""
    zone = zone or afternoon(installation.clock())
    today = installation.clock().astimezone(ZoneInfo(zone)).date()
    found = []
    with installation.runtime.work(people.everything) as w:
        criteria = studies.active(w, code="scopes").criteria
        for _ in range(number):
            which = next(_numbers)
            address = f"person{which}@home.test"
            person = participants.enrol(
                w,
                study="scopes",
                code=f"NKI-{which:05}",
                site="nki",
                arm="short",
                stratum="lower_extremity",
                language="en",
                timezone=zone,
                contact=Contact(email=address),
                eligibility={one.code: "no" if one.excludes else "yes" for one in criteria},
                consented_on=today,
                events=[TrialEvent("randomisation", today)],
            )
            form = assessments.listing(w, participant_id=person.id)[0].assessment.id
            found.append(Someone(person.id, address, zone, form))
    return found


class Screen(threading.Thread):
    """One screen of somebody: saves until told to stop, and counts what was acknowledged."""

    def __init__(self, installation: Installation, whose: Someone, items: tuple[str, ...]) -> None:
        super().__init__(daemon=True)
        self.installation, self.whose, self.items = installation, whose, items
        self.enough = threading.Event()
        self.saves = self.retries = self.revision = 0
        self.failure = ""
        self.token = ""

    def run(self) -> None:
        path = f"responses/{INSTRUMENT}"
        for number in count():
            if self.enough.wait(PAUSE):
                return
            item, answer = self.items[number % len(self.items)], 1 + (number + number // len(self.items)) % 4
            told = self.ask("PATCH", path, {"answers": {item: answer}, "revision": self.revision})
            if told is None:
                return
            self.revision = int(str(told["revision"]))
            self.whose.saved[item] = answer
            self.saves += 1

    def ask(self, method: str, path: str, body: object) -> dict[str, object] | None:
        """Ask until there is an answer; None, and the failure on record, where it was a refusal."""
        while True:
            try:
                self.token = self.token or self.sign_in()
                status, told = self.once(method, path, body)
            except (OSError, HTTPException, ValueError, Unavailable):
                status, told = 503, {}
            if status == 200:
                return told
            if status == 401:
                self.token = ""  # the session ended: a day has passed
            elif status not in TRY_AGAIN:
                self.failure = f"{method} {path} of {self.whose.address}: {status} {told}"
                return None
            self.retries += 1
            threading.Event().wait(PAUSE)

    def once(self, method: str, path: str, body: object) -> tuple[int, dict[str, object]]:
        connection = HTTPConnection("127.0.0.1", self.installation.port, timeout=20)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        try:
            where = f"/api/v1/me/assessments/{self.whose.assessment}/{path}"
            connection.request(method, where, json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"{}")
        finally:
            connection.close()

    def sign_in(self) -> str:
        """A new session, by way of a link as a message would bring it."""
        with self.installation.runtime.work(people.everything) as w:
            link = access.mint_link(w, participant_id=self.whose.id, assessment_ids=[self.whose.assessment])
            return access.sign_in_with_link(w, token=link).access_token


@dataclass
class Crowd:
    """Everybody who answers in one round."""

    screens: list[Screen]

    @classmethod
    def of(cls, installation: Installation, persons: list[Someone]) -> Crowd:
        """Both screens of each of these people, at work."""
        crowd = cls([Screen(installation, one, items) for one in persons for items in SCREENS])
        for screen in crowd.screens:
            screen.start()
        return crowd

    @property
    def saves(self) -> int:
        return sum(screen.saves for screen in self.screens)

    @property
    def retries(self) -> int:
        return sum(screen.retries for screen in self.screens)

    @property
    def failures(self) -> list[str]:
        return [screen.failure for screen in self.screens if screen.failure]

    def more(self, number: int = 1) -> Condition:
        """Whether every screen, from now on, had this many answers acknowledged, or was refused."""
        marks = {screen: screen.saves + number for screen in self.screens}
        return lambda: all(screen.saves >= mark or screen.failure for screen, mark in marks.items())

    def cut_off(self) -> Condition:
        """Whether a request of somebody, from now on, got no answer."""
        mark = self.retries
        return lambda: self.retries > mark

    def stop(self) -> None:
        """Stop saving, and note what was acknowledged."""
        for screen in self.screens:
            screen.enough.set()
        for screen in self.screens:
            screen.join(timeout=60)
            screen.whose.acknowledged += screen.saves

    def submit(self) -> None:
        """Everybody submits, each until told that it was done."""
        for screen in self.screens[:: len(SCREENS)]:
            screen.whose.submitted = screen.ask("POST", "submission", {}) is not None

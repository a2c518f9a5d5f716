"""Real processes are killed in the middle of things, and started again by the supervisor: nothing saved is lost, and
nothing is sent twice.

Guards rows 2, 3, 4, 5 and 13 of the known failures. One run per way of deploying: SQLite with the local broker, and
PostgreSQL with Redis. The processes use the real clock, so people live in a zone where it is early afternoon now.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import psutil
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import func, select

from pro_service.cli.processes import answers
from pro_service.domain.participants import Contact, Participant
from pro_service.domain.schedule import TrialEvent
from pro_service.runtime import Runtime, build
from pro_service.services import access, assessments, heartbeats, participants, studies
from pro_service.settings import from_environment
from pro_service.storage.attempts import delivery_attempt
from pro_service.storage.deliveries import delivery
from pro_service.storage.scores import score_set
from pro_service.studies.reader import shipped
from tests.support import people
from tests.support.ports import free_port, wait_until
from tests.support.postbox import listening
from workers.reminders import AT_ONCE

PEOPLE = 6
ITEMS = ("MO", "SC", "UA", "PD", "AD")
ROUNDS = 60
MOST_ROUNDS = 1000  # below what one caller may ask in a minute


class Murderer:
    """A mail server that kills the worker that talks to it, once: after the text arrived, before it is answered."""

    def __init__(self) -> None:
        self.recipients: list[str] = []
        self.victim: Callable[[], int] | None = None

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's
        self.recipients += envelope.rcpt_tos
        if self.victim is not None:
            victim, self.victim = self.victim(), None
            os.kill(victim, signal.SIGKILL)
        return "250 taken"


def command_line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:  # it has just died
        return ""


class Machine:
    """`pro up` over one folder of settings, and the same runtime in this process to look at what it did."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.port = free_port()
        self.environment = environment
        self.runtime: Runtime = build(from_environment(environment))
        self.log = Path(environment["PRO_DATA_DIR"]) / "log"
        self.process: subprocess.Popen[bytes] | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start everything, wait until it serves, stop everything."""
        variables = {name: value for name, value in os.environ.items() if not name.startswith("PRO_")}
        pro = Path(sys.executable).parent / "pro"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [pro, "up", "--port", str(self.port)], env={**variables, **self.environment}, stdout=log, stderr=log
            )
            try:
                wait_until(lambda: self.process is None or self.answers(), seconds=60, what="serving")
                wait_until(lambda: self.beat_after(self.now()), seconds=60, what="a first heartbeat")
                yield
            finally:
                self.process.terminate()
                self.process.wait(timeout=30)

    @staticmethod
    def now() -> datetime:
        return datetime.now(UTC)

    def beat_after(self, moment: datetime) -> bool:
        with self.runtime.work(people.system, writes=False) as w:
            last = heartbeats.last(w).get("beat")
        return last is not None and last > moment - timedelta(seconds=10)

    def pid(self, words: str) -> int:
        """The supervisor's child whose command line has these words, once it is there."""
        assert self.process is not None
        supervisor = psutil.Process(self.process.pid)
        found: list[int] = []

        def look() -> bool:
            found[:] = [child.pid for child in supervisor.children() if words in command_line(child)]
            return bool(found)

        wait_until(look, what=words)
        return found[0]

    def kill(self, words: str) -> None:
        os.kill(self.pid(words), signal.SIGKILL)

    def answers(self) -> bool:
        return answers(self.port)

    def ask(self, method: str, path: str, token: str = "", body: object = None) -> tuple[int, dict[str, object]]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"{}")
        finally:
            connection.close()


@pytest.fixture
def murderer() -> Iterator[tuple[Murderer, str]]:
    """The mail server, and its address."""
    handler = Murderer()
    with listening(handler) as url:
        yield handler, url


@pytest.fixture
def machine(
    request: pytest.FixtureRequest, database_url: str, tmp_path: Path, murderer: tuple[Murderer, str]
) -> Iterator[Machine]:
    """A machine with SCOPES and six people who are to be invited now."""
    redis = "" if database_url.startswith("sqlite") else request.getfixturevalue("redis_url")
    built = Machine(
        {
            "PRO_ENV": "test",
            "PRO_DATA_DIR": str(tmp_path),
            "PRO_DATABASE_URL": database_url,
            "PRO_REDIS_URL": redis,
            "PRO_SMTP_URL": murderer[1],
            "PRO_MAIL_FROM": "noreply@clinic.test",
        }
    )
    yield built
    built.runtime.engine.dispose()


def afternoon() -> str:
    """A zone in which it is between 13:00 and 14:00 now. (The names of these zones count westwards.)"""
    ahead = 13 - datetime.now(UTC).hour
    ahead = ahead - 24 if ahead > 12 else ahead
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


def enrol(runtime: Runtime) -> list[Participant]:
    text, path = shipped("scopes")
    zone = afternoon()
    today = datetime.now(ZoneInfo(zone)).date()
    with runtime.work(people.everything) as w:
        study = studies.load(w, document=text, file=str(path))
        studies.activate(w, code=study.code)
    with runtime.work(people.everything) as w:
        return [
            participants.enrol(
                w,
                study="scopes",
                code=f"NKI-{number:03}",
                site="nki",
                arm="short",
                stratum="lower_extremity",
                language="en",
                timezone=zone,
                contact=Contact(email=f"person{number}@home.test"),
                eligibility={c.code: "no" if c.excludes else "yes" for c in study.criteria},
                consented_on=today,
                events=[TrialEvent("randomisation", today)],
            )
            for number in range(PEOPLE)
        ]


def sign_in(runtime: Runtime, person: Participant) -> tuple[str, str]:
    """A patient's token, and the id of their open assessment."""
    with runtime.work(people.everything) as w:
        open_now = assessments.listing(w, participant_id=person.id)[0].assessment.id
        token = access.mint_link(w, participant_id=person.id, assessment_ids=[open_now])
        return access.sign_in_with_link(w, token=token).access_token, str(open_now)


class Patient(threading.Thread):
    """Saves one answer after the other, trying each again until it is told `saved`; keeps what was acknowledged.

    Goes on for at least ROUNDS answers, and until a request of theirs was cut off by the killing.
    """

    def __init__(self, machine: Machine, token: str, assessment: str) -> None:
        super().__init__(daemon=True)
        self.ask = partial(machine.ask, token=token)
        self.path = f"/api/v1/me/assessments/{assessment}"
        self.saved: dict[str, int] = {}
        self.retried = 0
        self.failure = ""

    def run(self) -> None:
        revision = 0
        for number in range(MOST_ROUNDS):
            if number >= ROUNDS and self.retried:
                return
            item, answer = ITEMS[number % len(ITEMS)], 1 + number % 5
            body = {"answers": {item: answer}, "revision": revision}
            while True:
                try:
                    status, told = self.ask("PATCH", f"{self.path}/responses/eq-5d-5l", body=body)
                except (OSError, HTTPException, ValueError):
                    self.retried += 1
                    threading.Event().wait(0.05)
                    continue
                break
            if status != 200:
                self.failure = f"answer {number}: {status} {told.get('code')}"
                return
            revision = int(str(told["revision"]))
            self.saved[item] = answer


def sent(machine: Machine) -> dict[str, int]:
    """Deliveries by outcome; `None` is one under way."""
    with machine.runtime.work(people.system, writes=False) as w:
        rows = w.session.execute(select(delivery.c.outcome, func.count()).group_by(delivery.c.outcome))
        return {str(outcome): number for outcome, number in rows}


def tried(machine: Machine) -> dict[str, int]:
    """Attempts by outcome; `None` is one under way, or cut short."""
    with machine.runtime.work(people.system, writes=False) as w:
        rows = w.session.execute(select(delivery_attempt.c.outcome, func.count()).group_by(delivery_attempt.c.outcome))
        return {str(outcome): number for outcome, number in rows}


def told_or_in_doubt(machine: Machine) -> bool:
    """Every message has been sent, but for the few that were under way when the worker was killed."""
    done = sent(machine).get("sent", 0)
    return done >= PEOPLE - AT_ONCE and done + tried(machine).get("None", 0) == PEOPLE


def scores(machine: Machine) -> int:
    with machine.runtime.work(people.system, writes=False) as w:
        return int(w.session.execute(select(func.count()).select_from(score_set)).scalar_one())


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    "database_url",
    ["sqlite", pytest.param("postgresql", marks=pytest.mark.nightly)],  # by day the rounds strike PostgreSQL and Redis
    indirect=True,
)
def test_killed_anywhere_nothing_saved_is_lost_and_nothing_is_sent_twice(
    machine: Machine, murderer: tuple[Murderer, str]
) -> None:
    mails, _ = murderer
    mails.victim = lambda: machine.pid("workers worker")
    persons = enrol(machine.runtime)
    token, assessment = sign_in(machine.runtime, persons[0])
    with machine.running():
        wait_until(lambda: mails.victim is None, seconds=60, what="the worker's death while it sends")
        patient = Patient(machine, token, assessment)
        patient.start()
        wait_until(lambda: len(patient.saved) >= 3, what="the first answers")
        machine.kill("granian")
        machine.kill("workers beat")
        killed_at = machine.now() + timedelta(seconds=10)
        wait_until(lambda: told_or_in_doubt(machine), seconds=60, what="everybody else's message")
        machine.kill("workers worker")
        patient.join(timeout=60)
        assert not patient.failure
        assert patient.retried > 0
        assert machine.ask("POST", f"/api/v1/me/assessments/{assessment}/submission", token, {})[0] == 200
        wait_until(lambda: scores(machine) >= 1, seconds=60, what="scores after the submission")
        wait_until(lambda: machine.beat_after(killed_at), seconds=60, what="a heartbeat after the killing")
    assert machine.process is not None
    assert machine.process.returncode == 0
    assert stored(machine, assessment) == patient.saved
    assert len(set(mails.recipients)) == len(mails.recipients)
    in_doubt = sent(machine)["None"]
    assert 1 <= in_doubt <= AT_ONCE
    assert PEOPLE - in_doubt < len(mails.recipients) <= PEOPLE
    assert tried(machine) == sent(machine) == {"sent": PEOPLE - in_doubt, "None": in_doubt}
    assert "locked" not in machine.log.read_text()


def stored(machine: Machine, assessment: str) -> dict[str, object]:
    """The answers as they lie in the database."""
    with machine.runtime.work(people.everything) as w:
        form = assessments.form(w, assessment_id=UUID(assessment))
    (answers,) = [part.answers for part in form.instruments if part.instrument.code == "eq-5d-5l"]
    return dict(answers)

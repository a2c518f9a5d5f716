"""submit, save_answer, open_assessment, cold_start: over HTTP, on the real server and a durable PostgreSQL.

Each value stands beside the barest Flask route that does the same to the database, on the same server, in the same run,
driven by the same load generator in a process of its own. Rounds of the two alternate; the median round counts.
"""

from __future__ import annotations

import json
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from time import perf_counter
from typing import Any

import psutil
import psycopg

from pro_service.cli.processes import APPLICATION, HERE, answers, web_command
from pro_service.domain.participants import Participant
from pro_service.domain.schedule import TrialEvent
from pro_service.runtime import Runtime, build
from pro_service.services import access, assessments, participants, studies
from pro_service.settings import Settings, from_environment
from pro_service.storage.migrations import upgrade
from pro_service.studies.reader import shipped
from tests.benchmarks import bare
from tests.support import people, postgres
from tests.support.ports import free_port, wait_until

NAMES = ("submit", "save_answer", "open_assessment", "cold_start")
CONNECTIONS = 16
ROUNDS = 3
FORMS = 500
"""Requests of each kind a round."""
WARM = 60
"""Requests of each kind before a round, not counted: by then every process has read the study."""
C30 = {f"q{number}": 1 + number % 4 for number in range(1, 31)}


@dataclass(slots=True)
class Patient:
    """One synthetic participant: a session token and the open assessment."""

    token: str
    assessment: str


@dataclass(slots=True)
class Rounds:
    """Requests per second of each round, and the most memory its server took."""

    rates: list[float] = field(default_factory=list)
    peak_mb: float = 0.0

    @property
    def rate(self) -> float:
        """Requests per second of the median round."""
        return statistics.median(self.rates)


def run() -> Iterator[dict[str, object]]:
    """Measure; one line per name."""
    with postgres.running(durable=True) as server, tempfile.TemporaryDirectory() as folder:
        settings = _settings(server, Path(folder))
        patients = _cohort(settings, ROUNDS * (WARM + FORMS))
        environ = {**os.environ, "BARE_DATABASE_URL": settings.database_url}
        yield from _throughput(settings, environ, patients)
        yield _cold_start(settings, environ)


def _settings(server: str, folder: Path) -> Settings:
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE bench")
    url = f"{server}/bench"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(bare.TABLE)
    return from_environment({
        "PRO_ENV": "test", "PRO_DATA_DIR": str(folder), "PRO_DATABASE_URL": url, "PRO_LOG_LEVEL": "info",
    })  # fmt: skip


def _cohort(settings: Settings, number: int) -> list[Patient]:
    """Participants with an open baseline assessment, each signed in by a link."""
    runtime = build(settings)
    upgrade(runtime.engine)
    text, path = shipped("scopes")
    with runtime.work(people.everything) as work:
        study = studies.load(work, document=text, file=str(path))
        studies.activate(work, code=study.code)
    eligibility = {each.code: "no" if each.excludes else "yes" for each in study.criteria}
    today = datetime.now(UTC).date() - timedelta(days=1)
    found = [_patient(runtime, study.code, eligibility, today, place) for place in range(number)]
    runtime.engine.dispose()
    return found


def _patient(runtime: Runtime, study: str, eligibility: dict[str, str], today: date, number: int) -> Patient:
    with runtime.work(people.everything) as work:
        one: Participant = participants.enrol(
            work, study=study, code=f"B-{number:05}", site="nki", arm="short", stratum="lower_extremity",
            language="en", eligibility=eligibility, consented_on=today, events=[TrialEvent("randomisation", today)],
        )  # fmt: skip
        baseline = assessments.listing(work, participant_id=one.id)[0].assessment
        token = access.mint_link(work, participant_id=one.id, assessment_ids=[baseline.id])
        return Patient(access.sign_in_with_link(work, token=token).access_token, str(baseline.id))


def _throughput(settings: Settings, environ: dict[str, str], patients: list[Patient]) -> Iterator[dict[str, object]]:
    ours = {
        "save_answer": _save,
        "open_assessment": _open,
        "submit": _submit,
    }
    insert = "a bare Flask route inserting the same answers as one JSON row with pooled psycopg, same server"
    select = "a bare Flask route reading one JSON row of the same bytes by its key with pooled psycopg, same server"
    limits: dict[str, tuple[str, Callable[[int], bytes]]] = {
        "save_answer": (insert, lambda _: _request("POST", "/answers", {"answers": {"q1": 1}})),
        "open_assessment": (select, lambda place: _request("GET", f"/rows/{place % 50 + 1}")),
        "submit": (insert, lambda _: _request("POST", "/answers", {"answers": C30})),
    }
    measured = {name: (Rounds(), Rounds()) for name in ours}
    with serving(settings, APPLICATION, environ) as port:
        _fill_bare(settings, port, patients[0])
    for place in range(ROUNDS):
        batch = patients[place * (WARM + FORMS) : (place + 1) * (WARM + FORMS)]
        with serving(settings, "tests.benchmarks.bare:create", environ) as port:
            for name, (_, prepare_bare) in limits.items():
                drive(port, [prepare_bare(n) for n in range(WARM)])
                _measure(measured[name][1], port, [prepare_bare(n) for n in range(FORMS)])
        with serving(settings, APPLICATION, environ) as port:
            for name, prepare in ours.items():
                drive(port, [prepare(one) for one in batch[:WARM]])
                _measure(measured[name][0], port, [prepare(one) for one in batch[WARM:]])
    for name, (value, limit) in measured.items():
        yield _line(name, value, limit, limits[name][0])


def _fill_bare(settings: Settings, port: int, one: Patient) -> None:
    """Fifty rows of the very bytes that opening an assessment answers."""
    connection = HTTPConnection(HERE, port)
    headers = {"Authorization": f"Bearer {one.token}"}
    connection.request("GET", f"/api/v1/me/assessments/{one.assessment}", headers=headers)
    form = connection.getresponse().read().decode()
    connection.close()
    with psycopg.connect(settings.database_url) as database:
        for _ in range(50):
            database.execute("INSERT INTO bare (answers) VALUES (%s::jsonb)", [form])


def _line(name: str, value: Rounds, limit: Rounds, limit_is: str) -> dict[str, object]:
    return {
        "name": name,
        "value": round(value.rate, 1),
        "unit": "requests/s",
        "limit": round(limit.rate, 1),
        "limit_is": limit_is,
        "ratio": round(value.rate / limit.rate, 3),
        "samples": ROUNDS * FORMS,
        "peak_mb": round(value.peak_mb, 1),
    }


def _request(method: str, path: str, body: Any = None, token: str = "") -> bytes:
    raw = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
    head = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    head += [f"Authorization: Bearer {token}"] if token else []
    head += ["Content-Type: application/json", f"Content-Length: {len(raw)}"] if body is not None else []
    return "\r\n".join([*head, "", ""]).encode() + raw


def _submit(one: Patient) -> bytes:
    body = {"responses": {"qlq-c30": {"answers": C30, "revision": 1}}}
    return _request("POST", f"/api/v1/me/assessments/{one.assessment}/submission", body, one.token)


def _save(one: Patient) -> bytes:
    path = f"/api/v1/me/assessments/{one.assessment}/responses/qlq-c30"
    return _request("PATCH", path, {"answers": {"q1": 2}, "revision": 0}, one.token)


def _open(one: Patient) -> bytes:
    return _request("GET", f"/api/v1/me/assessments/{one.assessment}", None, one.token)


def drive(port: int, requests: list[bytes], connections: int = CONNECTIONS) -> float:
    """Requests per second, from the load generator's own process. A status other than 200 is an error."""
    with tempfile.NamedTemporaryFile(suffix=".pickle") as file:
        file.write(pickle.dumps(requests))
        file.flush()
        command = [sys.executable, "-m", "tests.benchmarks.load", str(port), str(connections), file.name]
        result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    if set(result["statuses"]) != {"200"}:
        raise RuntimeError(f"unexpected statuses {result['statuses']}")
    return len(requests) / float(result["seconds"])


def _measure(rounds: Rounds, port: int, requests: list[bytes]) -> None:
    rounds.rates.append(drive(port, requests))
    rounds.peak_mb = max(rounds.peak_mb, _memory_mb())


def _memory_mb() -> float:
    """Resident memory of the server started last and its workers."""
    tree = [_server[-1], *_server[-1].children(recursive=True)]
    return float(sum(process.memory_info().rss for process in tree)) / 2**20


_server: list[psutil.Process] = []


@contextmanager
def serving(settings: Settings, application: str, environ: dict[str, str]) -> Iterator[int]:
    """The application on the server of `pro web`; yields its port."""
    port = free_port()
    command = [application if word == APPLICATION else word for word in web_command(settings, host=HERE, port=port)]
    ours = {f"PRO_{name.upper()}": str(getattr(settings, name)) for name in ("env", "data_dir", "database_url")}
    with (settings.data_dir / "web.log").open("ab") as log:
        process = subprocess.Popen(command, env={**environ, **ours}, stdout=log, stderr=log)
    _server.append(psutil.Process(process.pid))
    try:
        wait_until(lambda: answers(port, "/healthz"), seconds=120, what="the server answering")
        yield port
    finally:
        process.terminate()
        process.wait(timeout=20)
        _server.pop()


def _cold_start(settings: Settings, environ: dict[str, str]) -> dict[str, object]:
    """Seconds from starting the server's process to its first answer."""
    seconds: dict[str, list[float]] = {APPLICATION: [], "tests.benchmarks.bare:create": []}
    peak = 0.0
    for _ in range(ROUNDS):
        for application, times in seconds.items():
            started = perf_counter()
            with serving(settings, application, environ):
                times.append(perf_counter() - started)
                peak = max(peak, _memory_mb())
    value, limit = (statistics.median(times) for times in seconds.values())
    return {
        "name": "cold_start",
        "value": round(value, 3),
        "unit": "s",
        "limit": round(limit, 3),
        "limit_is": "the same server starting a bare Flask application with a psycopg pool",
        "ratio": round(value / limit, 3),
        "samples": ROUNDS,
        "peak_mb": round(peak, 1),
    }

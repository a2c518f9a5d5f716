"""due_sweep: messages decided per second on PostgreSQL, against the same rows written by bare psycopg.

Every round has people of its own with an assessment that has just opened, among many that are not due. The limit
writes what a sweep must leave behind, in batches of the same size: the decision, its audit line, and the next time to
look at the assessment. Rounds of both alternate, so that a busy machine slows them alike; the best of each counts.
"""

from __future__ import annotations

import tempfile
import time
import tracemalloc
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import insert

from pro_service.domain.audit import Actor
from pro_service.runtime import Runtime, build, settle
from pro_service.services import reminders, studies
from pro_service.settings import from_environment
from pro_service.storage.assessments import assessment
from pro_service.storage.metadata import new_id
from pro_service.storage.migrations import upgrade
from pro_service.storage.participants import participant
from pro_service.studies.reader import shipped
from tests.support import postgres

ROUNDS, PEOPLE, NOT_DUE = 7, 2000, 20_000
NAMES = ("due_sweep",)
NOW = datetime(2026, 1, 12, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=3)
SYSTEM = Actor(kind="system", id="benchmark", role="system")

UPDATE = "UPDATE assessment SET next_reminder_at = %s WHERE id = %s"
DELIVERY = (
    "INSERT INTO delivery (id, participant_id, key, occasion, assessment_ids, local_day, channel, decision, reason,"
    " decided_at, due_at) VALUES (%s, %s, %s, 'invitation', %s, %s, '', 'send', 'due', %s, %s)"
)
AUDIT = (
    "INSERT INTO audit_event (at, actor_kind, actor_id, role, organisation, action, subject_kind, subject_id,"
    " participant_id, changes, reason)"
    " VALUES (%s, 'system', 'benchmark', 'system', '', 'delivery.decide', 'delivery', %s, %s, %s, '')"
)

Pair = tuple[UUID, UUID]


def run() -> Iterator[dict[str, object]]:
    """One line: how many messages a single sweeper decides in a second."""
    with postgres.running(durable=True) as server, tempfile.TemporaryDirectory() as folder:
        variables = {"PRO_ENV": "test", "PRO_DATA_DIR": folder, "PRO_DATABASE_URL": f"{server}/postgres"}
        runtime = build(from_environment(variables), clock=lambda: NOW)
        upgrade(runtime.engine)
        settle()
        version = active_study(runtime)
        open_forms(runtime, version, NOT_DUE, at=LATER)
        values, limits = [], []
        for _ in range(ROUNDS):
            limits.append(_bare(server, open_forms(runtime, version, PEOPLE, at=None)))
            open_forms(runtime, version, PEOPLE, at=NOW)
            values.append(_sweep(runtime))
        open_forms(runtime, version, PEOPLE, at=NOW)
        peak = _peak_of_sweep(runtime)
        runtime.engine.dispose()
    value, limit = max(values), max(limits)
    yield {
        "name": "due_sweep",
        "value": round(value),
        "unit": "messages decided per second",
        "limit": round(limit),
        "limit_is": "the same inserts and updates by bare psycopg, in batches of the same size",
        "ratio": round(value / limit, 2),
        "samples": ROUNDS * PEOPLE,
        "peak_mb": peak,
    }


def active_study(runtime: Runtime) -> studies.ActiveVersion:
    text, path = shipped("scopes")
    with runtime.work(Actor(kind="cli", id="benchmark", role="admin")) as work:
        studies.load(work, document=text, file=str(path))
        studies.activate(work, code="scopes")
        return studies.active_version(work, code="scopes")


def open_forms(runtime: Runtime, version: studies.ActiveVersion, number: int, *, at: datetime | None) -> list[Pair]:
    """So many people with one open assessment each, to be looked at then; their ids, person and assessment."""
    pairs = [(new_id(), new_id()) for _ in range(number)]
    opens_at = (at or NOW) - timedelta(hours=10)
    people = [
        {
            "id": person, "study_id": version.study_id, "study_version_id": version.version_id, "code": str(person),
            "site": "nki", "arm": "short", "stratum": "trunk", "language": "nl", "timezone": "Europe/Amsterdam",
            "eligibility": {}, "enrolled_at": NOW, "created_at": NOW, "preferences": {},
        }
        for person, _ in pairs
    ]  # fmt: skip
    forms = [
        {
            "id": form, "participant_id": person, "timepoint": "baseline", "occurrence": 1, "instruments": ["qlq-c30"],
            "opens_at": opens_at, "closes_at": opens_at + timedelta(days=21), "next_reminder_at": at,
        }
        for person, form in pairs
    ]  # fmt: skip
    with runtime.engine.begin() as connection:
        connection.execute(insert(participant), people)
        connection.execute(insert(assessment), forms)
    return pairs


def _sweep(runtime: Runtime) -> float:
    """Messages decided per second, until nothing is due."""
    start, decided = time.perf_counter(), 0
    while found := reminders.sweep(partial(runtime.work, SYSTEM)):
        decided += found
    if decided != PEOPLE:
        raise RuntimeError(f"{decided} decided, {PEOPLE} expected")
    return decided / (time.perf_counter() - start)


def _bare(server: str, pairs: Sequence[Pair]) -> float:
    """The same rows per second, by executemany in the batches of a sweep."""
    with psycopg.connect(f"{server}/postgres") as connection, connection.cursor() as cursor:
        start = time.perf_counter()
        for first in range(0, len(pairs), reminders.LIMIT):
            batch = [(person, form, new_id()) for person, form in pairs[first : first + reminders.LIMIT]]
            cursor.executemany(DELIVERY, [_delivery(*one) for one in batch])
            cursor.executemany(UPDATE, [(LATER, form) for _, form, _ in batch])
            cursor.executemany(AUDIT, [_audit(*one) for one in batch])
            connection.commit()
        return len(pairs) / (time.perf_counter() - start)


def _delivery(person: UUID, form: UUID, message: UUID) -> tuple[object, ...]:
    return (message, person, f"{person}:2026-01-12:1", Jsonb([str(form)]), date(2026, 1, 12), NOW, NOW)


def _audit(person: UUID, form: UUID, message: UUID) -> tuple[object, ...]:
    changes = {"decision": [None, "send"], "reason": [None, "due"], "assessment_ids": [None, [str(form)]]}
    return (NOW, str(message), person, Jsonb(changes))


def _peak_of_sweep(runtime: Runtime) -> float:
    tracemalloc.start()
    _sweep(runtime)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return round(peak / 1e6, 3)

"""due_claim, delivery_claim: finding and claiming what is due, among five million that are not and among a thousand.

Two databases on one server hold the same thousand that are due. One has a thousand more that are not due, the other
five million: assessments whose next message lies ahead, and messages that were sent long ago. Each round claims in
both, in turns, and takes it back; the best of each counts. The limit is the small one: a ratio of 1.0 means that what
is not due costs nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import psycopg
from sqlalchemy import Engine

from pro_service.storage import deliveries
from pro_service.storage.engine import make_engine
from pro_service.storage.migrations import upgrade
from pro_service.storage.session import Session
from tests.support import postgres

NAMES = ("due_claim", "delivery_claim")
FEW, MANY, DUE, PER_PERSON, ROUNDS, BATCH = 1_000, 5_000_000, 1_000, 50, 200, 100
NOW = datetime(2026, 1, 12, 9, 0, tzinfo=UTC)

PEOPLE = """
INSERT INTO study (id, code, created_at) VALUES ({id}, 'flat', '{now}');
INSERT INTO study_version (id, study_id, version, document, sha256, created_at)
  VALUES ({id}, {id}, 1, '', '', '{now}');
INSERT INTO participant
  (id, study_id, study_version_id, code, site, language, timezone, eligibility, created_at, preferences)
SELECT lpad(to_hex(n), 32, '0')::uuid, {id}, {id}, n, 'nki', 'nl', 'Europe/Amsterdam', '{{}}', '{now}', '{{}}'
FROM generate_series(0, {people} - 1) AS n;
"""
FORMS = """
INSERT INTO assessment
  (id, participant_id, timepoint, occurrence, instruments, opens_at, closes_at, mode, next_reminder_at)
SELECT lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(n % {people}), 32, '0')::uuid, 'weekly', n / {people},
  '["qlq-c30"]', '{now}', '{later}', 'self',
  CASE WHEN n < {due} THEN timestamptz '{now}' - n * interval '1 second'
  ELSE timestamptz '{later}' + n % 1000000 * interval '1 second' END
FROM generate_series(0, {rows} - 1) AS n;
"""
SENT = """
INSERT INTO delivery
  (id, participant_id, key, occasion, assessment_ids, local_day, channel, decision, reason, decided_at,
  due_at, outcome, sent_at)
SELECT lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(n % {people}), 32, '0')::uuid, n, 'reminder', '[]',
  date '{now}' - n % 1000, 'email', 'send', 'due', '{now}',
  CASE WHEN n < {due} THEN timestamptz '{now}' - n * interval '1 second' END,
  CASE WHEN n >= {due} THEN 'sent' END, CASE WHEN n >= {due} THEN timestamptz '{now}' END
FROM generate_series(0, {rows} - 1) AS n;
"""


def run() -> Iterator[dict[str, object]]:
    """Two lines: assessments found and held by a sweep, messages claimed by a sender."""
    with postgres.running() as server:
        few, many = _filled(server, "few", FEW), _filled(server, "many", MANY)
        yield _compared("due_claim", few, many, _take)
        yield _compared("delivery_claim", few, many, _claim)
        few.dispose()
        many.dispose()


def _take(session: Session) -> int:
    return len(deliveries.take_due(session, now=NOW, limit=BATCH))


def _claim(session: Session) -> int:
    return len(deliveries.claim_due(session, now=NOW, until=NOW + timedelta(minutes=1), limit=BATCH))


def _compared(name: str, few: Engine, many: Engine, claim: Callable[[Session], int]) -> dict[str, object]:
    rates = [(_rate(few, claim), _rate(many, claim)) for _ in range(ROUNDS)]
    limit, value = max(rate for rate, _ in rates), max(rate for _, rate in rates)
    return {
        "name": name,
        "value": round(value),
        "unit": f"rows found and claimed per second among {MANY:,} that are not due",
        "limit": round(limit),
        "limit_is": f"the same among {FEW:,} that are not due",
        "ratio": round(value / limit, 2),
        "samples": ROUNDS * BATCH,
        "peak_mb": 0.0,
    }


def _rate(engine: Engine, claim: Callable[[Session], int]) -> float:
    with engine.connect() as session:
        start = time.perf_counter()
        found = claim(session)
        taken = time.perf_counter() - start
        session.rollback()
    if found != BATCH:
        raise RuntimeError(f"{found} claimed, {BATCH} expected")
    return found / taken


def _filled(server: str, name: str, not_due: int) -> Engine:
    """A database with what is due and so much that is not; its foreign keys are not looked at while it is filled."""
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    engine = make_engine(f"{server}/{name}")
    upgrade(engine)
    rows = DUE + not_due
    facts = {"now": NOW, "later": NOW + timedelta(days=3), "due": DUE, "rows": rows, "per": PER_PERSON}
    facts |= {"id": f"'{'0' * 32}'", "people": max(2 * DUE, rows // PER_PERSON)}
    with psycopg.connect(f"{server}/{name}", autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        for statement in (PEOPLE, FORMS, SENT):
            connection.execute(statement.format(**facts))
        connection.execute("VACUUM ANALYZE")
    return engine

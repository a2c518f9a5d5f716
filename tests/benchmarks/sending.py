"""send_file, send_smtp: messages sent per second by one worker on PostgreSQL, into files and to a mail server.

The whole of a sender's work is counted: claiming, deciding again, composing, attempts and outcomes on disk, the calls.
The limit makes the bare calls of as many messages, as many at a time and over lines kept open as a sender does, with no
database. Rounds of both alternate; the best of each counts. The mail server is a real one in this process: the limit
bears its cost too.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from itertools import repeat

from pro_service.domain.audit import Actor
from pro_service.domain.messages import Channel, Message, freely
from pro_service.domain.participants import Contact
from pro_service.runtime import Runtime, build, settle
from pro_service.services import contacts, deliveries, reminders
from pro_service.services.studies import ActiveVersion
from pro_service.settings import from_environment
from pro_service.storage.migrations import upgrade
from tests.benchmarks.reminders import NOW, active_study, open_forms
from tests.support import postgres
from tests.support.postbox import listening
from workers.reminders import AT_ONCE

NAMES = ("send_file", "send_smtp")
ROUNDS, PEOPLE = 3, 200
SYSTEM = Actor(kind="system", id="benchmark", role="system")
OFFICE = Actor(kind="cli", id="benchmark", role="admin")
WORDS = "A questionnaire is ready for you. " * 12


class Takes:
    """A mail server that takes everything and keeps nothing."""

    async def handle_DATA(self, *_: object) -> str:  # noqa: N802  # aiosmtpd's name
        """Take one message."""
        return "250 taken"


def run() -> Iterator[dict[str, object]]:
    """Two lines: through the outbox of files, and through SMTP."""
    yield _measured("send_file", {})
    with listening(Takes()) as url:
        yield _measured("send_smtp", {"PRO_SMTP_URL": url})


def _measured(name: str, more: dict[str, str]) -> dict[str, object]:
    with postgres.running(durable=True) as server, tempfile.TemporaryDirectory() as folder:
        variables = {"PRO_ENV": "test", "PRO_DATA_DIR": folder, "PRO_DATABASE_URL": f"{server}/postgres", **more}
        runtime = build(from_environment(variables), clock=lambda: NOW)
        upgrade(runtime.engine)
        settle()
        version, values, limits = active_study(runtime), [], []
        for number in range(ROUNDS):
            limits.append(_bare(runtime.channels["email"], number))
            _decided(runtime, version)
            values.append(_sent(runtime))
        runtime.engine.dispose()
    value, limit = max(values), max(limits)
    return {
        "name": name,
        "value": round(value),
        "unit": f"messages sent per second by one worker, {AT_ONCE} calls at a time",
        "limit": round(limit),
        "limit_is": "the bare calls of the channel, as many at a time, with no database",
        "ratio": round(value / limit, 2),
        "samples": ROUNDS * PEOPLE,
        "peak_mb": 0.0,
    }


def _decided(runtime: Runtime, version: ActiveVersion) -> None:
    """So many people with an address, each with a message decided on and not sent yet."""
    pairs = open_forms(runtime, version, PEOPLE, at=NOW)
    with runtime.work(OFFICE) as work:
        for person, _ in pairs:
            contacts.save(work, participant_id=person, contact=Contact(email=f"{person}@example.org"))
    reminders.sweep(partial(runtime.work, SYSTEM))


def _sent(runtime: Runtime) -> float:
    start = time.perf_counter()
    found = deliveries.send_due(
        partial(runtime.work, SYSTEM),
        channels=runtime.channels,
        base_url=runtime.settings.base_url,
        at_once=AT_ONCE,
    )
    if found != PEOPLE:
        raise RuntimeError(f"{found} sent, {PEOPLE} expected")
    return found / (time.perf_counter() - start)


def _bare(channel: Channel, number: int) -> float:
    messages = [
        Message(f"{number}-{each}", NOW, f"{each}@example.org", "Your questionnaire", WORDS, f"<p>{WORDS}</p>")
        for each in range(PEOPLE)
    ]
    with nullcontext(channel.send) if channel.opened is None else channel.opened() as send:
        start = time.perf_counter()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(send, messages, repeat(freely)))
        return PEOPLE / (time.perf_counter() - start)

"""The timetable: wake-up calls that may be lost, doubled or late; and what a worker does with each of them.

Guards rows 1, 2 and 3 of the known failures.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from threading import Event, Thread

import pytest
from sqlalchemy import func, select

import pro_service
import workers
from pro_service.domain.instruments import Answers
from pro_service.domain.participants import Participant
from pro_service.domain.responses import Draft
from pro_service.runtime import Runtime
from pro_service.services import assessments, exports, heartbeats, responses
from pro_service.services import audit as audit_trail
from pro_service.storage.deliveries import delivery
from pro_service.storage.metadata import metadata
from pro_service.storage.scores import score_set
from tests.support import people
from workers import app as workers_app
from workers.app import TaskFailed, create_celery
from workers.timetable import TIMETABLE, Entry

Enrol = Callable[..., Participant]
ANSWERS: Answers = {"MO": 1, "SC": 2, "UA": 1, "PD": 3, "AD": 1, "VAS": 80}


def rows(runtime: Runtime) -> dict[str, int]:
    """How many rows each table holds."""
    with runtime.work(people.system, writes=False) as w:
        return {
            name: w.session.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in metadata.tables.items()
        }


def submit(runtime: Runtime, participant: Participant) -> None:
    with runtime.work(people.patient(participant.id)) as w:
        view = assessments.listing(w, participant_id=participant.id)[0]
        responses.submit(w, assessment_id=view.assessment.id, drafts={"eq-5d-5l": Draft(ANSWERS)})


@pytest.mark.parametrize("entry", TIMETABLE, ids=lambda entry: entry.name)
def test_a_wake_up_call_with_nothing_to_do_is_harmless(runtime: Runtime, entry: Entry) -> None:
    entry.run(runtime)
    entry.run(runtime)
    assert {name: number for name, number in rows(runtime).items() if number} in ({}, {"heartbeat": 1})


def test_everything_that_waits_is_done_once_however_often_we_are_woken(runtime: Runtime, enrolled: Enrol) -> None:
    """Rows 1 and 3: a call that the broker brings again, after any time-out of its own, finds nothing left to do."""
    submit(runtime, enrolled())
    enrolled()
    with runtime.work(people.everything) as w:
        exports.request(w, study="scopes", format="csv", as_of=date(2026, 1, 12))
    for _ in range(2):
        for entry in TIMETABLE:
            entry.run(runtime)
    with runtime.work(people.everything) as w:
        assert w.session.execute(select(func.count()).select_from(score_set)).scalar_one() == 1
        assert w.session.execute(select(delivery.c.outcome)).scalars().all() == ["sent"]
        assert "beat" in heartbeats.last(w)
        assert audit_trail.verify(w).damage == ()
    assert len(list(runtime.settings.data_dir.glob("exports/*/manifest.json"))) == 1
    assert len(list(runtime.settings.data_dir.glob("outbox/*.eml"))) == 1
    before = rows(runtime)
    for entry in TIMETABLE:
        entry.run(runtime)
    assert {name: number for name, number in rows(runtime).items() if number != before[name]} == {}


def test_every_call_expires_and_none_is_parked(runtime: Runtime) -> None:
    """Row 1: a delayed task on Redis runs again after the visibility timeout, so there are none.

    Scheduler and worker may stand on machines whose clocks differ by minutes, and calls must not be dropped for that.
    """
    schedule = create_celery(runtime).conf.beat_schedule
    assert set(schedule) == {entry.name for entry in TIMETABLE}
    for call in schedule.values():
        assert 300 <= call["options"]["expires"] <= 3600
    sources = [path.read_text() for path in Path(workers.__file__).parent.glob("*.py")]
    assert not [source for source in sources if re.search(r"\b(eta|countdown|apply_async|delay)\b", source)]
    elsewhere = [path.read_text() for path in Path(pro_service.__file__).parent.rglob("*.py")]
    assert not [source for source in elsewhere if re.search(r"\b(countdown|apply_async|send_task)\b", source)]


def test_two_workers_sealing_at_the_same_moment_are_no_failure(runtime: Runtime, enrolled: Enrol) -> None:
    """Failure row 2: two schedulers wake two workers, and both find the same events to seal."""
    enrolled()
    failures: list[Exception] = []

    def seal() -> None:
        try:
            next(entry for entry in TIMETABLE if entry.name == "audit.seal").run(runtime)
        except Exception as error:
            failures.append(error)

    other = Thread(target=seal)
    with runtime.work(people.system) as w:
        assert audit_trail.seal(w) > 0
        other.start()
        other.join(0.5)  # it waits for us, or begins when we are done: it must not matter
    other.join(30)
    assert not failures
    with runtime.work(people.everything) as w:
        assert audit_trail.verify(w).damage == ()
        assert audit_trail.verify(w).unsealed == 0


@pytest.mark.parametrize(
    ("redis_url", "broker"), [("", "filesystem://"), ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0")]
)
def test_the_broker_follows_the_settings(runtime: Runtime, redis_url: str, broker: str) -> None:
    settings = runtime.settings.model_copy(update={"redis_url": redis_url})
    conf = create_celery(replace(runtime, settings=settings)).conf
    assert conf.broker_url == broker
    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost
    assert conf.accept_content == ["json"]
    assert conf.result_backend is None


def test_a_worker_runs_an_entry_once_at_a_time(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, finish, runs = Event(), Event(), list[int]()

    def slow(_: Runtime) -> None:
        runs.append(1)
        begun.set()
        finish.wait(10)

    monkeypatch.setattr(workers_app, "TIMETABLE", (Entry("slow", slow, every=1),))
    task = create_celery(runtime).tasks["slow"]
    first = Thread(target=task)
    first.start()
    begun.wait(10)
    task()
    finish.set()
    first.join()
    assert runs == [1]
    task()
    assert runs == [1, 1]


def test_a_failing_entry_is_logged_without_what_it_worked_on(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fails(_: Runtime) -> None:
        raise RuntimeError("patient NKI-001 answered 4")

    monkeypatch.setattr(workers_app, "TIMETABLE", (Entry("fails", fails, every=1),))
    with pytest.raises(TaskFailed) as raised:
        create_celery(runtime).tasks["fails"]()
    assert "NKI-001" not in "".join(capfd.readouterr()) + str(raised.value)

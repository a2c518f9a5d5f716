"""The Celery application: Redis as the broker in production, a folder of files on the embedded default.

A worker is one process with a thread for each entry of the timetable, and runs each entry at most once at a time: slow
mail never keeps scores waiting, and SQLite never sees two writers of a kind. More work than one process can do is
shared by starting more of them, on any host. docs/decisions/ says what was measured.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from threading import Lock
from typing import Any

from celery import Celery
from celery.platforms import SecurityWarning
from celery.signals import setup_logging

from pro_service.observability import configure, failure, logger
from pro_service.runtime import Runtime
from pro_service.settings import Settings
from workers.timetable import TIMETABLE, Entry

EXPIRES = 600
"""After how many seconds a wake-up call is worth nothing. The scheduler's clock says when, the worker's whether that
is past: were it a few seconds, a worker whose clock is ahead by these would drop every call."""

FILES = "workers.files:Transport"

log = logger("worker")


class TaskFailed(Exception):
    """A task failed; our own log line before this one says where, without repeating what it worked on."""


def create_celery(runtime: Runtime) -> Celery:
    """The application with every entry of the timetable as a task. Opens no connection yet."""
    app = Celery("pro", set_as_current=False)
    app.conf.update(
        **_broker(runtime.settings),
        accept_content=["json"],
        beat_schedule={entry.name: _call(entry) for entry in TIMETABLE},
        beat_scheduler="celery.beat:Scheduler",  # keeps nothing on disk: every entry is due again within a minute
        broker_connection_max_retries=None,  # for ever: a broker that is away comes back
        broker_connection_retry_on_startup=True,
        task_acks_late=True,
        task_default_queue="pro",
        task_ignore_result=True,
        task_reject_on_worker_lost=True,
        timezone="UTC",
        worker_concurrency=len(TIMETABLE),
        worker_enable_remote_control=False,
        worker_pool="threads",
        worker_prefetch_multiplier=1,
    )
    for entry in TIMETABLE:
        app.task(name=entry.name, shared=False)(_once_at_a_time(entry, runtime))
    return app


def run_worker(runtime: Runtime) -> None:
    """Work until told to stop. What piled up on the broker while nobody worked is forgotten: the rows are the work."""
    _log_our_way(runtime.settings)
    app = create_celery(runtime)
    with app.connection_for_write() as connection:
        app.control.purge(connection=connection)
    warnings.simplefilter("ignore", SecurityWarning)  # it warns root of pickle, and we take nothing but JSON
    log.info("working", entries=len(TIMETABLE))
    app.Worker(quiet=True, without_gossip=True, without_heartbeat=True, without_mingle=True).start()


def run_beat(runtime: Runtime) -> None:
    """Send the wake-up calls of the timetable until told to stop."""
    _log_our_way(runtime.settings)
    log.info("beating", entries=len(TIMETABLE))
    create_celery(runtime).Beat(quiet=True).run()


def _broker(settings: Settings) -> dict[str, Any]:
    if settings.redis_url:
        return {"broker_url": settings.redis_url}
    folder = settings.data_dir.absolute() / "broker"
    for name in ("queue", "control"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    options = {
        "data_folder_in": str(folder / "queue"),
        "data_folder_out": str(folder / "queue"),
        "control_folder": str(folder / "control"),
        "polling_interval": 0.25,
    }
    return {"broker_url": "filesystem://", "broker_transport": FILES, "broker_transport_options": options}


def _call(entry: Entry) -> dict[str, Any]:
    """A wake-up call nobody answered is dropped after a while."""
    return {"task": entry.name, "schedule": entry.every, "options": {"expires": EXPIRES}}


def _once_at_a_time(entry: Entry, runtime: Runtime) -> Callable[[], None]:
    """What the task runs: nothing, where this process is at the same entry already."""
    busy = Lock()

    def run() -> None:
        if not busy.acquire(blocking=False):
            return
        try:
            entry.run(runtime)
        except Exception as error:  # whatever it is, it is logged our way: no values in logs
            log.error("task failed", task=entry.name, **failure(error))
            raise TaskFailed(entry.name) from None
        finally:
            busy.release()

    return run


def _log_our_way(settings: Settings) -> None:
    """Keep Celery from setting up logging of its own."""
    setup_logging.connect(lambda **_: configure(settings.log_level), weak=False)
    configure(settings.log_level)

"""Redis dies with everything in it and comes back empty: work goes on within seconds, without a restart of ours."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pro_service.runtime import Runtime, build
from pro_service.services import heartbeats
from pro_service.settings import from_environment
from tests.support import people, processes, redis
from tests.support.ports import wait_until


@pytest.fixture
def server() -> Iterator[redis.Server]:
    started = redis.Server()
    try:
        started.start()
        yield started
    finally:
        started.close()


def beats_after(runtime: Runtime, moment: datetime) -> bool:
    with runtime.work(people.system, writes=False) as w:
        last = heartbeats.last(w).get("beat")
    return last is not None and last > moment


@pytest.mark.timeout(180)
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_work_goes_on_when_redis_comes_back_empty(server: redis.Server, database_url: str, tmp_path: Path) -> None:
    environment = {
        "PRO_ENV": "test",
        "PRO_DATA_DIR": str(tmp_path),
        "PRO_DATABASE_URL": database_url,
        "PRO_REDIS_URL": server.url,
    }
    runtime = build(from_environment(environment))
    began = datetime.now(UTC)
    children = [
        processes.start(
            [sys.executable, "-m", "workers", name], environment={**os.environ, **environment}, log=tmp_path / "log"
        )
        for name in ("worker", "beat")
    ]
    try:
        wait_until(lambda: beats_after(runtime, began), seconds=90, what="a first heartbeat")
        server.kill()
        died = datetime.now(UTC)
        server.start()
        wait_until(lambda: beats_after(runtime, died), seconds=90, what="a heartbeat after the restart")
    finally:
        statuses = [processes.end(child, seconds=30) for child in children]
        runtime.engine.dispose()
    assert statuses == [0, 0]

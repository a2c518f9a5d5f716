"""Redis dies with everything in it and comes back empty: work goes on within seconds, without a restart of ours."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pro_service.runtime import Runtime, build
from pro_service.services import heartbeats
from pro_service.settings import from_environment
from tests.support import people, redis
from tests.support.ports import free_port, listens, wait_until


class Server:
    """A Redis that keeps nothing, always on the same port."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.command = [
            redis.binary(),
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            str(folder),
        ]

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL)
        wait_until(lambda: listens(self.port), what="Redis listening")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    started = Server(tmp_path)
    started.start()
    yield started
    started.kill()


def beats_after(runtime: Runtime, moment: datetime) -> bool:
    with runtime.work(people.system, writes=False) as w:
        last = heartbeats.last(w).get("beat")
    return last is not None and last > moment


@pytest.mark.timeout(180)
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_work_goes_on_when_redis_comes_back_empty(server: Server, database_url: str, tmp_path: Path) -> None:
    environment = {
        "PRO_ENV": "test",
        "PRO_DATA_DIR": str(tmp_path),
        "PRO_DATABASE_URL": database_url,
        "PRO_REDIS_URL": f"redis://127.0.0.1:{server.port}/0",
    }
    runtime = build(from_environment(environment))
    began = datetime.now(UTC)
    with (tmp_path / "log").open("wb") as log:
        processes = [
            subprocess.Popen(
                [sys.executable, "-m", "workers", name], env={**os.environ, **environment}, stdout=log, stderr=log
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
            for process in processes:
                process.terminate()
            statuses = [process.wait(timeout=30) for process in processes]
            runtime.engine.dispose()
    assert statuses == [0, 0]

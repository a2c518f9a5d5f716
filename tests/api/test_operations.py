"""What machines ask: alive, ready, measured."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from pro_service.app import create_app
from pro_service.observability import COUNTED_IN
from pro_service.runtime import Runtime, build
from pro_service.storage.migrations import downgrade
from tests.api.conftest import code_of
from tests.support.ports import free_port

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""The test brings its own database, or needs none."""


def test_alive_and_ready(client: FlaskClient) -> None:
    assert client.get("/healthz").get_json() == {"status": "ok"}
    assert client.get("/readyz").get_json() == {"status": "ok"}


@pytest.fixture(params=["empty", "away"])
def unusable(request: pytest.FixtureRequest, runtime: Runtime, tmp_path: Path) -> Iterator[Runtime]:
    """A runtime whose database has no tables, or does not answer."""
    urls = {
        "empty": f"sqlite:///{tmp_path}/empty.sqlite",
        "away": f"postgresql://pro@127.0.0.1:{free_port()}/nowhere?connect_timeout=2",
    }
    built = build(runtime.settings.model_copy(update={"database_url": urls[request.param]}))
    yield built
    built.engine.dispose()


@ON_SQLITE
def test_without_a_usable_database(unusable: Runtime) -> None:
    client = create_app(unusable).test_client()
    assert client.get("/healthz").status_code == 200
    for path in ("/readyz", "/api/v1/me"):
        response = client.get(path, headers={"Authorization": "Bearer x"})
        assert (response.status_code, code_of(response)) == (503, "unavailable")
        assert int(response.headers["Retry-After"]) > 0


def test_pending_migrations_are_not_ready(runtime: Runtime, client: FlaskClient) -> None:
    downgrade(runtime.engine, "base")
    assert client.get("/readyz").status_code == 503


@pytest.mark.parametrize(
    ("token", "address", "bearer", "status"),
    [
        ("", "127.0.0.1", "", 200),
        ("", "192.0.2.7", "", 403),
        ("s3cret", "127.0.0.1", "", 403),
        ("s3cret", "192.0.2.7", "wrong", 403),
        ("s3cret", "192.0.2.7", "s3cret", 200),
    ],
)
@ON_SQLITE
def test_metrics_are_for_loopback_or_with_the_token(
    runtime: Runtime, token: str, address: str, bearer: str, status: int
) -> None:
    settings = runtime.settings.model_copy(update={"metrics_token": token})
    client = create_app(replace(runtime, settings=settings)).test_client()
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    response = client.get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": address})
    assert response.status_code == status


def test_metrics_name_routes_and_never_paths(client: FlaskClient) -> None:
    client.get("/api/v1/studies/a-secret-path")
    client.open("/healthz", method="BREW")
    text = client.get("/metrics").get_data(as_text=True)
    assert 'route="/api/v1/studies/<study>"' in text
    assert "a-secret-path" not in text
    assert "BREW" not in text


def test_the_access_log_names_routes_and_never_paths(client: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    client.get("/api/v1/studies/a-secret-path?q=private", headers={"Authorization": "Bearer hidden-token"})
    written = "".join(capsys.readouterr())
    assert "/api/v1/studies/<study>" in written
    assert not [secret for secret in ("a-secret-path", "private", "hidden-token") if secret in written]


ONE_REQUEST = """
from pro_service.observability import exposition, observe
observe("GET", "/x", 200, 0.01)
print(exposition().decode())
"""


def test_the_processes_of_a_server_count_together(tmp_path: Path) -> None:
    """Whichever of them is asked answers for all of them; one that has ended stays counted."""
    said = [
        subprocess.run(
            [sys.executable, "-c", ONE_REQUEST],
            env={**os.environ, COUNTED_IN: str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for _ in range(2)
    ]
    for number, text in enumerate(said, start=1):
        assert f'pro_http_requests_total{{method="GET",route="/x",status="200"}} {number}.0' in text
        assert f'pro_http_request_seconds_count{{method="GET",route="/x"}} {number}.0' in text

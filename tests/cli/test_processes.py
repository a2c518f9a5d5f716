"""The commands that run processes: what they would start, and what they say when they cannot."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

import pytest

from pro_service.cli import run
from pro_service.cli.processes import port_of, web_command, web_environment
from pro_service.observability import COUNTED_IN
from pro_service.settings import from_environment


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Settings of this test's own, in the environment of the commands."""
    variables = {"PRO_ENV": "test", "PRO_DATA_DIR": str(tmp_path)}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("PORT", raising=False)
    return variables


@pytest.mark.parametrize("command", ["web", "worker", "beat", "up"])
def test_help_shows_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--help"]) == 0
    assert f"Example: pro {command}" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["web", "worker", "beat", "up"])
def test_a_setting_that_cannot_be_used_is_one_line(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    monkeypatch.setenv("PRO_DATABSE_URL", "sqlite:///x")
    assert run([command]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("invalid-setting: PRO_DATABSE_URL")


def test_a_port_that_is_taken_is_named(environment: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert run(["up", "--port", str(port)]) == 1
    assert f"conflict: port {port} is taken" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("base_url", "port"),
    [("http://127.0.0.1:8123", 8123), ("http://localhost", 8000), ("https://pro.clinic.test:8443", 8000)],
)
def test_the_port_is_that_of_the_service_s_own_address_on_this_machine(
    environment: dict[str, str], base_url: str, port: int
) -> None:
    assert port_of(from_environment({**environment, "PRO_BASE_URL": base_url})) == port


@pytest.mark.parametrize(("url", "processes"), [("sqlite:///x.sqlite", 1), ("postgresql://u@h/d", os.cpu_count())])
def test_sqlite_is_served_by_one_process(environment: dict[str, str], url: str, processes: int) -> None:
    settings = from_environment({**environment, "PRO_DATABASE_URL": url})
    command = web_command(settings, host="127.0.0.1", port=8000)
    assert command[command.index("--workers") + 1] == str(processes)


@pytest.mark.parametrize(("url", "cores", "together"), [("sqlite:///x", 4, False), ("postgresql://u@h/d", 4, True),
                                                        ("postgresql://u@h/d", 1, False)])  # fmt: skip
def test_several_processes_count_together_in_a_new_folder(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, cores: int, together: bool
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    settings = from_environment({**environment, "PRO_DATABASE_URL": url})
    folders = [web_environment(settings).get(COUNTED_IN) for _ in range(2)]
    if together:
        assert sorted(map(str, tmp_path.glob("pro-metrics-*"))) == sorted(filter(None, folders))
        monkeypatch.setenv(COUNTED_IN, "chosen by whoever runs it")
        assert web_environment(settings) == {}
    else:
        assert folders == [None, None]

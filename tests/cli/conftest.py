"""What the tests of the command line share: `pro` in this process, as a shell would see it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pro_service.cli import run

Pro = Callable[..., tuple[int, str, str]]
"""Runs `pro` with these arguments: exit status, what it printed, what it complained of."""


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Pro:
    """`pro` in the environment as it is; what was printed before does not count."""

    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = run(list(arguments))
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return call


@pytest.fixture
def installed(shell: Pro, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pro:
    """`pro` over the test's own database."""
    monkeypatch.setenv("PRO_ENV", "test")
    monkeypatch.setenv("PRO_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("PRO_DATABASE_URL", database_url)
    return shell

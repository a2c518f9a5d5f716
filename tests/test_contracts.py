"""Each import contract is broken once, on purpose, in a copy of the house: it must be seen to fail."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

BREAKS = [
    ("Rings: imports only run inwards", "pro_service/domain/errors.py", "import pro_service.services.work"),
    ("Rings: imports only run inwards", "pro_service/exports/__init__.py", "import pro_service.channels"),
    ("Rings: imports only run inwards", "pro_service/newcomer.py", "A_NEW_PACKAGE = 1"),
    ("Workers stand above the service", "pro_service/app.py", "import workers.app"),
    ("The domain knows the standard library and NumPy only", "pro_service/domain/errors.py", "import polars"),
    ("Only storage speaks SQL", "pro_service/services/work.py", "import sqlalchemy"),
    ("Only api and http know marshmallow", "pro_service/web/__init__.py", "import marshmallow"),
    ("Use cases know neither Flask nor Celery", "pro_service/services/work.py", "import celery"),
    ("One door to names and addresses", "pro_service/services/participants.py", "import pro_service.storage.contacts"),
]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", "--config", "setup.cfg"]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)


@pytest.mark.parametrize(("contract", "file", "line"), BREAKS, ids=[f"{b[0]} ({b[2]})" for b in BREAKS])
def test_contract_is_seen_to_fail(contract: str, file: str, line: str, tmp_path: Path) -> None:
    for part in ("pro_service", "workers"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__", "static", "*.yaml"))
    shutil.copy(ROOT / "setup.cfg", tmp_path)
    path = tmp_path / file
    path.write_text((path.read_text() if path.exists() else '"""New."""\n') + f"\n{line}\n")
    outcome = lint(tmp_path)
    assert outcome.returncode == 1
    assert f"{contract} BROKEN" in outcome.stdout or "newcomer" in outcome.stdout

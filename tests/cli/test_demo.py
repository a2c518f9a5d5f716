"""`pro demo` as somebody meets it: real processes, a free port, an answer that turns into a score in an export."""

from __future__ import annotations

import csv
import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pyotp
import pytest

from tests.support.ports import free_port, listens, wait_until

PRO = [sys.executable, "-c", "from pro_service.cli import main; main()"]
SIZE = 2


def environment(folder: Path) -> dict[str, str]:
    mine = {name: value for name, value in os.environ.items() if not name.startswith("PRO_")}
    return {**mine, "PRO_DATA_DIR": str(folder / "var")}


@contextmanager
def running(folder: Path) -> Iterator[dict[str, Any]]:
    """A demo that serves; yields what it tells scripts. Ends with Ctrl-C, and must end well."""
    port, facts = free_port(), folder / "var" / "demo.json"
    with (folder / "log").open("ab") as log:
        demo = subprocess.Popen(
            [*PRO, "demo", "--participants", str(SIZE)],
            cwd=folder,
            env={**environment(folder), "PORT": str(port)},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def serves() -> bool:
        assert demo.poll() is None, (folder / "log").read_text(encoding="utf-8")
        return facts.exists() and f":{port}" in facts.read_text(encoding="utf-8")

    try:
        wait_until(serves, seconds=120, what="the demo serving")
        yield json.loads(facts.read_text(encoding="utf-8"))
        demo.send_signal(signal.SIGINT)
        assert demo.wait(timeout=30) == 0
        assert not listens(port)
    finally:
        if demo.poll() is None:
            os.killpg(demo.pid, signal.SIGKILL)
            demo.wait(timeout=10)


def call(method: str, url: str, body: object = None, *, token: str = "") -> Any:
    """One call of the API, as JSON both ways."""
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    data = None if body is None else json.dumps(body).encode()
    try:
        with urlopen(Request(url, data=data, method=method, headers=headers), timeout=20) as answer:
            return json.loads(answer.read())
    except HTTPError as error:
        raise AssertionError(f"{method} {url}: {error.code} {error.read().decode()}") from None


def sign_in(facts: dict[str, Any]) -> tuple[str, str]:
    """The patient's access token and code, by the link of the demo."""
    token = facts["patient_link"].rpartition("/")[2]
    signed_in = call("POST", f"{facts['base_url']}/api/v1/sessions/link", {"token": token})
    return signed_in["access_token"], signed_in["participant"]["code"]


def answer_and_submit(facts: dict[str, Any]) -> tuple[str, str]:
    """Fill in the QLQ-C30 of the form that is open; whose it was, and at which timepoint."""
    api = f"{facts['base_url']}/api/v1/me/assessments"
    token, participant = sign_in(facts)
    listed = call("GET", api, token=token)
    form = next(one for one in listed["items"] if one["status"] in ("open", "in_progress"))
    answers = {f"q{number}": 2 for number in range(1, 31)}
    url = f"{api}/{form['id']}"
    call("PATCH", f"{url}/responses/qlq-c30", {"answers": answers, "revision": 0}, token=token)
    call("POST", f"{url}/submission", {}, token=token)
    return participant, form["timepoint"]


def exported(folder: Path, number: int) -> list[dict[str, str]]:
    """The rows of scores_wide of an export made now, by the command line."""
    target = folder / f"cut-{number}"
    words = ["export", "scopes", "--format", "csv", "--output", str(target)]
    subprocess.run([*PRO, *words], cwd=folder, env=environment(folder), check=True, stdout=subprocess.DEVNULL)
    with (target / "scores_wide.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.timeout(400)
def test_the_demo_from_first_start_to_second(tmp_path: Path) -> None:
    with running(tmp_path) as first:
        assert stat.S_IMODE((tmp_path / "var" / "demo.json").stat().st_mode) == 0o600
        assert first.keys() >= {"base_url", "patient_link", "staff", "api_key"}
        code = pyotp.TOTP(first["staff"]["totp_secret"]).now()
        credentials = {"email": first["staff"]["email"], "password": first["staff"]["password"], "code": code}
        assert call("POST", f"{first['base_url']}/api/v1/sessions/password", credentials)["access_token"]
        listed = call("GET", f"{first['base_url']}/api/v1/studies/scopes/participants", token=first["api_key"])
        assert len(listed["items"]) == SIZE
        participant, timepoint = answer_and_submit(first)
        tries = iter(range(100))

        def scored() -> bool:
            rows = exported(tmp_path, next(tries))
            return any(
                (row["participant"], row["timepoint"]) == (participant, timepoint) and row["qlq_c30_QL2"]
                for row in rows
            )

        wait_until(scored, seconds=60, what="the score in an export")
    with running(tmp_path) as second:
        assert (second["staff"], second["api_key"]) == (first["staff"], first["api_key"])
        assert second["patient_link"].rpartition("/")[2] != first["patient_link"].rpartition("/")[2]
        assert sign_in(second)
        listed = call("GET", f"{second['base_url']}/api/v1/studies/scopes/participants", token=second["api_key"])
        assert len(listed["items"]) in (SIZE, SIZE + 1)  # somebody new where nobody else has a form open


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [*PRO, "demo", "--port", str(port)],
            cwd=tmp_path,
            env=environment(tmp_path),
            capture_output=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.decode().startswith(f"conflict: port {port} is taken")
    assert not (tmp_path / "var" / "pro.sqlite").exists()


def test_the_demo_refuses_production(tmp_path: Path) -> None:
    """Made-up participants and real ones never share a database."""
    secrets = {"PRO_SECRET_KEY": "x" * 40, "PRO_CONTACT_KEYS": f"1:{'A' * 43}="}
    production = {"PRO_ENV": "production", "PRO_ALLOW_SQLITE": "yes", **secrets}
    done = subprocess.run(
        [*PRO, "demo"], cwd=tmp_path, env={**environment(tmp_path), **production}, capture_output=True, check=False
    )
    assert done.returncode == 1
    assert "does not run where PRO_ENV is production" in done.stderr.decode()

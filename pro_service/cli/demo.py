"""`pro demo`: a study with synthetic participants, an account, a key and a sign-in link; then everything runs."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from pro_service.cli.acting import cli_actor
from pro_service.cli.processes import HERE, port_of, require_free, run_everything
from pro_service.cli.progress import progress
from pro_service.domain.errors import Conflict
from pro_service.observability import configure
from pro_service.runtime import Runtime, build
from pro_service.services import demo, simulation
from pro_service.services.simulation import Order
from pro_service.settings import Settings, from_environment
from pro_service.storage.migrations import upgrade
from pro_service.studies.reader import shipped

STUDY, PARTICIPANTS, MONTHS, SEED = "scopes", 60, 18, 1
ACTOR = cli_actor("demo")
SQLITE = "sqlite:///"


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), envvar="PORT", help="Port to listen on.  [default: 8000]")
@click.option(
    "--participants", type=click.IntRange(min=1), default=PARTICIPANTS, show_default=True, help="How many to make up."
)
def command(port: int | None, participants: int) -> None:
    """Run everything on this machine, with synthetic participants who have months of answers; Ctrl-C stops it.

    Addresses, account, key and a patient's sign-in link are printed, and written for scripts to var/demo.json. The
    first start makes the data, which takes half a minute or so; a later one finds it.

    Example: pro demo --port 8123
    """
    settings = from_environment()
    if settings.production:
        raise Conflict("the demo makes up participants: it does not run where PRO_ENV is production")
    chosen = port or port_of(settings)
    require_free(HERE, chosen)
    base_url = _base_url(settings, chosen)
    configure("error", lasting=False)
    _make_once(settings, base_url, participants)
    runtime = build(settings)
    upgrade(runtime.engine)
    facts = _facts(runtime, base_url)

    def announce() -> None:
        _write(_file(settings), facts)
        _print(facts, _file(settings))

    raise click.exceptions.Exit(run_everything(runtime, port=chosen, on_ready=announce))


def _base_url(settings: Settings, port: int) -> str:
    """Where the demo will be found: on this machine, unless the settings say that it is reached by another name."""
    local = urlsplit(settings.base_url).hostname in {HERE, "localhost", "::1"}
    return f"http://{HERE}:{port}" if local else settings.base_url


def _make_once(settings: Settings, base_url: str, participants: int) -> None:
    """Make the demo's data where there is none. An embedded database is made aside, and takes its place when whole."""
    url = settings.database_url
    place = Path(url.removeprefix(SQLITE))
    if not url.startswith(SQLITE) or (place.exists() and place.stat().st_size):
        _populate(settings, base_url, participants)
        return
    draft = place.with_name(f"{place.name}.making")
    for left in draft.parent.glob(f"{draft.name}*"):
        left.unlink()
    _populate(settings.model_copy(update={"database_url": f"{SQLITE}{draft}"}), base_url, participants)
    os.replace(draft, place)


def _populate(settings: Settings, base_url: str, participants: int) -> None:
    runtime = build(settings)
    try:
        upgrade(runtime.engine)
        with runtime.work(ACTOR, writes=False) as work:
            if demo.has_participants(work, study=STUDY):
                return
        document, file = shipped(STUDY)
        click.echo(
            f"making {participants} synthetic participants of {STUDY} with {MONTHS} months behind them", err=True
        )
        order = Order(document, file, participants, SEED, MONTHS, runtime.clock())
        with progress("Simulating") as advance:
            simulation.simulate(
                runtime.work, order=order, channels=runtime.channels, base_url=base_url, progress=advance
            )
    finally:
        runtime.engine.dispose()


def _facts(runtime: Runtime, base_url: str) -> dict[str, Any]:
    """What scripts need to know; of an earlier start whatever still holds."""
    before = _read(_file(runtime.settings))
    with runtime.work(ACTOR) as work:
        if before is None or not demo.knows(work, api_key=before["api_key"]):
            doors = asdict(demo.open_doors(work))
            key = doors.pop("api_key")
            before = {"staff": doors, "api_key": key, "patient_link": ""}
        token = str(before["patient_link"]).rpartition("/")[2]
        if not token or not demo.opens(work, token=token):
            token = demo.fresh_link(work, study=STUDY)
    return {
        "base_url": base_url,
        "patient_link": f"{base_url}/l/{token}",
        "staff": before["staff"],
        "api_key": before["api_key"],
        "study": STUDY,
    }


def _file(settings: Settings) -> Path:
    return settings.data_dir / "demo.json"


def _read(path: Path) -> dict[str, Any] | None:
    """What an earlier start wrote; None where there was none."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return found if {"patient_link", "staff", "api_key"} <= found.keys() else None


def _write(path: Path, facts: dict[str, Any]) -> None:
    """Readable by its owner alone, and whole at any moment."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    os.replace(draft, path)


def _print(facts: dict[str, Any], path: Path) -> None:
    staff = facts["staff"]
    click.echo(
        f"""
  {STUDY.upper()} is running, with synthetic participants only.

  Patient     {facts["patient_link"]}
  Study team  {facts["base_url"]}/staff
              e-mail    {staff["email"]}
              password  {staff["password"]}
              code      from an authenticator app given {staff["totp_secret"]}
  API         {facts["base_url"]}/api/docs   key {facts["api_key"]}

  The same for scripts: {path}
  Messages that were sent: {path.parent / "outbox"}

  Ctrl-C stops everything.
"""
    )

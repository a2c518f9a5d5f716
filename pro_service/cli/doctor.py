"""`pro doctor`: is it healthy? One line per thing that must work."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import click
from redis import Redis, RedisError

from pro_service.cli.acting import cli_actor, open_runtime
from pro_service.domain.errors import ProError
from pro_service.runtime import Runtime
from pro_service.services import health
from pro_service.services.health import Check
from pro_service.settings import Settings
from pro_service.storage import inspection

SECONDS = 3.0
LEAST_FREE_BYTES = 500_000_000
MAIL_PORTS = {"smtp": 587, "smtps": 465}


@click.command()
def command() -> None:
    """Is it healthy: database, migrations, broker, beat, queues, clock and zone, keys, mail, disk.

    Prints one line per check; exit status 1 when any of them is a problem.

    Example: pro doctor
    """
    runtime = open_runtime()
    problems = 0
    for check in _checks(runtime):
        problems += not check.ok
        click.echo(f"{'ok     ' if check.ok else 'problem'}  {check.name}: {check.detail}", err=not check.ok)
    if problems:
        raise click.exceptions.Exit(1)


def _checks(runtime: Runtime) -> Iterator[Check]:
    database = _tried("database", lambda: _database(runtime))
    yield database
    if database.ok:
        with runtime.work(cli_actor("doctor"), writes=False) as work:
            yield from health.checks(work)
    yield _tried("broker", lambda: _broker(runtime.settings))
    yield _tried("zone", _zone)
    yield _tried("mail", lambda: _mail(runtime.settings))
    yield _tried("disk", lambda: _disk(runtime.settings))


def _tried(name: str, look: Callable[[], Check]) -> Check:
    """The check, or the reason why it could not even be looked at; never an address or a password."""
    try:
        return look()
    except ProError as error:
        return Check(name, False, str(error))
    except (OSError, RedisError) as error:
        return Check(name, False, f"does not answer ({type(error).__name__})")


def _database(runtime: Runtime) -> Check:
    problems = inspection.problems(runtime.engine)
    return Check(
        "database", not problems, "; ".join(problems) or f"{inspection.version(runtime.engine)}, migrated, guarded"
    )


def _broker(settings: Settings) -> Check:
    if settings.redis_url:
        Redis.from_url(settings.redis_url, socket_timeout=SECONDS, socket_connect_timeout=SECONDS).ping()
        return Check("broker", True, "Redis answers")
    folder = settings.data_dir / "broker"
    return Check("broker", True, f"files under {folder}" if folder.is_dir() else "files; no worker has run yet")


def _zone() -> Check:
    return Check("zone", True, f"time zones known ({ZoneInfo('Europe/Amsterdam').key})")


def _mail(settings: Settings) -> Check:
    if not settings.smtp_url:
        return Check("mail", not settings.production, "no PRO_SMTP_URL: messages become files in the outbox")
    server = urlsplit(settings.smtp_url)
    address = (server.hostname or "localhost", server.port or MAIL_PORTS.get(server.scheme, 587))
    with socket.create_connection(address, timeout=SECONDS):
        return Check("mail", True, "the mail server answers")


def _disk(settings: Settings) -> Check:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.data_dir).free
    return Check("disk", free >= LEAST_FREE_BYTES, f"{free / 1e9:.1f} GB free under {settings.data_dir}")

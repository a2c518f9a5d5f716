"""`pro web`, `pro worker`, `pro beat`: one process each; `pro up`: all three on one machine, kept running.

The web application and the workers lie above the command line, so they are started by name, as programs of their own.
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException
from types import MappingProxyType
from urllib.parse import urlsplit

import click

from pro_service.cli.acting import open_runtime
from pro_service.cli.supervisor import Program, supervise
from pro_service.domain.errors import Conflict
from pro_service.observability import COUNTED_IN
from pro_service.runtime import Runtime, require_wording
from pro_service.settings import Settings
from pro_service.storage import migrations

HERE = "127.0.0.1"
APPLICATION = "pro_service.app:from_environment"
WORKER = [sys.executable, "-m", "workers", "worker"]
BEAT = [sys.executable, "-m", "workers", "beat"]
THREADS = 4
BACKLOG = 1024
NOTHING: Mapping[str, str] = MappingProxyType({})

_host = click.option("--host", default=HERE, show_default=True, help="Address to listen on.")
_port = click.option("--port", type=click.IntRange(1, 65535), envvar="PORT", help="Port to listen on.  [default: 8000]")


@click.command()
@_host
@_port
def web(host: str, port: int | None) -> None:
    """Run the web server: the patients' page, the study team's pages and the API.

    Example: pro web --host 0.0.0.0 --port 8000
    """
    runtime = open_runtime()
    require_wording(runtime)
    command = web_command(runtime.settings, host=host, port=port or port_of(runtime.settings))
    _become(command, web_environment(runtime.settings))


@click.command()
def worker() -> None:
    """Run a worker: it scores, decides on messages, sends them, writes exports. Start as many as there is work for.

    Example: pro worker
    """
    require_wording(open_runtime())  # what stops the start is one clear line, before anything starts
    _become(WORKER)


@click.command()
def beat() -> None:
    """Run the timetable that wakes the workers. One is enough; two do no harm.

    Example: pro beat
    """
    require_wording(open_runtime())
    _become(BEAT)


@click.command()
@_host
@_port
def up(host: str, port: int | None) -> None:
    """Migrate the database, then run web, worker and beat on this machine until Ctrl-C; what dies is started again.

    Example: pro up --port 8123
    """
    runtime = open_runtime()
    migrations.upgrade(runtime.engine)
    require_wording(runtime)
    address = f"http://{HERE}:{port or port_of(runtime.settings)}"
    raise click.exceptions.Exit(
        run_everything(
            runtime, host=host, port=port, on_ready=lambda: click.echo(f"serving at {address}; Ctrl-C stops")
        )
    )


def run_everything(runtime: Runtime, *, host: str = HERE, port: int | None = None, on_ready: Callable[[], None]) -> int:
    """Run web, worker and beat over these settings until Ctrl-C; the exit status. `on_ready`: it answers now.

    On a port of its own, links in messages lead there. Raises Conflict where the port is taken.
    """
    settings = runtime.settings
    chosen = port or port_of(settings)
    require_free(host, chosen)
    runtime.engine.dispose()
    here = {"PRO_BASE_URL": f"http://{HERE}:{chosen}"} if _is_here(settings.base_url) else {}
    web_alone = web_environment(settings)
    programs = [
        Program("web", web_command(settings, host=host, port=chosen), {**here, **web_alone}),
        Program("worker", WORKER, here),
        Program("beat", BEAT, here),
    ]
    try:
        return supervise(programs, ready=lambda: answers(chosen), on_ready=on_ready)
    finally:
        for folder in web_alone.values():
            shutil.rmtree(folder, ignore_errors=True)


def web_command(settings: Settings, *, host: str, port: int) -> list[str]:
    """The command line of the web server."""
    options = {
        "interface": "wsgi",
        "host": host,
        "port": port,
        "workers": _processes(settings),
        "blocking-threads": THREADS,
        "backlog": BACKLOG,
        "log-level": "warning",
        "workers-kill-timeout": 10,
    }
    flags = ["--factory", "--respawn-failed-workers", "--no-ws"]
    pairs = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    return [sys.executable, "-m", "granian", APPLICATION, *flags, *pairs]


def web_environment(settings: Settings) -> dict[str, str]:
    """What the web server's environment has beside ours: where its processes count requests together, if they are many.

    The folder is new at each start, so that nothing is counted twice; a process that died stays counted.
    """
    if COUNTED_IN in os.environ or _processes(settings) == 1:
        return {}
    return {COUNTED_IN: tempfile.mkdtemp(prefix="pro-metrics-")}


def _processes(settings: Settings) -> int:
    """SQLite has one writer at a time, so one process serves it best."""
    return 1 if settings.database_url.startswith("sqlite") else max(1, os.cpu_count() or 1)


def port_of(settings: Settings) -> int:
    """The port to listen on where none was named: that of the service's own address, if it is on this machine."""
    return (urlsplit(settings.base_url).port if _is_here(settings.base_url) else None) or 8000


def _is_here(base_url: str) -> bool:
    return urlsplit(base_url).hostname in {HERE, "localhost", "::1"}


def require_free(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise Conflict(f"port {port} is taken; choose another with --port, or PORT=... make demo") from None


def answers(port: int, path: str = "/readyz") -> bool:
    """Does the web server here say that it can serve, or that its process is alive (`/healthz`)?"""
    connection = HTTPConnection(HERE, port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _become(command: list[str], environment: Mapping[str, str] = NOTHING) -> None:
    """Turn this process into another program, so that signals and exit statuses are its own."""
    sys.stdout.flush()
    os.execve(command[0], command, {**os.environ, **environment})  # noqa: S606  # no shell wanted: our own interpreter, our own words

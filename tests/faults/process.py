"""Start a worker or the web server on a clock that a test moves: `python -m tests.faults.process worker`.

Everything is the service's own; the clock is the one argument that differs (clock.py says why), and a mail server that
says nothing is given up after a few seconds, not after twenty, so that a stalled server costs a round only these.
"""

from __future__ import annotations

import os
from pathlib import Path

from flask import Flask

from pro_service.app import create_app
from pro_service.channels import email
from pro_service.observability import configure
from pro_service.runtime import Runtime, build
from pro_service.settings import from_environment
from tests.faults import clock
from workers.app import run_worker

SECONDS = 3.0


def runtime() -> Runtime:
    """The runtime of this process, on the clock it was told to read."""
    now = clock.reader(Path(os.environ[clock.FILE]), os.environ[clock.NAME])
    return build(from_environment(), clock=now)


def application() -> Flask:
    """What the web server loads."""
    built = runtime()
    configure(built.settings.log_level)
    return create_app(built)


def main() -> None:
    """Work until told to stop."""
    email.SECONDS = email.TEXT_SECONDS = SECONDS
    run_worker(runtime())


if __name__ == "__main__":
    main()

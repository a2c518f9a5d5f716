"""What every command that touches the database needs: the runtime of this process, and who is acting."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from typing import Any, TypeVar

import click

from pro_service.domain.audit import Actor
from pro_service.runtime import Runtime, build
from pro_service.settings import from_environment

Command = TypeVar("Command", bound=Callable[..., Any])


def open_runtime() -> Runtime:
    """The runtime of this command, from its PRO_* variables; its connections close when the command ends."""
    runtime = build(from_environment())
    click.get_current_context().call_on_close(runtime.engine.dispose)
    return runtime


def cli_actor(name: str) -> Actor:
    """Whoever has a shell on the server: may do everything, and the audit trail says who it was."""
    return Actor(kind="cli", id=name, role="admin")


def actor_option(command: Command) -> Command:
    """Add `--actor NAME`, handed on as an Actor in the argument `actor`; by default the account's login name."""
    option = click.option(
        "--actor",
        metavar="NAME",
        default=getpass.getuser,
        callback=lambda _context, _option, name: cli_actor(name),
        help="Who does this, for the audit trail.  [default: your login name]",
    )
    return option(command)

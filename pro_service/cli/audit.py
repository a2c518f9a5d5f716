"""`pro audit`: seal the audit trail, and verify that nothing in it was altered."""

from __future__ import annotations

import click

from pro_service.cli.acting import actor_option, open_runtime
from pro_service.domain.audit import Actor
from pro_service.services import audit


@click.group()
def command() -> None:
    """Seal and verify the audit trail.

    Example: pro audit verify
    """


@command.command()
@actor_option
def seal(actor: Actor) -> None:
    """Seal the events that are not sealed yet (the workers do so by themselves).

    Example: pro audit seal
    """
    with open_runtime().work(actor) as work:
        sealed = audit.seal(work)
    click.echo(f"{sealed} events sealed")


@command.command()
@click.option("--expect", default="", metavar="HASH", help="The head noted earlier: must still be part of the chain.")
@actor_option
def verify(expect: str, actor: Actor) -> None:
    """Compare every event with its seal, and every seal with the one before; name what was altered.

    Write the head down outside this system: whoever can rewrite the whole chain cannot rewrite your note.

    Example: pro audit verify
    """
    with open_runtime().work(actor, writes=False) as work:
        verdict = audit.verify(work, expect=expect)
    click.echo(f"{verdict.sealed} events sealed, {verdict.unsealed} not yet; head {verdict.head}")
    for damage in verdict.damage:
        click.echo(str(damage), err=True)
    if verdict.damage:
        raise click.exceptions.Exit(1)

"""`pro contact`: erase what identifies a person."""

from __future__ import annotations

import click

from pro_service.cli.acting import actor_option, open_runtime
from pro_service.domain.audit import Actor
from pro_service.services import contacts


@click.group()
def command() -> None:
    """Erase what identifies a person.

    Example: pro contact erase NKI-017 --reason "asked for it on 3 May"
    """


@command.command()
@click.argument("participant")
@click.option("--reason", required=True, help="Why, for the audit trail; no names.")
@click.option("--dry-run", is_flag=True, help="Only say whether there is something to erase.")
@click.option("--yes", is_flag=True, help="Erase without asking once more.")
@actor_option
def erase(participant: str, reason: str, dry_run: bool, yes: bool, actor: Actor) -> None:
    """Delete name, addresses and phone number of PARTICIPANT (code or id); the trial data stays, pseudonymous.

    Example: pro contact erase NKI-017 --reason "asked for it on 3 May" --yes
    """
    if not dry_run and not yes:
        click.confirm("This cannot be undone. Erase?", abort=True)
    with open_runtime().work(actor, writes=not dry_run) as work:
        who = contacts.find(work, participant=participant)
        if dry_run:
            known = contacts.read(work, participant_id=who) != contacts.NOBODY
            click.echo("would erase the contact" if known else "there is no contact to erase")
            return
        erased = contacts.erase(work, participant_id=who, reason=reason)
    click.echo("erased" if erased else "there was no contact to erase")

"""`pro staff`: accounts of the study team."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table

from pro_service.cli.acting import actor_option, open_runtime
from pro_service.cli.reach import note_unknown
from pro_service.domain.audit import Actor
from pro_service.domain.digests import WISHES
from pro_service.domain.roles import STAFF_ROLES
from pro_service.domain.staff_texts import LANGUAGES
from pro_service.services import access
from pro_service.services.staff import Credentials


@click.group()
def command() -> None:
    """Accounts of the study team.

    Example: pro staff add ann@example.org --role coordinator --study scopes --site nki
    """


@command.command()
@click.argument("email")
@click.option("--role", type=click.Choice(STAFF_ROLES), required=True, help="What the person may do.")
@click.option("--study", default="", metavar="CODE", help="Only this study.  [default: every study]")
@click.option("--site", default="", metavar="CODE", help="Only this site.  [default: every site]")
@click.option("--organisation", default="", metavar="NAME", help="Whom the person works for, for the audit trail.")
@click.password_option(help="At least twelve characters; asked for when not given.")
@actor_option
def add(*, email: str, role: str, study: str, site: str, organisation: str, password: str, actor: Actor) -> None:
    """Make an account; shows the secret for the authenticator app, once.

    Example: pro staff add ann@example.org --role coordinator --study scopes --site nki
    """
    with open_runtime().work(actor) as work:
        made = access.create_staff(
            work, email=email, password=password, role=role, study=study, site=site, organisation=organisation
        )
        note_unknown(work, study=study, site=site)
    _show(made)


@command.command()
@click.argument("email")
@click.password_option(help="At least twelve characters; asked for when not given.")
@actor_option
def reset(email: str, password: str, actor: Actor) -> None:
    """Give someone who lost them a new password and a new second factor; signs them out everywhere.

    Example: pro staff reset ann@example.org
    """
    with open_runtime().work(actor) as work:
        made = access.reset_staff(work, email=email, password=password)
    _show(made)


@command.command()
@click.argument("email")
@actor_option
def disable(email: str, actor: Actor) -> None:
    """Close an account for good and end its sessions at once.

    Example: pro staff disable ann@example.org
    """
    with open_runtime().work(actor) as work:
        access.disable_staff(work, email=email)
    click.echo("disabled")


@command.command()
@click.argument("email")
@click.option("--language", type=click.Choice(LANGUAGES), help="Of the messages to this person.")
@click.option(
    "--messages",
    "wish",
    type=click.Choice(WISHES),
    help="all: digests and what is urgent; urgent: only that; none.",
)
@actor_option
def prefer(email: str, language: str | None, wish: str | None, actor: Actor) -> None:
    """Choose which messages an account gets, and in which language; shows how it then stands.

    Example: pro staff prefer ann@example.org --language nl --messages urgent
    """
    with open_runtime().work(actor) as work:
        member = access.prefer(work, email=email, language=language, wish=wish)
    click.echo(f"messages: {member.wish}, language: {member.language}")


@command.command("list")
@actor_option
def list_accounts(actor: Actor) -> None:
    """List accounts, with what each may see and since when.

    Example: pro staff list
    """
    with open_runtime().work(actor, writes=False) as work:
        members = access.staff_list(work)
    table = Table("e-mail", "role", "study", "site", "since", "until")
    for one in members:
        until = f"{one.disabled_at:%Y-%m-%d}" if one.disabled_at else ""
        table.add_row(
            one.email, one.role, one.study or "every", one.site or "every", f"{one.created_at:%Y-%m-%d}", until
        )
    Console().print(table)


@command.command("preferences")
@actor_option
def list_preferences(actor: Actor) -> None:
    """List which messages each open account wants, in which language, and when its next digest is due.

    `all`: digests and what is urgent; `urgent`: only that; `none`. `pro staff prefer` changes it.

    Example: pro staff preferences
    """
    with open_runtime().work(actor, writes=False) as work:
        members = access.staff_list(work)
    table = Table("e-mail", "messages", "language", "next digest (UTC)")
    for one in members:
        if one.disabled_at is None:
            due = f"{one.next_digest_at:%Y-%m-%d %H:%M}" if one.next_digest_at and one.wish == "all" else ""
            table.add_row(one.email, one.wish, one.language, due)
    Console().print(table)


def _show(made: Credentials) -> None:
    click.echo(f"one-time-code secret: {made.totp_secret}")
    click.echo(f"for an authenticator app: {made.totp_uri}")

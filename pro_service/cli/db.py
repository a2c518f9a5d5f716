"""`pro db`: migrate the database, and check that it is what the code thinks it is."""

from __future__ import annotations

import click

from pro_service.cli.acting import open_runtime
from pro_service.storage import inspection, migrations


@click.group()
def command() -> None:
    """Migrate and check the database.

    Example: pro db upgrade
    """


@command.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
def upgrade(dry_run: bool) -> None:
    """Bring the database to the newest migration; harmless when it is there already.

    Example: pro db upgrade --dry-run
    """
    engine = open_runtime().engine
    here, head = inspection.standing(engine)
    if here == head:
        click.echo(f"the database stands at {head}, the newest; nothing to do")
        return
    click.echo(f"{'would migrate' if dry_run else 'migrating'} from {here or 'nothing'} to {head}")
    if not dry_run:
        migrations.upgrade(engine)


@command.command()
def check() -> None:
    """Compare the database with the code: tables, triggers, the view, constraints.

    Example: pro db check
    """
    found = inspection.problems(open_runtime().engine)
    for problem in found:
        click.echo(problem, err=True)
    if found:
        raise click.exceptions.Exit(1)
    click.echo("the database is what the code expects")

"""`pro wording`: the licensed words of questionnaires, which are not shipped."""

from __future__ import annotations

from pathlib import Path

import click

from pro_service.cli.acting import actor_option, open_runtime
from pro_service.domain.audit import Actor
from pro_service.domain.wording import Pack
from pro_service.services import licences, wording
from pro_service.services.wording import Standing


@click.group(
    name="wording",
    help="Wording packs: load licensed texts, see what is missing.\n\nExample: pro wording status",
)
def command() -> None:
    """The group `pro wording`."""


@command.command(epilog="Example: pro wording load qlq-c30-nl.xlsx --actor j.jansen")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Check the file against the definition and keep nothing.")
@actor_option
def load(file: Path, dry_run: bool, actor: Actor) -> None:
    """Load the words of one questionnaire in one language, from YAML, CSV or XLSX.

    They are held against the definition item by item, and shown from then on in place of those before.
    """
    with open_runtime().work(actor, writes=not dry_run) as work:
        take = wording.read if dry_run else wording.load
        pack = take(work, content=file.read_bytes(), file=str(file))
    did = "fits; nothing was kept" if dry_run else "is loaded"
    click.echo(f"{pack.instrument} {pack.version} in {pack.language} {did}; {_licence(pack)}; SHA-256 {pack.sha256}")


@command.command(epilog="Example: pro wording status --study scopes")
@click.option("--study", default="", metavar="CODE", help="This study alone.")
@actor_option
def status(study: str, actor: Actor) -> None:
    """What each study asks, in each of its languages: licensed, own, expired or placeholder.

    Exit status 1 where something is a placeholder or expired.
    """
    with open_runtime().work(actor, writes=False) as work:
        found = licences.status(work, study=study)
    if not found:
        click.echo("no study is loaded yet")
    for code, standings in found.items():
        click.echo("\n".join([code, *map(_line, standings)]))
    if any(one.state in ("placeholder", "expired") for standings in found.values() for one in standings):
        raise click.exceptions.Exit(1)


def _line(one: Standing) -> str:
    about = f"{_licence(one.pack)}; {one.pack.owner}; SHA-256 {one.pack.sha256[:12]}" if one.pack else ""
    return f"  {one.instrument:<20} {one.version:<8} {one.language:<5} {one.state:<11} {about}".rstrip()


def _licence(pack: Pack) -> str:
    return f"licence {pack.licence}, {'without end' if pack.expires_on is None else f'until {pack.expires_on}'}"

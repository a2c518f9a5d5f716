"""`pro participant letter` and `revoke`: sign-in on paper, and the end of it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click

from pro_service.cli.acting import actor_option, open_runtime
from pro_service.domain.audit import Actor
from pro_service.paper.letters import print_letters
from pro_service.services import access, contacts, letters
from pro_service.services.folders import told_by_name


class RehearsalError(Exception):
    """Ends a dry run: raised inside the transaction, which then leaves no trace."""


@click.command()
@click.argument("study")
@click.option("--participant", "codes", multiple=True, metavar="CODE", help="Only for this one; may be repeated.")
@click.option("--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The PDF to write.")
@click.option("--dry-run", is_flag=True, help="Say how many letters there would be, and write none.")
@actor_option
def letter(*, study: str, codes: tuple[str, ...], output: Path, dry_run: bool, actor: Actor) -> None:
    """Print letters for participants of STUDY, a page each: a square for the phone's camera, and a code to type.

    For everybody who has something left to answer, unless told. A new letter ends the one before. The PDF opens
    people's questionnaires: print it, and delete it.

    Example: pro participant letter scopes --participant NKI-017 --output letter.pdf
    """
    runtime = open_runtime()
    draft: Path | None = None
    try:
        with runtime.work(actor) as work:
            found = letters.write(work, study=study, base_url=runtime.settings.base_url, codes=codes)
            if dry_run:
                raise RehearsalError
            beside, hidden = output.absolute().parent, f".{output.name}."
            with told_by_name(output), tempfile.NamedTemporaryFile(dir=beside, prefix=hidden, delete=False) as file:
                draft = Path(file.name)
                print_letters(found, file)
        os.replace(draft, output)
    except RehearsalError:
        click.echo(f"{_count(len(found))} would be written; nothing was")
        return
    finally:
        if draft is not None:
            draft.unlink(missing_ok=True)
    typed = sum(bool(one.code) for one in found)
    click.echo(f"{_count(len(found))} in {output}, {typed} with a code to type (a year of birth is known)")


@click.command()
@click.argument("participant")
@click.option("--reason", required=True, help="Why, for the audit trail; no names.")
@actor_option
def revoke(*, participant: str, reason: str, actor: Actor) -> None:
    """End every link, letter, session and calendar address of PARTICIPANT (code or id), and messages to their browser.

    A letter was lost, a phone stolen. The next message brings a new link, to the address that is known by then.

    Example: pro participant revoke NKI-017 --reason "letter went to the wrong address"
    """
    with open_runtime().work(actor) as work:
        access.revoke_all(work, participant_id=contacts.find(work, participant=participant), reason=reason)
    click.echo("ended; a new message, letter or link lets them in again")


def _count(number: int) -> str:
    return f"{number} letter{'' if number == 1 else 's'}"

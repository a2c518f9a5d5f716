"""`pro instrument load`: a questionnaire of one's own for the studies of this installation."""

from __future__ import annotations

from pathlib import Path

import click

from pro_service.cli.acting import actor_option, open_runtime
from pro_service.cli.definitions import text_of, warn
from pro_service.domain.audit import Actor
from pro_service.services import instruments


@click.command(epilog="Example: pro instrument load my-form.yaml --actor j.jansen")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@actor_option
def load(file: Path, actor: Actor) -> None:
    """Keep a definition of your own, so that studies can ask it. It can't be changed afterwards.

    The same file again changes nothing; a changed one needs another code.
    """
    with open_runtime().work(actor) as work:
        instrument = instruments.load(work, document=text_of(file), file=str(file))
    warn(instrument)
    click.echo(f"{instrument.code} {instrument.version} is loaded; a study may ask it now")

"""`pro export`: a data cut, written to a folder."""

from __future__ import annotations

import sys
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from pro_service.cli.acting import actor_option, open_runtime
from pro_service.domain.audit import Actor
from pro_service.services import exports
from pro_service.services.folders import MANIFEST


class AsOf(click.ParamType[date]):
    """A day, or an instant with its offset from UTC."""

    name = "date"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        text = str(value)
        try:
            if len(text) == len("YYYY-MM-DD"):
                return date.fromisoformat(text)
            instant = datetime.fromisoformat(text)
        except ValueError:
            self.fail(
                f"'{text}' is neither a day such as 2026-03-01 nor an instant such as 2026-03-01T12:00:00Z", param, ctx
            )
        if instant.tzinfo is None:
            self.fail(f"'{text}' has no offset from UTC; write 2026-03-01T12:00:00Z or ...+01:00", param, ctx)
        return instant


@click.command()
@click.argument("study")
@click.option(
    "--format",
    required=True,
    metavar="FORMAT",
    help="csv, parquet, ... (one that is unknown lists those that exist).",
)
@click.option("--output", required=True, type=click.Path(path_type=Path), help="Folder to write: new, or empty.")
@click.option(
    "--as-of", type=AsOf(), help="The data as known at the end of this day, or at this instant.  [default: today]"
)
@click.option("--masked", is_flag=True, help="Without the treatment arm, and without the dates that tell it.")
@click.option("--free-text", is_flag=True, help="With what people typed themselves; it may name them.")
@click.option("--timing", is_flag=True, help="With the table item_times: when each question was seen and answered.")
@actor_option
def command(*, output: Path, actor: Actor, **asked: Any) -> None:
    """Write a data cut of STUDY: participants, forms, items and scores wide and long, codebook and manifest.

    Never a name or an address. The same cut is the same bytes.

    Example: pro export scopes --format csv --output cut-march --as-of 2026-03-31
    """
    runtime = open_runtime()
    with runtime.work(actor) as work:
        exports.record(work, **asked)
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.completed} participants"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        transient=True,
    )
    with bar, runtime.work(actor, writes=False) as work:
        task = bar.add_task(f"Writing {asked['format']}", total=None)
        advance = partial(bar.advance, task)
        manifest = exports.write(work, directory=output, progress=advance, **asked)
    for name, file in manifest["files"].items():
        click.echo(f"{output / name}  {file['rows']} rows")
    click.echo(f"{output / MANIFEST}  cut off {manifest['cut_off']}")

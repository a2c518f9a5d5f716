"""`pro study simulate`: a synthetic cohort through the real code path, in a database that is thrown away."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from pro_service.cli.studies import study_text
from pro_service.observability import configure
from pro_service.runtime import build
from pro_service.services import simulation
from pro_service.services.simulation import Order, Totals
from pro_service.settings import from_environment
from pro_service.storage.migrations import upgrade
from pro_service.studies import reader

UNTIL = date(2026, 1, 1)
"""The last simulated day of a study old enough: a fixed one, so that a seed means the same cohort for ever."""


@click.command()
@click.argument("file")
@click.option("--participants", type=click.IntRange(min=1), default=60, show_default=True, help="How many people.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same cohort.")
@click.option("--months", type=click.IntRange(1, 120), default=18, show_default=True, help="How long it goes on.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Last day.  [default: the same for every run]")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(*, file: str, participants: int, seed: int, months: int, until: datetime | None, form: str) -> None:
    """Let synthetic people live through a study, and say what came of it. FILE is a path or a study that ships.

    Nothing is kept: database and messages are thrown away at the end.

    Example: pro study simulate scopes --participants 20 --seed 7 --months 12
    """
    text, name = study_text(file)
    born_on = reader.read(text, file=name, catalogue_codes=None).born_on
    last_on = until.date() if until else max(UNTIL, born_on + timedelta(days=31 * months))
    end = datetime.combine(last_on, time(23, 59), UTC)
    order = Order(document=text, file=name, participants=participants, seed=seed, months=months, until=end)
    totals = _simulate(order)
    if form == "json":
        click.echo(json.dumps(asdict(totals), indent=2))
        return
    click.echo(f"participants {totals.participants}")
    for status, number in totals.assessments.items():
        click.echo(f"assessments {status} {number}")
    click.echo(f"answers {totals.answers}\nmessages {totals.messages}\nscored questionnaires {totals.scores}")


def _simulate(order: Order) -> Totals:
    configure("error")
    with TemporaryDirectory(prefix="pro-simulation-") as folder:
        runtime = build(from_environment({"PRO_ENV": "test", "PRO_DATA_DIR": str(Path(folder))}))
        try:
            upgrade(runtime.engine)
            with progress("Simulating") as advance:
                return simulation.simulate(
                    runtime.work,
                    order=order,
                    channels=runtime.channels,
                    base_url=runtime.settings.base_url,
                    progress=advance,
                )
        finally:
            runtime.engine.dispose()


@contextmanager
def progress(words: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, on standard error; nothing where nobody looks. Yields what is told days done and in all."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("day {task.completed} of {task.total}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        transient=True,
    )
    with bar:
        task = bar.add_task(words, total=1)
        yield lambda done, days: bar.update(task, completed=done, total=days)

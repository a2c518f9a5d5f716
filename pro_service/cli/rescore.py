"""`pro rescore`: a study scored again under the scorer of today, with a report of what differs."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import click

from pro_service.cli.acting import actor_option, open_runtime
from pro_service.cli.progress import progress
from pro_service.cli.windows import print_table
from pro_service.domain.audit import Actor
from pro_service.domain.rescoring import ScaleDifference
from pro_service.domain.scoring import SCORER_VERSION
from pro_service.services import rescoring
from pro_service.services.rescoring import Outcome

HEADINGS = (
    *("instrument", "scale", "compared", "changed", "newly scorable", "no longer scorable"),
    *("largest difference", "mean difference"),
)
COLUMNS = tuple(heading.replace(" ", "_") for heading in HEADINGS)


@click.command()
@click.argument("study")
@click.option("--instrument", default="", metavar="CODE", help="Only this questionnaire.  [default: every one]")
@click.option("--output", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="Report to this CSV.")
@click.option("--dry-run", is_flag=True, help="Compute and compare, but store nothing.")
@actor_option
@click.pass_context
def command(
    context: click.Context, /, *, study: str, instrument: str, output: Path | None, dry_run: bool, actor: Actor
) -> None:
    """Score STUDY again under the scorer and the value sets of today; the old scores are kept beside the new.

    Reports, per scale, how many forms were compared and how many changed; differences are new less old, the mean is
    of all forms with a number both times. From then on exports and pages show the scores with the value set that the
    protocol names, of these the newest scorer's; an export as of an earlier day what was known then. Stopped
    half-way, run it again: it goes on where it was. Forms of a definition that is not here are named on standard
    error; the exit status is 1 then.

    Example: pro rescore scopes --instrument eq-5d-5l --dry-run
    """
    if output is not None and not output.parent.is_dir():
        raise click.BadParameter(f"there is no folder {output.parent}", param_hint="--output")
    runtime = open_runtime()
    with progress("Scoring again", "form") as advance:
        outcome = rescoring.rescore(
            partial(runtime.work, actor), study=study, instrument=instrument, dry_run=dry_run, progress=advance
        )
    if output is None:
        _print(outcome)
    else:
        _write(output, outcome.differences)
    verb = "would get" if dry_run else "got"
    click.echo(f"scorer {SCORER_VERSION}: of {_forms(outcome.forms)}, {outcome.added} {verb} new scores")
    for (code, version), number in sorted(outcome.unknown.items()):
        click.echo(f"{code} version {version}: {_forms(number)} left alone, no such definition here", err=True)
    context.exit(1 if outcome.unknown else 0)


def _print(outcome: Outcome) -> None:
    changed = [one for one in outcome.differences if one.is_a_change]
    if changed:
        print_table("What differs", HEADINGS, map(_row, changed))
    alike = sum(1 for one in outcome.differences if not one.is_a_change)
    if alike:
        click.echo(f"{alike} scale{'' if alike == 1 else 's'} without any change")


def _write(path: Path, differences: Iterable[ScaleDifference]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for one in differences:
            sizes = (one.largest, one.mean) if one.numbers else ("", "")
            writer.writerow((*_counts(one), *sizes))


def _row(one: ScaleDifference) -> tuple[str, ...]:
    sizes = (f"{one.largest:+.4g}", f"{one.mean:+.4g}") if one.numbers else ("-", "-")
    return (*map(str, _counts(one)), *sizes)


def _counts(one: ScaleDifference) -> tuple[str | int, ...]:
    reach = (one.newly_scorable, one.no_longer_scorable)
    return (one.instrument, one.scale, one.compared, one.changed, *reach)


def _forms(number: int) -> str:
    return f"{number} form{'' if number == 1 else 's'}"

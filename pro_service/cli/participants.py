"""Participants on the command line: enrol a whole roster at once, or list who is there."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from pro_service.cli.acting import actor_option, open_runtime
from pro_service.domain import roster
from pro_service.domain.audit import Actor
from pro_service.domain.errors import Conflict, Invalid
from pro_service.domain.participants import Participant
from pro_service.services import participants, rosters, studies
from pro_service.services.work import Work

PAGE = 500
HEADER = ("code", "site", "arm", "stratum", "language", "timezone", "enrolled_at", "open_questions")

study_option = click.option("--study", default="", help="Code of the study.  [default: the only one there is]")


class RehearsalError(Exception):
    """Ends a dry run: raised inside the transaction, which then leaves no trace."""


@click.group(help="Enrol and list participants.\n\nExample: pro participant import roster.csv --dry-run")
def command() -> None:
    """The group `pro participant`."""


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@study_option
@click.option("--dry-run", is_flag=True, help="Check everything and enrol nobody.")
@actor_option
def import_roster(*, file: Path, study: str, dry_run: bool, actor: Actor) -> None:
    """Enrol everybody in a CSV file, or nobody: every bad row is reported with its line and column.

    Example: pro participant import roster.csv --dry-run
    """
    table = _table(file)
    enrolled: tuple[Participant, ...] = ()
    try:
        with open_runtime().work(actor) as work:
            enrolled = rosters.enrol_all(work, study=_study(work, study), table=table, file=file.name)
            if dry_run:
                raise RehearsalError
    except RehearsalError:
        click.echo(f"{_count(enrolled)} would be enrolled; nothing was written")
        return
    click.echo(f"{_count(enrolled)} enrolled")


@command.command("template")
@study_option
@actor_option
def template(*, study: str, actor: Actor) -> None:
    """Print the header of a roster for `import`: every column the study's protocol knows.

    Example: pro participant template > roster.csv
    """
    with open_runtime().work(actor, writes=False) as work:
        protocol = studies.active(work, code=_study(work, study))
    csv.writer(sys.stdout).writerow(roster.columns(protocol))


@command.command("list")
@study_option
@click.option("--site", default="", help="Only those of this site.")
@actor_option
def listing(*, study: str, site: str, actor: Actor) -> None:
    """List the participants as CSV, by code; those parked in screening with their open questions.

    Example: pro participant list --site nki
    """
    writer = csv.writer(sys.stdout)
    writer.writerow(HEADER)
    with open_runtime().work(actor, writes=False) as work:
        for one in _everybody(work, _study(work, study), site):
            enrolled_at = "" if one.enrolled_at is None else one.enrolled_at.isoformat().replace("+00:00", "Z")
            facts = (one.code, one.site, one.arm, one.stratum, one.language, one.timezone)
            writer.writerow([*facts, enrolled_at, " ".join(one.open_questions)])


def _everybody(work: Work, study: str, site: str) -> Iterator[Participant]:
    after = ""
    while page := participants.listing(work, study=study, site=site, after=after, limit=PAGE):
        yield from page
        after = page[-1].code


def _table(file: Path) -> list[list[str]]:
    """The cells of a CSV file in UTF-8, separated by commas, or by semicolons as some spreadsheets do."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            first = stream.readline()
            stream.seek(0)
            separator = ";" if first.count(";") > first.count(",") else ","
            return list(csv.reader(stream, delimiter=separator, strict=True))
    except UnicodeDecodeError:
        raise Invalid(f"{file.name}: expected UTF-8 text; save it as 'CSV UTF-8'") from None
    except csv.Error as error:
        raise Invalid(f"{file.name}: expected CSV: {error}") from None


def _study(work: Work, code: str) -> str:
    """The code given, or that of the only study there is."""
    if code:
        return code
    codes = sorted({version.code for version in studies.listing(work)})
    if len(codes) != 1:
        known = f": {', '.join(codes)}" if codes else ""
        raise Conflict(f"say which study with --study; there are {len(codes)}{known}")
    return codes[0]


def _count(enrolled: tuple[Participant, ...]) -> str:
    parked = sum(one.enrolled_at is None for one in enrolled)
    waiting = f" ({parked} of them parked in screening)" if parked else ""
    return f"{len(enrolled)} participant{'' if len(enrolled) == 1 else 's'}{waiting}"

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
from pro_service.domain.preferences import NO, YES
from pro_service.services import contacts, participants, preferences, rosters, studies
from pro_service.services.work import Work

PAGE = 500
HEADER = ("code", "site", "arm", "stratum", "language", "timezone", "enrolled_at", "open_questions")

study_option = click.option("--study", default="", help="Code of the study.  [default: the only one there is]")


class RehearsalError(Exception):
    """Ends a dry run: raised inside the transaction, which then leaves no trace."""


@click.group(help="Enrol participants, list them, choose their messages.\n\nExample: pro participant list --site nki")
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


@command.command("prefer")
@click.argument("participant")
@click.option("--language", help="Code of a language of the study.")
@click.option("--channel", help="email, sms, webpush (what this installation has), or none.")
@click.option("--invitations/--no-invitations", default=None, help="A message when questions are ready?")
@click.option("--reminders/--no-reminders", default=None, help="A message when questions are still open?")
@click.option("--pause-until", metavar="YYYY-MM-DD", help="No messages up to and including this day; '' ends a pause.")
@click.option("--quiet", metavar="HH:MM-HH:MM", help="No messages between these local times; '' for none of their own.")
@actor_option
def prefer(
    *,
    participant: str,
    language: str | None,
    channel: str | None,
    invitations: bool | None,
    reminders: bool | None,
    pause_until: str | None,
    quiet: str | None,
    actor: Actor,
) -> None:
    """Choose for PARTICIPANT (code or id) which messages they get, how and when; what is not given stays.

    Example: pro participant prefer NKI-017 --pause-until 2026-08-14 --no-reminders
    """
    choices: dict[str, str | None] = {}
    if channel is not None:
        choices["channel"] = channel
    for name, wanted in (("invitation", invitations), ("reminder", reminders)):
        if wanted is not None:
            choices[name] = YES if wanted else NO
    if pause_until is not None:
        choices["paused_until"] = pause_until or None
    if quiet is not None:
        start, _, end = quiet.partition("-")
        choices |= {"quiet_from": start or None, "quiet_until": end or None}
    runtime = open_runtime()
    with runtime.work(actor) as work:
        who = contacts.find(work, participant=participant)
        after = preferences.change(
            work, participant_id=who, channels=runtime.channels, language=language, choices=choices
        )
    click.echo(f"language: {after.language}")
    for name, value in sorted(after.preferences.items()):
        click.echo(f"{name}: {value}")


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

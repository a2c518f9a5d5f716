"""`pro delivery`: why a message was, or was not, sent; and what failed or is in doubt, to be sent again or settled."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import click

from pro_service.cli.acting import actor_option, open_runtime
from pro_service.domain import calendar
from pro_service.domain.audit import Actor
from pro_service.domain.deliveries import Attempt, Explanation
from pro_service.domain.silence import Silence
from pro_service.services import contacts, explanations, outcomes, studies

HEADER = ("id", "recipient", "participant", "site", "day", "occasion", "channel", "outcome", "attempts", "detail")
reason_option = click.option("--reason", required=True, help="Why, for the audit trail; no names.")


class RehearsalError(Exception):
    """Ends a dry run: raised inside the transaction, which then leaves no trace."""


@click.group()
def command() -> None:
    """Why a message was sent, or not; what failed or is in doubt.

    Example: pro delivery explain NKI-017 2026-05-03
    """


@command.command()
@click.argument("participant")
@click.argument("date", type=click.DateTime(["%Y-%m-%d"]))
@actor_option
def explain(*, participant: str, date: datetime, actor: Actor) -> None:
    """Every decision about PARTICIPANT (code or id) on a day of theirs, with each attempt; or why there was none.

    Example: pro delivery explain NKI-017 2026-05-03
    """
    with open_runtime().work(actor) as work:
        who = contacts.find(work, participant=participant)
        day = explanations.of_day(work, participant_id=who, day=date.date())
    zone = calendar.zone(day.timezone)
    for one in day.decided:
        for line in _told(one, zone):
            click.echo(line)
    if day.silence is not None:
        click.echo(f"nothing was decided for {date.date()}: {day.silence.reason}")
        click.echo(_next(day.silence, zone))


@command.command("list")
@click.option("--outcome", type=click.Choice(outcomes.OVER), required=True, help="How they ended.")
@click.option("--study", default="", help="Code of the study.  [default: the only one there is]")
@actor_option
def listing(*, outcome: str, study: str, actor: Actor) -> None:
    """List the messages that failed, or that are in doubt, as CSV, the newest 500 first.

    Example: pro delivery list --outcome unknown
    """
    with open_runtime().work(actor, writes=False) as work:
        codes = sorted({version.code for version in studies.listing(work)})
        if not study and len(codes) != 1:
            raise click.UsageError(f"--study: say which; there are: {', '.join(codes) or 'none'}")
        found = outcomes.listing(work, study=study or codes[0], outcome=outcome)
    writer = csv.writer(sys.stdout)
    writer.writerow(HEADER)
    for each in found:
        one, last = each.delivery, each.attempts[-1].detail if each.attempts else ""
        where = (one.local_day, one.occasion, one.channel, one.outcome)
        writer.writerow((one.id, one.recipient, each.code, each.site, *where, len(each.attempts), last))


@command.command()
@click.argument("id", type=click.UUID)
@reason_option
@click.option("--attempts", type=click.IntRange(0), help="How many attempts you saw: refuse if it was tried since.")
@click.option("--dry-run", is_flag=True, help="Only say whether it could be sent again.")
@actor_option
def resend(*, id: UUID, reason: str, attempts: int | None, dry_run: bool, actor: Actor) -> None:  # the argument's name
    """Send message ID, which failed or is in doubt, once more. Whatever speaks against sending it still does.

    Example: pro delivery resend 01890a5d-ac96-774b-bcce-b302099a8057 --reason "never arrived, she says"
    """
    try:
        with open_runtime().work(actor) as work:
            outcomes.resend(work, delivery_id=id, reason=reason, attempts=attempts)
            if dry_run:
                raise RehearsalError
    except RehearsalError:
        click.echo("it would be sent again; nothing was written")
        return
    click.echo("it will be sent again, unless something speaks against it by then")


@command.command()
@click.argument("id", type=click.UUID)
@click.option("--outcome", type=click.Choice(["sent", "failed"]), required=True, help="What was found out.")
@reason_option
@actor_option
def settle(*, id: UUID, outcome: str, reason: str, actor: Actor) -> None:  # the argument's name
    """Put on record what became of message ID, which is in doubt; it is not sent again.

    Example: pro delivery settle 01890a5d-ac96-774b-bcce-b302099a8057 --outcome sent --reason "she has it"
    """
    with open_runtime().work(actor) as work:
        outcomes.settle(work, delivery_id=id, outcome=outcome, reason=reason)
    click.echo(f"on record as {outcome}")


def _told(explained: Explanation, zone: ZoneInfo) -> Iterator[str]:
    one = explained.delivery
    ended = f" -> {one.outcome}" if one.outcome else ""
    again = f"; next try {_at(one.due_at, zone)}" if one.due_at else ""
    yield f"{_at(one.decided_at, zone)}  {one.occasion}: {one.decision} ({one.reason}){ended}{again}  [{one.id}]"
    for attempt in explained.attempts:
        yield f"    {_tried(attempt, zone)}{f' by {one.channel}' if one.channel else ''}"


def _tried(attempt: Attempt, zone: ZoneInfo) -> str:
    said = f" ({attempt.detail})" if attempt.detail else ""
    handed = f", handed over {attempt.handed_at.astimezone(zone):%H:%M:%S}" if attempt.handed_at else ""
    ended = attempt.outcome or ("under way" if handed else "under way, nothing handed over yet")
    return f"attempt {attempt.number} at {_at(attempt.started_at, zone)}{handed}: {ended}{said}"


def _next(found: Silence, zone: ZoneInfo) -> str:
    if found.next_at is None:
        return "no message is to come, as things stand"
    return f"the next message is due {_at(found.next_at, zone)}, about {found.next_timepoint}"


def _at(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z}"

"""Trial events on the command line: look at them, record one, take one back, each with what it does to the schedule."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import click

from pro_service.cli import windows
from pro_service.cli.acting import actor_option, open_runtime
from pro_service.domain import calendar
from pro_service.domain.assessments import status
from pro_service.domain.audit import Actor
from pro_service.domain.consequences import Consequence, Note
from pro_service.domain.events import EventRecord
from pro_service.services import contacts, events, schedule
from pro_service.services.events import Recorded

DAY = click.DateTime(["%Y-%m-%d"])
FIRST = datetime.min.replace(tzinfo=UTC)
HAPPENS = {"create": "is new", "move": "moves", "cancel": "is cancelled", "revive": "comes back", "kept": "stays"}


@click.group(help="Record what happens to participants.\n\nExample: pro event record NKI-017 surgery 2026-03-20")
def command() -> None:
    """The group `pro event`."""


@command.command("list")
@click.argument("participant")
@click.option("--known-on", type=DAY, help="As it was known at the end of this day.  [default: now]")
@actor_option
def listing(*, participant: str, known_on: datetime | None, actor: Actor) -> None:
    """Everything recorded of PARTICIPANT (code or id), corrections included, and the schedule that followed from it.

    Example: pro event list NKI-017 --known-on 2026-05-03
    """
    day = known_on.date() if known_on else None
    with open_runtime().work(actor) as work:
        who = contacts.find(work, participant=participant)
        history = events.history(work, participant_id=who, known_on=day)
        known = schedule.as_known(work, participant_id=who, known_on=day)
    zone = calendar.zone(known.timezone)
    title = f"{participant}, as known on {day}" if day else participant
    _print_history(title, history, zone)
    rows = [
        (
            one.timepoint,
            str(status(one, known.at)),
            f"{one.anchor} {one.anchor_on}" if one.anchor else "-",
            windows.days(one.opens_at, one.closes_at, zone),
            one.cancel_reason or "",
        )
        for one in known.assessments
    ]
    windows.print_table("The schedule", ("timepoint", "status", "counted from", "window", "reason"), rows)


@command.command("record")
@click.argument("participant")
@click.argument("kind")
@click.argument("on", metavar="DATE", type=DAY)
@click.option("--planned", is_flag=True, help="It is planned, and has not happened.  [default: where DATE lies ahead]")
@click.option("--reason", default="", help="Why; needed to change what has happened. No names.")
@click.option("--dry-run", is_flag=True, help="Only show what it would change.")
@actor_option
def record(
    *, participant: str, kind: str, on: datetime, planned: bool, reason: str, dry_run: bool, actor: Actor
) -> None:
    """Record that KIND happens to PARTICIPANT (code or id) on DATE, or correct its date; shows what that changes.

    Example: pro event record NKI-017 surgery 2026-03-20 --planned --dry-run
    """
    _say(participant, kind, on.date(), actual=False if planned else None, reason=reason, dry_run=dry_run, actor=actor)


@command.command("retract")
@click.argument("participant")
@click.argument("kind")
@click.option("--reason", required=True, help="Why; no names.")
@click.option("--dry-run", is_flag=True, help="Only show what it would change.")
@actor_option
def retract(*, participant: str, kind: str, reason: str, dry_run: bool, actor: Actor) -> None:
    """Take KIND of PARTICIPANT (code or id) back: it did not happen, and is not planned, after all.

    Example: pro event retract NKI-017 withdrawal --reason "letter of somebody else"
    """
    _say(participant, kind, None, actual=None, reason=reason, dry_run=dry_run, actor=actor)


def _say(
    participant: str, kind: str, on: date | None, *, actual: bool | None, reason: str, dry_run: bool, actor: Actor
) -> None:
    """Record an event, or rehearse it, and print the difference it makes."""
    verb = events.preview if dry_run else events.record
    with open_runtime().work(actor, writes=not dry_run) as work:
        who = contacts.find(work, participant=participant)
        recorded = verb(work, participant_id=who, kind=kind, on=on, actual=actual, reason=reason)
    _print_difference(participant, recorded, calendar.zone(recorded.timezone))
    if dry_run:
        click.echo("a dry run: nothing was written")


def _print_history(title: str, history: tuple[EventRecord, ...], zone: ZoneInfo) -> None:
    superseded = {one.supersedes_id for one in history}
    rows = [
        (
            one.kind,
            _dated(one),
            "superseded" if one.id in superseded else "",
            windows.moment(one.recorded_at, zone),
            one.recorded_by,
            one.reason,
        )
        for one in history
    ]
    headings = ("event", "date", "", "recorded", "by", "reason")
    windows.print_table(title, headings, rows, wraps="reason")


def _dated(record: EventRecord | None) -> str:
    if record is None or record.on is None:
        return "did not happen" if record else "unknown"
    return f"{record.on}" if record.actual else f"{record.on} (planned)"


def _print_difference(participant: str, recorded: Recorded, zone: ZoneInfo) -> None:
    """What opens when instead, what is cancelled, what stays and why, and which messages change."""
    event = recorded.event
    if event is recorded.before:
        click.echo(f"{participant}: {event.kind} {_dated(event)} is recorded already; nothing changes")
        return
    click.echo(f"{participant}: {event.kind} {_dated(recorded.before)} -> {_dated(event)}")
    if not recorded.consequences:
        click.echo("the schedule stays as it is")
        return
    rows = [_row(one, zone) for one in recorded.consequences]
    windows.print_table("What changes", ("timepoint", "what", "was", "becomes", "why"), rows, wraps="why")
    _print_messages("fall away", [(one, note) for one in recorded.consequences for note in one.fall_away], zone)
    _print_messages("come instead", [(one, note) for one in recorded.consequences for note in one.come_instead], zone)


def _row(one: Consequence, zone: ZoneInfo) -> tuple[str, ...]:
    planned, existing = one.change.planned, one.change.existing
    was = windows.days(existing.opens_at, existing.closes_at, zone) if existing else "-"
    becomes = windows.days(planned.opens_at, planned.closes_at, zone)
    if one.change.kind == "kept":
        becomes = was
    elif planned.state != "planned":
        becomes = planned.state
    return (planned.timepoint, HAPPENS[one.change.kind], was, becomes, _why(one))


def _why(one: Consequence) -> str:
    planned = one.change.planned
    if one.stays is None:
        return planned.reason or (f"{planned.anchor} {planned.anchor_on}" if planned.anchor else "no date yet")
    stays = "was submitted, its answers stay" if one.stays == "submitted" else "was begun, and never moves"
    return f"{stays} (else cancelled: {planned.reason})" if planned.state == "cancelled" else stays


def _print_messages(what: str, notes: list[tuple[Consequence, Note]], zone: ZoneInfo) -> None:
    """One line for each message, in the order of their instants; those due at once come first."""
    if not notes:
        return
    click.echo(f"messages that {what} (those of one day are sent as one):")
    for one, note in sorted(notes, key=lambda pair: pair[1].at or FIRST):
        at = windows.moment(note.at, zone) if note.at else "at once"
        click.echo(f"  {at:16}  {note.occasion}, {one.change.planned.timepoint}")

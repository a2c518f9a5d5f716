"""Study protocols on the command line: check a file, plan one participant's schedule, load and activate versions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import click

from pro_service.cli import definitions, windows
from pro_service.cli.acting import actor_option, open_runtime
from pro_service.domain import calendar
from pro_service.domain.audit import Actor
from pro_service.domain.errors import Invalid, InvalidStudy, Problem
from pro_service.domain.overlaps import overlaps
from pro_service.domain.protocol import Study
from pro_service.domain.schedule import Facts, Planned, TrialEvent, check_event, plan
from pro_service.services import amendments, instruments, studies
from pro_service.studies import discretion, reader


class EventOption(click.ParamType[TrialEvent]):
    """`KIND=YYYY-MM-DD`, an event and its date."""

    name = "KIND=YYYY-MM-DD"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> TrialEvent:
        kind, _, on = str(value).partition("=")
        try:
            if not kind or len(on) != len("YYYY-MM-DD"):
                raise ValueError
            return TrialEvent(kind, date.fromisoformat(on))
        except ValueError:
            self.fail(f"'{value}' is not an event and its date, such as surgery=2026-03-20", param, ctx)


@click.group(help="Check, plan, load and activate study protocols.\n\nExample: pro study check scopes")
def command() -> None:
    """The group `pro study`; `simulate` joins it from a module of its own."""


@command.command("check")
@click.argument("file")
def check(file: str) -> None:
    """Say everything that is wrong with a study file: a path, or the name of a study that ships.

    Example: pro study check scopes
    """
    study = sound_study(file)
    _point_out(file)
    click.echo(
        f"{study.code} version {study.version}: sound; {len(study.timepoints)} timepoints, "
        f"{len(study.arms)} arms, {len(study.strata)} strata, {len(study.instruments)} questionnaires"
    )


def _point_out(file: str) -> None:
    """What is no mistake, but worth a second look, on standard error."""
    text, name = study_text(file)
    for hint in discretion.hints(text, file=name):
        click.echo(f"warning: {hint}", err=True)


@command.command("plan")
@click.argument("file")
@click.option("--arm", required=True, help="Code of the arm.")
@click.option("--stratum", required=True, help="Code of the stratum.")
@click.option("--event", "events", type=EventOption(), multiple=True, help="What happened, or will; may be repeated.")
@click.option("--timezone", default="", help="IANA time zone of the participant.  [default: the study's]")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def show_plan(*, file: str, arm: str, stratum: str, events: tuple[TrialEvent, ...], timezone: str, form: str) -> None:
    """What would one participant be asked, and when? FILE is a path, or the name of a study that ships.

    Example: pro study plan scopes --arm short --stratum trunk --event randomisation=2026-01-12
    """
    study = sound_study(file)
    _check_events(study, events)
    facts = Facts(arm, stratum, timezone or study.timezone)
    planned = plan(study, facts, events)
    if form == "json":
        click.echo(json.dumps([_as_json(one) for one in planned], indent=2))
    else:
        _print_table(study, facts, planned)


def _check_events(study: Study, events: Sequence[TrialEvent]) -> None:
    kinds = [event.kind for event in events]
    for kind in kinds:
        if kinds.count(kind) > 1:
            raise Invalid(f"--event {kind} is given more than once; give the date as known now")
    for event in events:
        check_event(study, event.kind, event.on)


@command.command("load")
@click.argument("file")
@actor_option
def load(file: str, actor: Actor) -> None:
    """Keep a study file as a version, not active yet. The same file again changes nothing.

    Warns, as `check` does, of words in its messages that speak of health.

    Definitions of questionnaires in a folder `instruments` beside the file are loaded with it, for good.

    Example: pro study load scopes
    """
    text, name = study_text(file)
    with open_runtime().work(actor) as work:
        for path in definitions.beside(file):
            instruments.load(work, document=definitions.text_of(path), file=str(path))
        study = studies.load(work, document=text, file=name)
        active = {(one.code, one.version) for one in studies.listing(work) if one.activated_at is not None}
    _point_out(file)
    is_active = (study.code, study.version) in active
    then = "is active already" if is_active else f"is loaded; activate it with: pro study activate {study.code}"
    click.echo(f"{study.code} version {study.version} {then}")


@command.command("list")
def show_list() -> None:
    """Every version of every study that is loaded.

    Example: pro study list
    """
    with open_runtime().work(Actor(kind="cli", id="study-list", role="admin"), writes=False) as work:
        versions = studies.listing(work)
        people = amendments.populations(work, versions)
    for version in versions:
        since = f"active since {_instant(version.activated_at)}" if version.activated_at else "not active"
        number = people.get(version.id, 0)
        enrolled = f"; {number} participant{'' if number == 1 else 's'}" if number else ""
        click.echo(f"{version.code} version {version.version}: {since}; sha256 {version.sha256[:12]}{enrolled}")


def sound_study(file: str) -> Study:
    """The study in a file, or one that ships; InvalidStudy with everything that is wrong with it."""
    text, name = study_text(file)
    catalogue = definitions.known_to(file)
    offered = {code: instrument.value_sets for code, instrument in catalogue.items()}
    return reader.read(text, file=name, catalogue_codes=catalogue.keys(), value_sets=offered)


def study_text(file: str) -> tuple[str, str]:
    """The text of a study file and the name errors give it: a path that exists, else a study that ships."""
    path = Path(file)
    if not path.exists() and not path.suffix and len(path.parts) == 1:
        return reader.shipped(file)
    try:
        return path.read_text(encoding="utf-8"), file
    except UnicodeDecodeError:
        raise InvalidStudy(f"{file}: 1 problem", problems=[Problem("not text in UTF-8", file=file, line=1)]) from None


def _as_json(one: Planned) -> dict[str, object]:
    """One line of the plan as the contract writes it."""
    return {
        "timepoint": one.timepoint,
        "state": one.state,
        "anchor": one.anchor,
        "anchor_on": one.anchor_on.isoformat() if one.anchor_on else None,
        "target_on": one.target_on.isoformat() if one.target_on else None,
        "opens_at": _instant(one.opens_at),
        "due_at": _instant(one.due_at),
        "closes_at": _instant(one.closes_at),
        "instruments": list(one.instruments),
        "reason": one.reason,
    }


def _instant(at: datetime | None) -> str | None:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def _print_table(study: Study, facts: Facts, planned: Sequence[Planned]) -> None:
    """The plan for people: local days, each window from its first to its last."""
    zone = calendar.zone(facts.timezone)
    headings = ("timepoint", "state", "counted from", "first day", "target", "last day", "questionnaires")
    rows = [
        (
            one.timepoint,
            f"{one.state}: {one.reason}" if one.reason else one.state,
            f"{one.anchor} {one.anchor_on}" if one.anchor else "-",
            windows.first_day(one.opens_at, zone),
            str(one.target_on or "-"),
            windows.last_day(one.opens_at, one.closes_at, zone),
            ", ".join(one.instruments),
        )
        for one in planned
    ]
    title = f"{study.code} version {study.version}: {facts.arm}, {facts.stratum}"
    windows.print_table(title, headings, rows, wraps="questionnaires")
    console = windows.console()
    console.print(
        f"Days in {facts.timezone}: a window opens at 00:00 of its first day and closes at 24:00 of its last."
    )
    live = [one for one in planned if one.state == "planned"]
    for overlap in overlaps(live, days=study.same_instrument_days):
        console.print(
            f"{overlap.earlier.timepoint} and {overlap.later.timepoint} may come within {study.same_instrument_days} "
            f"days of each other; {overlap.later.timepoint} may then offer to wait ({', '.join(overlap.instruments)})."
        )

"""`pro study diff` and `pro study activate`: what a new version comes to for those enrolled, and carrying it out."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from pro_service.cli import windows
from pro_service.cli.acting import actor_option, open_runtime
from pro_service.cli.progress import progress
from pro_service.cli.studies import study_text
from pro_service.domain.amendments import Tally
from pro_service.domain.audit import Actor
from pro_service.runtime import Runtime
from pro_service.services import amendments, studies
from pro_service.services.amendments import Difference

HEADINGS = (
    *("timepoint", "what", "policy", "participants", "move", "created", "cancelled", "come back", "stay as they are"),
)


@click.command()
@click.argument("file")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@actor_option
def diff(*, file: str, form: str, actor: Actor) -> None:
    """What a study file would change against the version that is active, and for how many participants.

    Says everything that is wrong with it as an amendment, with its line. Nothing is written.

    Example: pro study diff scopes-2.yaml
    """
    text, name = study_text(file)
    with open_runtime().work(actor, writes=False) as work, progress("Planning anew", "participant") as advance:
        found = amendments.difference(work, document=text, file=name, progress=advance)
    if form == "json":
        click.echo(json.dumps(asdict(found), indent=2))
    else:
        _print(found)


@click.command()
@click.argument("study")
@click.option("--real-participants", is_flag=True, help="Refuse while a questionnaire has placeholder wording.")
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@actor_option
def activate(*, study: str, real_participants: bool, dry_run: bool, actor: Actor) -> None:
    """Make the newest loaded version the one participants are enrolled under. It can't be changed afterwards.

    Where it amends an active one, everybody enrolled follows by its policies, a batch of people at a time. Stopped
    half-way, a worker goes on within a minute, or the command run again.

    Example: pro study activate scopes --real-participants
    """
    runtime = open_runtime()
    if dry_run:
        _rehearse(runtime, study, actor, real_participants=real_participants)
        return
    _carry_out(runtime, study, actor)  # what an earlier amendment left undone, before the next one
    with runtime.work(actor) as work:
        active = studies.activate(work, code=study, real_participants=real_participants)
    click.echo(f"{study} version {active.version} is active")
    moved = _carry_out(runtime, study, actor)
    if moved:
        click.echo(f"{moved} participant{'' if moved == 1 else 's'} brought under version {active.version}")


def _rehearse(runtime: Runtime, study: str, actor: Actor, *, real_participants: bool) -> None:
    with runtime.work(actor, writes=False) as work, progress("Planning anew", "participant") as advance:
        candidate = studies.candidate(work, code=study, real_participants=real_participants)
        found = amendments.difference_of_newest(work, study=study, progress=advance)
    done = "is active" if candidate.activated_at else "would become active"
    click.echo(f"{study} version {candidate.version} {done}")
    if found is not None:
        _print(found)


def _carry_out(runtime: Runtime, study: str, actor: Actor) -> int:
    with progress("Planning anew", "participant") as advance:
        return amendments.carry_out(lambda: runtime.work(actor), study=study, progress=advance)


def _print(found: Difference) -> None:
    title = f"{found.study}: version {found.old} -> {found.new}"
    if not found.tallies:
        click.echo(f"{title}: every timepoint stays as it is")
    else:
        windows.print_table(title, HEADINGS, [_row(tally) for tally in found.tallies])
    enrolled = "1 participant is" if found.enrolled == 1 else f"{found.enrolled} participants are"
    waiting = f"; {found.in_screening} in screening will enrol under version {found.new}" if found.in_screening else ""
    click.echo(f"{enrolled} enrolled{waiting}")


def _row(tally: Tally) -> tuple[str, ...]:
    counts = (tally.participants, tally.moves, tally.creates, tally.cancels, tally.revives, tally.stays)
    return (tally.timepoint, tally.difference, str(tally.policy), *map(str, counts))

"""`pro webhook`: endpoints of other systems that are told, signed, what happens in a study."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from uuid import UUID

import click

from pro_service.cli.acting import actor_option, open_runtime
from pro_service.domain.audit import Actor
from pro_service.domain.webhooks import EVENTS, OVERLAP
from pro_service.posting import post
from pro_service.services import webhooks

HOUR = timedelta(hours=1)
which = click.argument("webhook_id", metavar="ID", type=click.UUID)


@click.group()
def command() -> None:
    """Endpoints of other systems that are told what happens in a study: codes and ids, nothing else.

    Example: pro webhook add scopes https://edc.example.org/pro --event assessment.submitted
    """


@command.command()
@click.argument("study")
@click.argument("url")
@click.option(
    "--event", "events", type=click.Choice(EVENTS), multiple=True, help="What to tell; repeat.  [default: everything]"
)
@click.option("--site", default="", metavar="CODE", help="Only this site.  [default: the whole study]")
@click.option("--label", default="", help="What the endpoint is for.")
@actor_option
def add(*, study: str, url: str, events: tuple[str, ...], site: str, label: str, actor: Actor) -> None:
    """Tell the endpoint at URL what happens in STUDY from now on; shows the signing secret, once.

    Example: pro webhook add scopes https://edc.example.org/pro --event assessment.submitted --event alert.raised
    """
    runtime = open_runtime()
    with runtime.work(actor) as work:
        made, secret = webhooks.add(
            work, study=study, url=url, events=events or EVENTS, site=site, label=label, reach=runtime.reach
        )
    click.echo(f"id: {made.id}")
    click.echo(f"secret: {secret}")


@command.command("list")
@click.option("--study", default="", metavar="CODE", help="Only this study.")
@actor_option
def list_endpoints(study: str, actor: Actor) -> None:
    """List endpoints: id, study and site, whether it is told anything, its address, and the events it is told.

    Example: pro webhook list --study scopes
    """
    with open_runtime().work(actor, writes=False) as work:
        found = webhooks.listing(work, study=study)
    for one in found:
        told = f"disabled: {one.disabled_because}" if one.disabled_at else "enabled"
        click.echo(f"{one.id}  {one.study}, {one.site or 'every site'}  {told}  {one.label}".rstrip())
        click.echo(f"    {one.url}")
        click.echo(f"    {' '.join(one.events)}")


@command.command()
@which
@actor_option
def test(webhook_id: UUID, actor: Actor) -> int:
    """Call an endpoint now with a signed `webhook.test` that says nothing, and show its answer.

    Example: pro webhook test 0197a1c2-6f60-7b3e-9d55-1f2a3b4c5d6e
    """
    runtime = open_runtime()
    answer = webhooks.probe(
        partial(runtime.work, actor), webhook_id=webhook_id, post=partial(post, reach=runtime.reach)
    )
    click.echo(f"it answered {answer.status}", err=not answer.taken)
    return 0 if answer.taken else 1


@command.command()
@which
@actor_option
def disable(webhook_id: UUID, actor: Actor) -> None:
    """Tell an endpoint nothing any more. Enabled again, it is told what it missed.

    Example: pro webhook disable 0197a1c2-6f60-7b3e-9d55-1f2a3b4c5d6e
    """
    _switch(webhook_id, actor, enabled=False)
    click.echo("disabled")


@command.command()
@which
@actor_option
def enable(webhook_id: UUID, actor: Actor) -> None:
    """Tell an endpoint again what happens, what it missed first.

    Example: pro webhook enable 0197a1c2-6f60-7b3e-9d55-1f2a3b4c5d6e
    """
    _switch(webhook_id, actor, enabled=True)
    click.echo("enabled")


@command.command()
@which
@click.option(
    "--overlap", type=click.IntRange(min=0), default=OVERLAP // HOUR, metavar="HOURS", show_default=True,
    help="For how long the old secret signs as well.",
)  # fmt: skip
@actor_option
def rotate(webhook_id: UUID, overlap: int, actor: Actor) -> None:
    """Make a new signing secret; shows it, once. For a while the old one signs as well.

    Example: pro webhook rotate 0197a1c2-6f60-7b3e-9d55-1f2a3b4c5d6e --overlap 48
    """
    with open_runtime().work(actor) as work:
        _, secret = webhooks.rotate(work, webhook_id=webhook_id, overlap=overlap * HOUR)
    click.echo(f"secret: {secret}")


@command.command()
@which
@click.option("--dry-run", is_flag=True, help="Only say which endpoint it is.")
@actor_option
def remove(webhook_id: UUID, dry_run: bool, actor: Actor) -> None:
    """Forget an endpoint and its secret; what it was told stays on record.

    Example: pro webhook remove 0197a1c2-6f60-7b3e-9d55-1f2a3b4c5d6e --dry-run
    """
    with open_runtime().work(actor, writes=not dry_run) as work:
        one = webhooks.by_id(work, webhook_id=webhook_id)
        if not dry_run:
            webhooks.remove(work, webhook_id=webhook_id)
    click.echo(f"{'would remove' if dry_run else 'removed'} {one.url} of {one.study}")


def _switch(webhook_id: UUID, actor: Actor, *, enabled: bool) -> None:
    runtime = open_runtime()
    with runtime.work(actor) as work:
        webhooks.change(work, webhook_id=webhook_id, enabled=enabled, reach=runtime.reach)

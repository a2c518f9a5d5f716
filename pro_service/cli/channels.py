"""`pro channel`: see whether a channel works, and put on record what came back."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import click

from pro_service.cli.acting import actor_option, open_runtime
from pro_service.domain.audit import Actor
from pro_service.domain.bounces import read
from pro_service.domain.errors import ChannelError
from pro_service.domain.messages import freely
from pro_service.services import bounces, channels


@click.group()
def command() -> None:
    """See whether a channel works; put on record what came back.

    Example: pro channel test email --to me@example.org
    """


@command.command("list")
def show_list() -> None:
    """The channels this installation has, and what each writes to.

    Example: pro channel list
    """
    for name, channel in sorted(open_runtime().channels.items()):
        stands_in = f" (as {channel.name})" if channel.name != name else ""
        click.echo(f"{name}{stands_in}: {channel.address}")


@command.command("test")
@click.argument("channel")
@click.option("--to", required=True, help="Address, telephone number, or a file with a push subscription as JSON.")
@click.option("--timezone", default="Europe/Amsterdam", show_default=True, help="Whose country a bare number is of.")
@actor_option
def test(*, channel: str, to: str, timezone: str, actor: Actor) -> None:
    """Send one harmless message and say what the provider answered.

    Example: pro channel test sms --to +31612345678 --actor ann
    """
    runtime = open_runtime()
    chosen = channels.named(runtime.channels, channel)
    address = Path(to).read_text(encoding="utf-8") if chosen.address == "push" else to
    message = channels.test_message(chosen, to=address, timezone=timezone, now=runtime.clock())
    try:
        said, error = chosen.send(message, freely).detail, None
    except ChannelError as refusal:
        said, error = refusal.message, refusal
    with runtime.work(actor) as work:
        channels.record_test(work, channel=chosen, said=said)
    if error is not None:
        raise error
    click.echo(f"{chosen.name} took it: {said} (message {message.id})")


@command.command("bounce")
@click.argument("report", type=click.File("rb"), default="-")
@actor_option
def bounce(*, report: BinaryIO, actor: Actor) -> None:
    """Put a delivery report (RFC 3464) on record, from a file or standard input: a mail server's filter can call it.

    Example: pro channel bounce report.eml --actor mail-server
    """
    with open_runtime().work(actor) as work:
        found = bounces.record(work, bounce=read(report.read()))
    marked = "; its address is left alone from now on" if found.address_marked else ""
    click.echo(f"{found.delivery_id}: {found.outcome or 'not sent yet'}{marked}")

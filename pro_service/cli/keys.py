"""`pro key`: API keys for programs, and the keys that seal names and addresses."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from datetime import UTC, datetime

import click

from pro_service.cli.acting import actor_option, open_runtime
from pro_service.cli.reach import note_unknown
from pro_service.domain.audit import Actor
from pro_service.domain.roles import STAFF_ROLES
from pro_service.runtime import Runtime
from pro_service.services import access, sealing
from pro_service.settings import P256_ORDER, VAPID_BYTES
from pro_service.storage.keyring import new_key


@click.group()
def command() -> None:
    """API keys, and the keys that seal names and addresses.

    Example: pro key new
    """


@command.command()
def new() -> None:
    """Print fresh random values for PRO_SECRET_KEY and PRO_CONTACT_KEYS.

    To rotate: put the new entry in front of the ring, restart, `pro key rotate`, then drop the old entry.

    Example: pro key new
    """
    click.echo(f"PRO_SECRET_KEY={secrets.token_urlsafe(48)}")
    click.echo(f"PRO_CONTACT_KEYS={new_key(f'{datetime.now(UTC):%Y%m%d%H%M%S}')}")


@command.command()
def vapid() -> None:
    """Print a fresh random value for PRO_VAPID_KEY, the key that signs push messages.

    Make it once and keep it: browsers that subscribed under another key are lost.

    Example: pro key vapid
    """
    number = secrets.randbelow(P256_ORDER - 1) + 1
    click.echo(f"PRO_VAPID_KEY={urlsafe_b64encode(number.to_bytes(VAPID_BYTES, 'big')).decode().rstrip('=')}")


@command.command()
@click.option("--dry-run", is_flag=True, help="Only say how much would be sealed anew.")
@actor_option
def rotate(dry_run: bool, actor: Actor) -> None:
    """Seal contacts, second factors and webhook secrets anew with the first key of PRO_CONTACT_KEYS.

    In short transactions: the service may keep running, and a broken-off run goes on where it stopped.

    Example: pro key rotate --dry-run
    """
    runtime = open_runtime()
    with runtime.work(actor, writes=False) as work:
        waiting = sealing.waiting(work)
    click.echo(
        f"{waiting.contacts} contacts, {waiting.accounts} accounts and {waiting.webhooks} webhooks sealed with "
        f"an older key than {waiting.key_id}"
    )
    if dry_run or not waiting.total:
        return
    done = _rotate(runtime, actor, waiting.total)
    click.echo(f"{done} sealed anew; the other keys of the ring are no longer needed")


@command.command()
@click.option("--label", required=True, help="What the key is for.")
@click.option("--role", type=click.Choice(STAFF_ROLES), required=True)
@click.option(
    "--scope", "scopes", multiple=True, required=True, metavar="NOUN.VERB", help="Repeat; `noun.*` or `*` too."
)
@click.option("--study", default="", metavar="CODE", help="Only this study.  [default: every study]")
@click.option("--site", default="", metavar="CODE", help="Only this site.  [default: every site]")
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), help="From this day (UTC) the key is no longer good.")
@actor_option
def add(
    *, label: str, role: str, scopes: tuple[str, ...], study: str, site: str, expires: datetime | None, actor: Actor
) -> None:
    """Make an API key; shown once.

    Example: pro key add --label "hospital import" --role coordinator --scope participants.* --study scopes --site nki
    """
    ends = expires.replace(tzinfo=UTC) if expires else None
    with open_runtime().work(actor) as work:
        key = access.create_api_key(
            work, label=label, role=role, scopes=scopes, study=study, site=site, expires_at=ends
        )
        note_unknown(work, study=study, site=site)
    click.echo(key)


def _rotate(runtime: Runtime, actor: Actor, total: int) -> int:
    done = 0
    with click.progressbar(length=total, label="sealing anew") as bar:
        while True:
            with runtime.work(actor) as work:
                step = sealing.reseal(work)
            if not step:
                return done
            done += step
            bar.update(step)

"""What is built once per process and shared by web, command line and workers."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pro_service.channels import reachable
from pro_service.domain.audit import Actor
from pro_service.domain.errors import InvalidSetting
from pro_service.domain.instruments import Instrument
from pro_service.domain.messages import Channel
from pro_service.instruments.reader import load_catalogue
from pro_service.posting import Reach
from pro_service.services import licences
from pro_service.services.instruments import Catalogue
from pro_service.services.work import Work
from pro_service.settings import Settings
from pro_service.storage import keyring
from pro_service.storage.engine import Engine, Patience, make_engine
from pro_service.storage.keyring import KeyRing
from pro_service.storage.session import unit_of_work
from pro_service.storage.wordings import Wordings


@dataclass(frozen=True, slots=True)
class Runtime:
    """What one process has: engine, catalogue, keys, channels, clock, reach of webhooks, wording packs. See `build`."""

    settings: Settings
    engine: Engine
    catalogue: Mapping[str, Instrument]
    keys: KeyRing
    channels: Mapping[str, Channel]
    clock: Callable[[], datetime]
    reach: Reach
    wordings: Wordings = field(default_factory=Wordings)

    @contextmanager
    def work(self, actor: Actor, *, now: datetime | None = None, writes: bool = True) -> Iterator[Work]:
        """One transaction of one actor: commits at the end, rolls back on any error, refuses unaudited writes.

        With `writes=False` it may only read, and on SQLite holds up no writer.
        """
        with unit_of_work(self.engine, writes=writes) as session:
            catalogue = Catalogue(self.catalogue, session)
            yield Work(session, actor, now or self.clock(), catalogue, self.keys, self.wordings)


def utc_now() -> datetime:
    """The real clock."""
    return datetime.now(UTC)


def settle() -> None:
    """Say that what this process has built stays: no search for garbage goes through it again, and fewer are made.

    Work on batches makes and drops thousands of small objects without cycles; looking for some costs a third of it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)


def build(settings: Settings, clock: Callable[[], datetime] = utc_now) -> Runtime:
    """Everything a process shares. InvalidSetting where a setting can't be used; opens no connection yet."""
    catalogue = load_catalogue()
    return Runtime(
        settings=settings,
        engine=make_engine(settings.database_url, _patience(settings)),
        catalogue=catalogue,
        keys=keyring.parse(settings.contact_keys, settings.secret_key),
        channels=reachable(settings),
        clock=clock,
        reach=Reach(here=not settings.production, networks=settings.networks),
    )


def _patience(settings: Settings) -> Patience:
    return Patience(
        idle=settings.database_idle_seconds,
        lock=settings.database_lock_seconds,
        statement=settings.database_statement_seconds,
    )


def require_wording(runtime: Runtime) -> None:
    """InvalidSetting where production would show placeholders, or words whose licence is over, in an active study.

    Asked when the service starts, not when a command runs: the words are loaded by one.
    """
    if runtime.settings.production and not runtime.settings.allow_placeholders:
        with runtime.work(Actor(kind="system", id="start", role="system"), writes=False) as work:
            found = licences.lacking_in_active_studies(work)
        if found:
            listed = ", ".join(found)
            raise InvalidSetting(f"PRO_ALLOW_PLACEHOLDERS: no valid wording for {listed}; load it, or say yes")

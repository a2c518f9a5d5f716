"""The database goes away while messages are being sent, and comes back: what was told is put on record all the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Event, Thread

import psutil
import pytest
from sqlalchemy import event, func, select

from pro_service.domain.errors import Unavailable
from pro_service.domain.messages import Channel, Handing, Message, Receipt
from pro_service.runtime import Runtime
from pro_service.services import assessments, deliveries, responses
from pro_service.storage.attempts import delivery_attempt
from pro_service.storage.deliveries import delivery
from pro_service.storage.engine import make_engine
from pro_service.storage.migrations import upgrade
from tests.conftest import activate_scopes
from tests.support import people, postgres
from tests.support.clock import Clock
from tests.support.ports import wait_until
from tests.support.post import Enrol, Post


@pytest.fixture
def server() -> Iterator[postgres.Server]:
    """A server of this test's own, that may be stopped."""
    started = postgres.Server()
    try:
        started.start()
        yield started
    finally:
        started.close()


@pytest.fixture
def database_url(server: postgres.Server, tmp_path: Path) -> str:
    """Its only database, with SCOPES."""
    url = f"{server.url}/postgres"
    engine = make_engine(url)
    upgrade(engine)
    engine.dispose()
    activate_scopes(url, tmp_path)
    return url


@dataclass
class Provider:
    """Takes every message, and says so when it is let go."""

    at_once: int
    taken: list[str] = field(default_factory=list)
    all_taken: Event = field(default_factory=Event)
    let_go: Event = field(default_factory=Event)

    def send(self, message: Message, handing: Handing) -> Receipt:
        handing()
        self.taken.append(message.id)
        if len(self.taken) == self.at_once:
            self.all_taken.set()
        assert self.let_go.wait(60)
        return Receipt("250")

    def deliver(self, runtime: Runtime) -> None:
        """Send what is due, until the database goes away."""
        channels = {"email": Channel("email", self.send, deduplicates=False)}
        open_work = partial(runtime.work, people.system)
        try:
            deliveries.send_due(open_work, channels=channels, base_url="https://pro.test", at_once=self.at_once)
        except Unavailable:
            return


def test_what_the_provider_said_while_the_database_was_away_is_kept(
    server: postgres.Server, runtime: Runtime, clock: Clock, enrolled: Enrol
) -> None:
    """Failure row 4: the provider's yes is known to this process alone, which insists on putting it on record."""
    for _ in range(4):
        enrolled()
    Post(runtime, clock).sweep()
    provider, knocks = Provider(at_once=3), list[object]()
    sender = Thread(target=provider.deliver, args=[runtime])
    sender.start()
    assert provider.all_taken.wait(60)
    server.stop()
    event.listen(runtime.engine, "do_connect", lambda *of: knocks.append(of))
    provider.let_go.set()
    wait_until(lambda: bool(knocks), what="the sender finding no database")
    server.start()
    sender.join(60)
    with runtime.work(people.everything) as w:
        ended = {str(row.id): row.outcome for row in w.session.execute(select(delivery))}
    assert [ended[one] for one in provider.taken[:3]] == ["sent"] * 3
    clock.now += timedelta(minutes=10)
    provider.deliver(runtime)
    assert sorted(provider.taken) == sorted(ended)
    with runtime.work(people.everything) as w:
        assert set(w.session.execute(select(delivery_attempt.c.outcome)).scalars()) == {"sent"}


def test_a_request_that_the_database_died_under_is_told_to_try_again(runtime: Runtime, enrolled: Enrol) -> None:
    """Failure row 14: `try again`, which the page does by itself, and not an error that looks like ours."""
    person = enrolled()
    with runtime.work(people.patient(person.id)) as w:
        form = assessments.listing(w, participant_id=person.id)[0].assessment.id
        responses.save(w, assessment_id=form, instrument="qlq-c30", answers={"q1": 1}, revision=0)
    told: list[object] = []
    with suppress(Unavailable), runtime.work(people.patient(person.id)) as w:  # nor can it be rolled back
        psutil.Process(w.session.execute(select(func.pg_backend_pid())).scalar_one()).kill()
        try:
            responses.save(w, assessment_id=form, instrument="qlq-c30", answers={"q2": 2}, revision=1)
        except Exception as error:
            told.append(type(error))
    assert told == [Unavailable]

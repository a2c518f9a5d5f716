"""What the timetable does for webhooks and digests, wired as in a worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from pro_service.domain.participants import Participant
from pro_service.runtime import Runtime
from pro_service.services import webhooks
from tests.support import endpoint, people
from tests.support.endpoint import Endpoint
from workers import audit, reminders
from workers import webhooks as workers_webhooks


@pytest.fixture
def other() -> Iterator[Endpoint]:
    with endpoint.listening() as one:
        yield one


def test_a_worker_tells_an_endpoint(
    runtime: Runtime, scopes: object, enrolled: Callable[..., Participant], other: Endpoint
) -> None:
    with runtime.work(people.everything) as w:
        events = ["assessment.opened"]
        _, secret = webhooks.add(w, study="scopes", url=other.url, events=events, reach=runtime.reach)
    enrolled()
    for _ in range(2):
        audit.seal(runtime)
        workers_webhooks.tell(runtime)
        reminders.digest(runtime)
        reminders.send(runtime)
    assert other.types() == ["assessment.opened"]
    assert other.told[0].signed_with(secret)

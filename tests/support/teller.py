"""Webhooks in tests: seal, read the news, call the endpoint, all on the test's clock."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from pro_service.domain.webhooks import EVENTS, Webhook
from pro_service.posting import Reach, post
from pro_service.runtime import Runtime
from pro_service.services import audit, deliveries, news, webhooks
from tests.support import people
from tests.support.clock import Clock
from tests.support.endpoint import Endpoint

HERE = Reach(here=True)


@dataclass
class Teller:
    """One endpoint of the study SCOPES, and everything that makes it hear."""

    runtime: Runtime
    clock: Clock
    endpoint: Endpoint
    webhook: Webhook
    secret: str

    def __post_init__(self) -> None:
        self.open_work = partial(self.runtime.work, people.system)

    def tell(self) -> int:
        """Seal what happened, then read it."""
        with self.open_work() as w:
            audit.seal(w)
        return news.sweep(self.open_work)

    def send(self) -> int:
        return deliveries.send_due(
            self.open_work, channels=self.runtime.channels, base_url="https://pro.test", post=partial(post, reach=HERE)
        )

    def tick(self) -> list[str]:
        """The types of what the endpoint is told now."""
        before = len(self.endpoint.told)
        self.tell()
        self.send()
        return self.endpoint.types()[before:]

    def data(self) -> dict[str, Any]:
        """What the endpoint was told last."""
        found: dict[str, Any] = self.endpoint.told[-1].content["data"]
        return found

    def change(self, **what: Any) -> Webhook:
        with self.runtime.work(people.everything) as w:
            return webhooks.change(w, webhook_id=self.webhook.id, reach=HERE, **what)

    def state(self) -> Webhook:
        with self.runtime.work(people.everything, writes=False) as w:
            return webhooks.by_id(w, webhook_id=self.webhook.id)


def teller(runtime: Runtime, clock: Clock, endpoint: Endpoint, *, site: str = "", events: Any = EVENTS) -> Teller:
    """With an endpoint just added."""
    with runtime.work(people.everything) as w:
        webhook, secret = webhooks.add(w, study="scopes", url=endpoint.url, events=events, site=site, reach=HERE)
    return Teller(runtime, clock, endpoint, webhook, secret)

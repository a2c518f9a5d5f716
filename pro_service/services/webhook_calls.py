"""Calls to webhooks, carried by `deliveries.py`: signed afresh at every attempt, the same words each time.

The delivery's id is the `webhook-id`: an endpoint that was told twice, because its answer was lost, can tell by it.
So a call that died half-way is simply made again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import cast
from uuid import UUID

from pro_service.domain import webhooks as rules
from pro_service.domain.deliveries import PAUSES, Delivery
from pro_service.domain.errors import ChannelError
from pro_service.domain.messages import Handing, Receipt
from pro_service.domain.reminders import Decision, Kind
from pro_service.domain.staff_texts import WEBHOOK_DISABLED
from pro_service.domain.webhooks import GONE, Secrets, Webhook
from pro_service.posting import Post
from pro_service.services import staff_messages, webhooks
from pro_service.services.carriers import Letter, Outside
from pro_service.services.news import CHANNEL
from pro_service.services.work import Work
from pro_service.storage import webhooks as stored

LONG_PAUSES = (*PAUSES, timedelta(hours=12), timedelta(hours=24), timedelta(hours=24))
"""An endpoint may be away for a weekend: the last attempt is made nearly three days after the first."""


def prepare(work: Work, claimed: Sequence[Delivery], outside: Outside) -> Mapping[UUID, Letter | Decision]:
    """What is to be done now about each of these calls."""
    ids = {one.webhook_id for one in claimed if one.webhook_id is not None}
    known, secrets = stored.by_ids(work.session, ids), webhooks.secrets(work, ids)
    return {one.id: _prepare(work, one, known, secrets, outside.post) for one in claimed}


def _prepare(
    work: Work, delivery: Delivery, known: Mapping[UUID, Webhook], secrets: Mapping[UUID, Secrets], post: Post
) -> Letter | Decision:
    webhook = known.get(cast(UUID, delivery.webhook_id))
    if webhook is None:
        return Decision(Kind.DISABLED, "the endpoint was removed")
    if webhook.disabled_at is not None:
        return Decision(Kind.DISABLED, f"the endpoint is disabled: {webhook.disabled_because}")
    at = datetime.fromisoformat(str(delivery.about["at"]))
    content = rules.body(delivery.occasion, at, cast(Mapping[str, object], delivery.about["data"]))
    signing = secrets[webhook.id].signing(previous_until=webhook.previous_until, now=work.now)
    headers = rules.headers(signing, message_id=str(delivery.id), at=work.now, content=content)
    return Letter(
        channel=CHANNEL,
        repeatable=True,
        call=partial(_call, post, webhook.url, content, headers, now=work.now),
        pauses=LONG_PAUSES,
        lost=partial(_close, webhook.id),
    )


def _call(
    post: Post, url: str, content: bytes, headers: Mapping[str, str], handing: Handing, *, now: datetime
) -> Receipt:
    handing()
    answer = post(url, content, headers)
    if answer.taken:
        return Receipt(str(answer.status))
    if answer.status == GONE:
        raise ChannelError(str(answer.status), permanent=True, gone=True)
    wait = rules.wait(answer.retry_after, now)
    raise ChannelError(str(answer.status), permanent=answer.permanent, retry_after=wait)


def _close(webhook_id: UUID, work: Work, said: str) -> None:
    """It answered that it is gone: it is told nothing until somebody enables it again, and who may is told at once."""
    webhook = stored.take(work.session, webhook_id)
    if webhook is None:
        return
    webhooks.close_gone(work, webhook, because=f"it answered {said}")
    staff_messages.tell(
        work,
        occasion=WEBHOOK_DISABLED,
        key=f"{webhook.id}:{work.now.isoformat()}",
        permission="webhooks.manage",
        study_id=webhook.study_id,
        study=webhook.study,
        site=webhook.site,
        about={"host": webhooks.host(webhook.url), "webhook": str(webhook.id)},
    )

"""Webhooks: make an endpoint known, change it, give it a new secret, ask it whether it is there, remove it.

A secret is shown once, when it is made; stored, it is sealed. What an endpoint is told lies in `news.py`, how it is
called in `webhook_calls.py`.
"""

from __future__ import annotations

import json
import secrets as random
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from pro_service import posting
from pro_service.domain import webhooks as rules
from pro_service.domain.audit import AuditEvent
from pro_service.domain.errors import Invalid, NotFound, Problem
from pro_service.domain.roles import require
from pro_service.domain.webhooks import EVENTS, OVERLAP, SECRET_BYTES, Answer, Mark, Secrets, Webhook
from pro_service.posting import Post, Reach
from pro_service.services import studies
from pro_service.services.work import Work
from pro_service.storage import news, webhooks
from pro_service.storage.metadata import new_id
from pro_service.storage.webhooks import Sealed

LAST = UUID(int=2**128 - 1)
"""Sorts after every id: a mark with it stands for all of an instant."""

MOST_OVERLAP = timedelta(days=30)
TEST = "webhook.test"
BY_STAFF = "by-hand"


def add(
    work: Work, *, study: str, url: str, events: Sequence[str], reach: Reach, site: str = "", label: str = ""
) -> tuple[Webhook, str]:
    """A new endpoint and its secret, shown this once. It is told what happens from now on."""
    require(work.actor, "webhooks.manage", study=study, site=site)
    version = studies.active_version(work, code=study)
    place = site or work.actor.site
    posting.require_callable(url, reach)
    if place and place not in version.study.site_codes:
        expected = f"expected one of {', '.join(version.study.site_codes)}"
        raise Invalid("there is no such site", problems=[Problem(expected, "site")])
    one = Webhook(
        id=new_id(),
        study_id=version.study_id,
        study=study,
        site=place,
        url=url,
        events=_events(events),
        label=label,
        created_at=work.now,
        enabled_at=work.now,
        audit_id=news.newest(work.session),
        opened=Mark(work.now, LAST),
        closed=Mark(work.now, LAST),
    )
    secret = rules.secret(random.token_bytes(SECRET_BYTES))
    webhooks.add(work.session, one, _seal(work, one.id, Secrets(secret)))
    _record(work, "webhook.add", one, site=(None, place), host=(None, host(url)), events=(None, one.events))
    return one, secret


def listing(work: Work, *, study: str = "") -> tuple[Webhook, ...]:
    """The endpoints of the studies and the site the actor may see."""
    require(work.actor, "webhooks.read", study=study)
    return webhooks.listing(work.session, study_code=study or work.actor.study, site=work.actor.site)


def by_id(work: Work, *, webhook_id: UUID) -> Webhook:
    """One endpoint; outside the actor's study and site there is none."""
    return _own(work, webhook_id, "webhooks.read")


def change(
    work: Work,
    *,
    webhook_id: UUID,
    reach: Reach,
    url: str | None = None,
    events: Sequence[str] | None = None,
    label: str | None = None,
    enabled: bool | None = None,
) -> Webhook:
    """Change what is given. One that is enabled again goes on where it stopped, so that nothing is lost to it."""
    one = _own(work, webhook_id, "webhooks.manage", lock=True)
    after = one
    if url is not None:
        posting.require_callable(url, reach)
        after = replace(after, url=url)
    if events is not None:
        after = _told_from_now(work, one, replace(after, events=_events(events)))
    if label is not None:
        after = replace(after, label=label)
    if enabled is not None and enabled != (one.disabled_at is None):
        after = _switched(work, after, enabled=enabled, because="" if enabled else BY_STAFF)
    _keep(work, one, after)
    return after


def close_gone(work: Work, one: Webhook, *, because: str) -> None:
    """Tell an endpoint nothing any more that said so itself. It is held by this transaction."""
    _keep(work, one, _switched(work, one, enabled=False, because=because))


def remove(work: Work, *, webhook_id: UUID) -> None:
    """Forget an endpoint and its secret. What it was told stays on record."""
    one = _own(work, webhook_id, "webhooks.manage", lock=True)
    webhooks.remove(work.session, one.id)
    _record(work, "webhook.remove", one, host=(host(one.url), None))


def rotate(work: Work, *, webhook_id: UUID, overlap: timedelta = OVERLAP) -> tuple[Webhook, str]:
    """A new secret, shown this once. Until `overlap` has passed the one before it signs as well."""
    one = _own(work, webhook_id, "webhooks.manage", lock=True)
    if not timedelta(0) <= overlap <= MOST_OVERLAP:
        raise Invalid("no such overlap", problems=[Problem(f"expected 0 to {MOST_OVERLAP.days} days", "overlap")])
    held = secrets(work, [one.id])[one.id]
    new = Secrets(rules.secret(random.token_bytes(SECRET_BYTES)), held.current)
    sealed = _seal(work, one.id, new)
    until = work.now + overlap
    webhooks.change(work.session, one.id, key_id=sealed.key_id, sealed=sealed.sealed, previous_until=until)
    _record(work, "webhook.rotate", one, secret=("set", "set"), previous_until=(one.previous_until, until))
    return replace(one, previous_until=until), new.current


def probe(open_work: Callable[[], AbstractContextManager[Work]], *, webhook_id: UUID, post: Post) -> Answer:
    """Call an endpoint with a signed `webhook.test` that says nothing, and hand back its answer. ChannelError."""
    with open_work() as work:
        one = _own(work, webhook_id, "webhooks.manage")
        now, message_id = work.now, str(new_id())
        signing = secrets(work, [one.id])[one.id].signing(previous_until=one.previous_until, now=now)
        _record(work, "webhook.test", one)
    content = rules.body(TEST, now, {"study": one.study, "webhook_id": str(one.id)})
    return post(one.url, content, rules.headers(signing, message_id=message_id, at=now, content=content))


def secrets(work: Work, webhook_ids: Collection[UUID]) -> Mapping[UUID, Secrets]:
    """What these endpoints' messages are signed with, opened. For signing alone."""
    found = webhooks.secrets(work.session, webhook_ids)
    return {webhook_id: _open(work, one) for webhook_id, one in found.items()}


def waiting_to_reseal(work: Work) -> int:
    """How many secrets are not sealed with the ring's first key."""
    require(work.actor, "keys.manage")
    return webhooks.count_sealed_with_other_keys(work.session, work.keys.first)


def key_ids(work: Work) -> frozenset[str]:
    """The ids of the keys that sealed any secret."""
    require(work.actor, "keys.manage")
    return webhooks.key_ids(work.session)


def reseal(work: Work, *, limit: int = 500) -> int:
    """Seal up to `limit` secrets with the ring's first key that are not yet; the number of them, 0 when done."""
    require(work.actor, "keys.manage")
    old = webhooks.sealed_with_other_keys(work.session, work.keys.first, limit=limit)
    for one in old:
        new = _seal(work, one.id, _open(work, one))
        webhooks.change(work.session, one.id, key_id=new.key_id, sealed=new.sealed)
    if old:
        work.record(AuditEvent("webhook.reseal", "key", work.keys.first, {"webhooks": (None, len(old))}))
    return len(old)


def _own(work: Work, webhook_id: UUID, permission: str, *, lock: bool = False) -> Webhook:
    one = webhooks.by_id(work.session, webhook_id, lock=lock)
    require(work.actor, permission, study=one.study, site=one.site)
    if work.actor.site and not one.site:
        raise NotFound("there is no such webhook")  # one of the whole study is not for a single site to see
    return one


def _events(given: Sequence[str]) -> tuple[str, ...]:
    """The events asked for, each once, in our order."""
    unknown = [one for one in given if one not in EVENTS]
    if unknown or not given:
        raise Invalid("no such event", problems=[Problem(f"expected some of {', '.join(EVENTS)}", "events")])
    return tuple(one for one in EVENTS if one in given)


def _told_from_now(work: Work, before: Webhook, after: Webhook) -> Webhook:
    """What it newly asks to be told of windows begins now, not when it was added."""
    now = Mark(work.now, LAST)
    if "assessment.opened" not in before.events:
        after = replace(after, opened=now)
    if "assessment.missed" not in before.events:
        after = replace(after, closed=now)
    return after


def _switched(work: Work, one: Webhook, *, enabled: bool, because: str) -> Webhook:
    if enabled:
        return replace(one, disabled_at=None, disabled_because="", enabled_at=work.now)
    return replace(one, disabled_at=work.now, disabled_because=because)


def _keep(work: Work, before: Webhook, after: Webhook) -> None:
    """Store what differs, with an audit line that holds no more of the address than its host."""
    names = ("url", "events", "label", "disabled_at", "disabled_because", "enabled_at")
    differs = {name: getattr(after, name) for name in names if getattr(after, name) != getattr(before, name)}
    if not differs:
        return
    stored: dict[str, Any] = {**differs, "events": list(after.events)}
    webhooks.change(work.session, after.id, **stored)
    webhooks.told(work.session, after)
    changes = {name: (getattr(before, name), value) for name, value in differs.items() if name != "url"}
    if after.url != before.url:
        changes["host"] = (host(before.url), host(after.url))
    _record(work, "webhook.change", after, **changes)


def host(url: str) -> str:
    """The host of an address: what comes after it may be as good as a password."""
    return urlsplit(url).hostname or ""


def _record(work: Work, action: str, one: Webhook, **changes: tuple[object, object]) -> None:
    work.record(AuditEvent(action, "webhook", one.id, changes, study_id=one.study_id))


def _context(webhook_id: UUID) -> str:
    return f"webhook:{webhook_id}:sealed"


def _seal(work: Work, webhook_id: UUID, held: Secrets) -> Sealed:
    return Sealed(webhook_id, *work.keys.seal(json.dumps(asdict(held)).encode(), context=_context(webhook_id)))


def _open(work: Work, one: Sealed) -> Secrets:
    return Secrets(**json.loads(work.keys.open(one.key_id, one.sealed, context=_context(one.id))))

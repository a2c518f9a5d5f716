"""Endpoints: added, called, refused, rotated, disabled and caught up; each call signed and on record."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select

from pro_service.domain.audit import Actor, AuditEvent
from pro_service.domain.errors import ChannelError, Forbidden, Invalid, NotFound, UnknownStudy
from pro_service.domain.participants import Participant
from pro_service.domain.webhooks import EVENTS
from pro_service.posting import Reach, post
from pro_service.runtime import Runtime
from pro_service.services import deliveries, sealing, webhooks
from pro_service.storage import staff
from pro_service.storage.attempts import delivery_attempt
from pro_service.storage.audit import audit_event
from pro_service.storage.deliveries import delivery
from pro_service.storage.keyring import new_key, parse
from pro_service.storage.metadata import new_id
from pro_service.storage.webhooks import webhook
from tests.support import endpoint, people
from tests.support.clock import Clock
from tests.support.endpoint import Endpoint
from tests.support.teller import HERE, Teller, teller

Enrol = Callable[..., Participant]
URL = "https://edc.example.org/hook/very-secret-path"
data_manager = Actor("staff", "dm", "data_manager", study="scopes")
dm_nki = Actor("staff", "dm-nki", "data_manager", study="scopes", site="nki")
dm_lumc = Actor("staff", "dm-lumc", "data_manager", study="scopes", site="lumc")


@pytest.fixture
def other() -> Iterator[Endpoint]:
    with endpoint.listening() as one:
        yield one


@pytest.fixture
def told(runtime: Runtime, clock: Clock, scopes: object, other: Endpoint) -> Teller:
    """An endpoint that asks for openings alone."""
    return teller(runtime, clock, other, events=["assessment.opened"])


def outcomes(told: Teller) -> list[tuple[str | None, str]]:
    """Outcome and decision of every delivery, oldest first."""
    with told.runtime.work(people.everything, writes=False) as w:
        rows = w.session.execute(select(delivery.c.outcome, delivery.c.decision).order_by(delivery.c.id))
        return [(row.outcome, row.decision) for row in rows]


def attempts(told: Teller) -> list[tuple[str | None, str]]:
    """Outcome and detail of every attempt."""
    with told.runtime.work(people.everything, writes=False) as w:
        rows = w.session.execute(
            select(delivery_attempt.c.outcome, delivery_attempt.c.detail).order_by(delivery_attempt.c.id)
        )
        return [(row.outcome, row.detail) for row in rows]


def test_a_call_that_fails_is_made_again_with_the_same_id_and_words(
    told: Teller, enrolled: Enrol, clock: Clock, other: Endpoint
) -> None:
    enrolled()
    other.script = [503, "drop", 204]
    for _ in range(3):
        told.tick()
        clock.advance(minutes=6)
    assert [detail for _, detail in attempts(told)] == ["503", "no answer: RemoteDisconnected", "204"]
    assert outcomes(told) == [("sent", "send")]
    assert len({one.id for one in other.told}) == len({one.body for one in other.told}) == 1
    assert len({one.headers["webhook-timestamp"] for one in other.told}) == 3  # each attempt is signed at its own time
    assert all(one.signed_with(told.secret) for one in other.told)


def test_calls_go_on_for_days_before_they_are_given_up(
    told: Teller, enrolled: Enrol, clock: Clock, other: Endpoint
) -> None:
    enrolled()
    other.script = [500] * 20
    began = clock.now
    while outcomes(told) in ([], [(None, "send")]):
        told.tick()
        clock.advance(minutes=30)
    assert outcomes(told) == [("failed", "send")]
    assert len(other.told) == 9
    assert timedelta(days=2, hours=12) < clock.now - began < timedelta(days=3)


@pytest.mark.parametrize("status", [301, 400, 401, 404, 422])
def test_a_refusal_that_does_not_pass_is_not_asked_again(
    status: int, told: Teller, enrolled: Enrol, clock: Clock, other: Endpoint
) -> None:
    enrolled()
    other.script = [(status, {"Location": other.url})]
    told.tick()
    clock.advance(days=2)
    told.tick()
    assert outcomes(told)[0] == ("failed", "send")
    assert len(other.told) == 1
    assert told.state().disabled_at is None


@pytest.mark.parametrize("status", [408, 425, 429, 503])
def test_retry_after_is_honoured(status: int, told: Teller, enrolled: Enrol, clock: Clock, other: Endpoint) -> None:
    enrolled()
    other.script = [(status, {"Retry-After": "1800"})]
    told.tick()
    clock.advance(minutes=29)
    assert told.tick() == []
    clock.advance(minutes=1)
    assert told.tick() == ["assessment.opened"]


def test_gone_disables_the_endpoint_and_enabling_it_catches_up(
    told: Teller, enrolled: Enrol, clock: Clock, other: Endpoint
) -> None:
    enrolled()
    other.script = [410]
    told.tick()
    assert told.state().disabled_because == "it answered 410"
    enrolled()
    clock.advance(hours=1)
    assert told.tick() == []
    told.change(enabled=True)
    assert told.tick() == ["assessment.opened"]
    assert told.data()["participant"] == "NKI-002"


def test_who_may_enable_it_again_is_told_at_once(told: Teller, enrolled: Enrol, other: Endpoint) -> None:
    with told.runtime.work(people.everything) as w:
        for name, role, site in (("dan", "data_manager", ""), ("nik", "data_manager", "nki"), ("ann", "monitor", "")):
            facts = {"email": f"{name}@example.org", "role": role, "study": "scopes", "site": site}
            staff.add(w.session, id=new_id(), password_hash="-", created_at=w.now, **facts)
        w.record(AuditEvent("staff.create", "staff", "three"))
    enrolled()
    other.script = [410]
    told.tick()
    told.send()
    (mail,) = (told.runtime.settings.data_dir / "outbox").glob("*.eml")
    text = mail.read_text()
    assert "To: dan@example.org" in text  # an endpoint of the whole study is not for one site, nor for a monitor
    assert "Subject: A webhook of scopes was disabled" in text
    assert f"pro webhook enable {told.webhook.id}" in text


def test_what_waits_for_a_disabled_endpoint_is_not_sent(
    told: Teller, enrolled: Enrol, clock: Clock, other: Endpoint
) -> None:
    enrolled()
    told.tell()
    told.change(enabled=False)
    assert told.send() == 1
    assert outcomes(told) == [(None, "disabled")]
    assert other.told == []


def test_what_waits_for_a_removed_endpoint_is_not_sent(told: Teller, enrolled: Enrol, other: Endpoint) -> None:
    enrolled()
    told.tell()
    with told.runtime.work(people.everything) as w:
        webhooks.remove(w, webhook_id=told.webhook.id)
    told.send()
    assert outcomes(told) == [(None, "disabled")]
    assert other.told == []
    assert told.tell() == 0


def test_a_stalled_endpoint_holds_up_nobody_for_long(
    told: Teller, enrolled: Enrol, other: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pro_service.posting.SECONDS", 0.3)
    enrolled()
    other.script = ["drip"]
    told.tick()
    assert outcomes(told) == [(None, "send")]
    ((outcome, detail),) = attempts(told)
    assert (outcome, detail.startswith("no answer: ")) == ("failed", True)


def test_one_who_died_in_the_middle_of_a_call_makes_it_again(
    told: Teller, enrolled: Enrol, clock: Clock, other: Endpoint
) -> None:
    """Failure row 4 for webhooks: what may have arrived is told again under the same id, by which it is known."""

    def dies(*call: object, **more: object) -> None:
        post(*call, **more, reach=HERE)  # type: ignore[arg-type]  # handed on
        raise KeyboardInterrupt

    enrolled()
    told.tell()
    with pytest.raises(KeyboardInterrupt):
        deliveries.send_due(told.open_work, channels={}, base_url="https://pro.test", post=dies)  # type: ignore[arg-type]
    assert outcomes(told) == [(None, "send")]
    clock.advance(minutes=6)
    told.send()
    assert outcomes(told) == [("sent", "send")]
    assert len({one.id for one in other.told}) == 1
    assert len(other.told) == 2


def test_two_senders_call_once(told: Teller, enrolled: Enrol, other: Endpoint) -> None:
    """Failure row 5: claiming and marking are one statement, so a second sender finds nothing to do."""
    for _ in range(4):
        enrolled()
    told.tell()
    senders = [threading.Thread(target=told.send) for _ in range(2)]
    for one in senders:
        one.start()
    for one in senders:
        one.join(timeout=60)
    assert len(other.told) == len({one.id for one in other.told}) == 4
    assert outcomes(told) == [("sent", "send")] * 4


def test_a_new_secret_signs_beside_the_old_one_for_a_while(
    told: Teller, enrolled: Enrol, clock: Clock, other: Endpoint
) -> None:
    with told.runtime.work(people.everything) as w:
        _, new = webhooks.rotate(w, webhook_id=told.webhook.id, overlap=timedelta(hours=2))
    enrolled()
    told.tick()
    assert [other.told[-1].signed_with(secret) for secret in (told.secret, new)] == [True, True]
    clock.advance(hours=2)
    enrolled(randomisation=clock.now.date())
    told.tick()
    assert [other.told[-1].signed_with(secret) for secret in (told.secret, new)] == [False, True]


def test_secret_and_address_are_nowhere_in_the_clear(told: Teller, enrolled: Enrol, other: Endpoint) -> None:
    told.change(url=other.url.replace("/hook", "/very-secret-path"))
    with told.runtime.work(people.everything) as w:
        _, new = webhooks.rotate(w, webhook_id=told.webhook.id)
    enrolled()
    told.tick()
    with told.runtime.work(people.everything, writes=False) as w:
        kept = str([*w.session.execute(select(webhook.c.sealed, webhook.c.key_id)), *told_rows(w.session)])
    assert not [secret for secret in (told.secret, new, "very-secret-path") if secret.removeprefix("whsec_") in kept]
    assert told.secret not in repr(told.state())


def told_rows(session: object) -> list[object]:
    tables = (delivery, delivery_attempt, audit_event)
    return [row for table in tables for row in session.execute(select(table))]  # type: ignore[attr-defined]


def test_secrets_are_sealed_anew_with_the_ring(told: Teller, enrolled: Enrol) -> None:
    runtime = told.runtime
    with runtime.work(people.everything) as w:
        webhooks.rotate(w, webhook_id=told.webhook.id)
    new = new_key("new")
    both = replace(runtime, keys=parse(f"{new},{runtime.settings.contact_keys}", runtime.settings.secret_key))
    for expected in (1, 0):
        with both.work(people.everything) as w:
            assert sealing.waiting(w).webhooks == expected
            assert sealing.reseal(w) == expected
    only_new = replace(runtime, keys=parse(new, runtime.settings.secret_key))
    with only_new.work(people.everything) as w:
        assert webhooks.secrets(w, [told.webhook.id])[told.webhook.id].previous == told.secret


def test_a_probe_is_signed_and_says_nothing(told: Teller, other: Endpoint) -> None:
    opened = partial(told.runtime.work, people.everything)
    assert webhooks.probe(opened, webhook_id=told.webhook.id, post=partial(post, reach=HERE)).status == 204
    (one,) = other.told
    assert one.content["type"] == "webhook.test"
    assert set(one.content["data"]) == {"study", "webhook_id"}
    assert one.signed_with(told.secret)
    with pytest.raises(ChannelError):
        webhooks.probe(opened, webhook_id=told.webhook.id, post=partial(post, reach=Reach()))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"url": "http://edc.example.org"}, "url"),
        ({"url": "https://10.0.0.1/"}, "url"),
        ({"events": []}, "events"),
        ({"events": ["assessment.vanished"]}, "events"),
        ({"site": "nowhere"}, "site"),
    ],
)
def test_what_cannot_be_an_endpoint_is_refused_by_field(
    wrong: dict[str, object], field: str, runtime: Runtime, scopes: object
) -> None:
    asked: dict[str, object] = {"study": "scopes", "url": URL, "events": EVENTS, **wrong}
    with runtime.work(people.everything) as w, pytest.raises(Invalid) as refused:
        webhooks.add(w, **asked, reach=Reach())  # type: ignore[arg-type]  # by name
    assert [problem.field for problem in refused.value.problems] == [field]


@pytest.mark.parametrize(
    ("actor", "error"),
    [
        (people.coordinator_nki, Forbidden),
        (people.investigator, Forbidden),
        (people.nobody, Forbidden),
        (people.system, Forbidden),
        (Actor("api_key", "k", "data_manager", scopes=frozenset({"exports.write"})), Forbidden),
        (Actor("staff", "x", "data_manager", study="other"), NotFound),
        (dm_nki, NotFound),  # an endpoint of the whole study is not one site's
    ],
)
def test_only_who_may_manages_an_endpoint(
    actor: Actor, error: type[Exception], runtime: Runtime, scopes: object
) -> None:
    with runtime.work(people.everything) as w:
        whole, _ = webhooks.add(w, study="scopes", url=URL, events=EVENTS, reach=Reach())
    for verb in (webhooks.remove, webhooks.rotate, partial(webhooks.change, enabled=False, reach=Reach())):
        with runtime.work(actor) as w, pytest.raises(error):
            verb(w, webhook_id=whole.id)


def test_one_site_manages_its_own(runtime: Runtime, scopes: object) -> None:
    with runtime.work(dm_nki) as w:
        own, _ = webhooks.add(w, study="scopes", url=URL, events=EVENTS, reach=Reach())
        assert own.site == "nki"
        assert webhooks.listing(w) == (own,)
    with runtime.work(dm_lumc) as w:
        assert webhooks.listing(w) == ()
        with pytest.raises(NotFound):
            webhooks.by_id(w, webhook_id=own.id)
        with pytest.raises(NotFound):
            webhooks.add(w, study="scopes", url=URL, events=EVENTS, site="nki", reach=Reach())
    with runtime.work(data_manager) as w:
        assert webhooks.listing(w, study="scopes") == (own,)
        with pytest.raises(UnknownStudy):
            webhooks.add(replace(w, actor=people.everything), study="none", url=URL, events=EVENTS, reach=Reach())

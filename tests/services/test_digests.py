"""Digests as they are queued and sent: one a weekday, to whom it concerns, with codes and counts alone."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import select

from pro_service.domain.audit import AuditEvent
from pro_service.domain.errors import ChannelError, Forbidden, Invalid
from pro_service.domain.messages import Channel
from pro_service.domain.participants import Contact, Participant
from pro_service.runtime import Runtime, build
from pro_service.services import access, deliveries, digests, reminders, responses, staff_messages
from pro_service.services import staff as accounts
from pro_service.settings import from_environment
from pro_service.storage import staff as stored
from pro_service.storage.deliveries import delivery
from pro_service.storage.metadata import new_id
from tests.services.forms import assessment
from tests.support import people, postbox
from tests.support.clock import Clock
from tests.support.post import Provider

Enrol = Callable[..., Participant]
BASE = "https://pro.test"
TUESDAY = datetime(2026, 1, 27, 6, 30, tzinfo=UTC)  # 7:30 in Amsterdam; the baselines of 12 January are a week late


class Team:
    """Accounts, and the mornings they live through."""

    def __init__(self, runtime: Runtime, clock: Clock) -> None:
        self.runtime, self.clock = runtime, clock
        self.open_work = partial(runtime.work, people.system)

    def add(self, name: str, role: str = "coordinator", study: str = "scopes", site: str = "nki") -> UUID:
        """An account without a password, whose first digest is due the next morning."""
        one = new_id()
        with self.runtime.work(people.everything) as w:
            facts = {"email": f"{name}@example.org", "role": role, "study": study, "site": site}
            stored.add(w.session, id=one, password_hash="-", created_at=w.now, **facts)
            w.record(AuditEvent("staff.create", "staff", one))
        self.sweep()
        return one

    def sweep(self) -> int:
        return digests.sweep(self.open_work)

    def send(self, channels: dict[str, Channel] | None = None) -> int:
        return deliveries.send_due(self.open_work, channels=channels or self.runtime.channels, base_url=BASE)

    def morning(self, at: datetime = TUESDAY) -> list[str]:
        """To whom a message goes at that time."""
        self.clock.set(at)
        before = len(self.mails())
        self.sweep()
        self.send()
        return sorted(str(one["To"]).partition("@")[0] for one in self.mails()[before:])

    def mails(self) -> list[EmailMessage]:
        folder = self.runtime.settings.data_dir / "outbox"
        paths = sorted(folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
        return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in paths]

    def text(self) -> str:
        """What the last message says."""
        body = self.mails()[-1].get_body(("plain",))
        assert body is not None
        return str(body.get_content())

    def decisions(self) -> list[tuple[str, str | None]]:
        with self.runtime.work(people.everything, writes=False) as w:
            rows = w.session.execute(
                select(delivery.c.decision, delivery.c.outcome)
                .where(delivery.c.recipient == "staff")
                .order_by(delivery.c.id)
            )
            return [(row.decision, row.outcome) for row in rows]


@pytest.fixture
def team(runtime: Runtime, clock: Clock, scopes: object) -> Team:
    return Team(runtime, clock)


def fails(team: Team, enrolled: Enrol, *, error: ChannelError) -> Participant:
    """A participant whose invitation today does not arrive."""
    person = enrolled(randomisation=team.clock.now.date())
    reminders.sweep(team.open_work)
    team.send(Provider([error]).channels())
    return person


def test_a_morning_with_something_to_say(team: Team, enrolled: Enrol) -> None:
    person = enrolled(contact=Contact(name="Very Secret", email="very.secret@example.org"))
    team.add("ann")
    assert team.morning() == ["ann"]
    assert team.mails()[-1]["Subject"] == "Overdue questionnaires: 1. Messages not delivered: 0"
    assert f"  {person.code}: " in team.text()
    assert ", 7 days" in team.text()
    assert f"{BASE}/staff/studies/scopes" in team.text()
    html = team.mails()[-1].get_body(("html",))
    assert html is not None
    assert f'<a href="{BASE}/staff/studies/scopes">' in str(html.get_content())
    assert not [word for word in ("Secret", "secret", "lower_extremity", "short") if word in team.text()]


@pytest.mark.parametrize("rows", [0, 1, 9])
def test_nothing_one_and_nine(rows: int, team: Team, enrolled: Enrol) -> None:
    """Failure row 22: with nothing to say nothing is sent, and that is on record."""
    for _ in range(rows):
        enrolled()
    team.add("ann")
    assert team.morning() == (["ann"] if rows else [])
    assert team.decisions() == ([("send", "sent")] if rows else [("nothing", None)])
    if rows:
        assert team.text().count("  NKI-") == rows


def test_one_digest_a_weekday_and_none_at_the_weekend(team: Team, enrolled: Enrol) -> None:
    enrolled()
    team.add("ann")
    told: dict[str, list[str]] = {}
    for hours in range(0, 7 * 24, 3):
        at = TUESDAY - timedelta(hours=6) + timedelta(hours=hours)
        if team.morning(at):
            told.setdefault(f"{at:%a}", []).append(f"{at:%H}")
    assert told == {day: ["06"] for day in ("Tue", "Wed", "Thu", "Fri", "Mon")}


@pytest.mark.parametrize("sweeps", [2, 3])
def test_two_schedulers_make_one_digest(sweeps: int, team: Team, enrolled: Enrol) -> None:
    """Failure row 2: two schedulers, or one restarting, sent everything twice. The key of the day decides."""
    enrolled()
    one = team.add("ann")
    team.clock.set(TUESDAY)
    for _ in range(sweeps):
        with team.open_work() as w:  # as if the row had not been moved on
            stored.plan_digests(w.session, {one: TUESDAY})
        assert team.sweep() == 1
    team.send()
    team.send()
    assert len(team.mails()) == 1
    assert team.decisions() == [("send", "sent")]


def test_what_is_done_by_the_time_it_goes_is_not_said(team: Team, enrolled: Enrol, runtime: Runtime) -> None:
    """Failure row 3: the state is looked at again under the claim."""
    person = enrolled()
    team.add("ann")
    team.clock.set(TUESDAY)
    team.sweep()
    with runtime.work(people.patient(person.id)) as w:
        responses.submit(w, assessment_id=assessment(runtime.work, person).id)
    team.send()
    assert team.mails() == []
    assert team.decisions() == [("nothing", None)]


def test_each_reads_of_their_own_site_in_their_own_language(team: Team, enrolled: Enrol) -> None:
    enrolled()
    enrolled("LUMC-001", site="lumc")
    for name, site in (("ann", "nki"), ("bob", "lumc"), ("cas", ""), ("dee", "other")):
        team.add(name, site=site, role="data_manager")
    for name, role in (("eve", "monitor"), ("fay", "statistician"), ("gus", "investigator")):
        team.add(name, role=role)
    with team.runtime.work(people.everything) as w:
        access.prefer(w, email="bob@example.org", language="nl")
    assert team.morning() == ["ann", "bob", "cas"]
    assert team.decisions() == [("send", "sent")] * 3
    texts = {str(one["To"]): str(one.get_body(("plain",)).get_content()) for one in team.mails()}  # type: ignore[union-attr]
    assert "NKI-001" in texts["ann@example.org"]
    assert "LUMC" not in texts["ann@example.org"]
    assert "NKI" not in texts["bob@example.org"]
    assert "Te laat:" in texts["bob@example.org"]
    assert "NKI-001" in texts["cas@example.org"]
    assert "LUMC-001" in texts["cas@example.org"]


def test_who_wants_no_digest_or_is_gone_gets_none_and_the_reason_is_kept(team: Team, enrolled: Enrol) -> None:
    enrolled()
    for name in ("ann", "bob", "cas"):
        team.add(name)
    with team.runtime.work(people.everything) as w:
        access.prefer(w, email="ann@example.org", wish="urgent")
    with team.runtime.work(people.everything) as w:
        access.disable_staff(w, email="bob@example.org")
    team.clock.set(TUESDAY)
    team.sweep()
    with team.runtime.work(people.everything) as w:
        access.disable_staff(w, email="cas@example.org")  # between the decision and the sending
    team.send()
    assert team.mails() == []
    assert sorted(team.decisions()) == [("disabled", None), ("opted_out", None)]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ChannelError("550", permanent=True), "could not be delivered"),
        (ChannelError("gone", uncertain=True), "nobody knows whether it arrived"),
    ],
)
def test_a_message_that_did_not_arrive_is_told_once(
    error: ChannelError, words: str, team: Team, enrolled: Enrol, clock: Clock
) -> None:
    team.add("ann")
    clock.set(datetime(2026, 1, 27, 12, tzinfo=UTC))
    person = fails(team, enrolled, error=error)
    assert team.morning(datetime(2026, 1, 28, 6, 30, tzinfo=UTC)) == ["ann"]
    assert f"  {person.code}: {words}" in team.text()
    assert team.morning(datetime(2026, 1, 29, 6, 30, tzinfo=UTC)) == []
    assert team.decisions() == [("send", "sent"), ("nothing", None)]


def test_what_a_lost_digest_said_is_said_again(team: Team, enrolled: Enrol, clock: Clock) -> None:
    team.add("ann")
    clock.set(datetime(2026, 1, 27, 12, tzinfo=UTC))
    person = fails(team, enrolled, error=ChannelError("550", permanent=True))
    clock.set(datetime(2026, 1, 28, 6, 30, tzinfo=UTC))
    team.sweep()
    team.send(Provider([ChannelError("550", permanent=True)]).channels())
    assert team.morning(datetime(2026, 1, 29, 6, 30, tzinfo=UTC)) == ["ann"]
    assert person.code in team.text()


def test_a_digest_arrives_over_smtp(team: Team, enrolled: Enrol, clock: Clock) -> None:
    enrolled()
    team.add("ann")
    clock.set(TUESDAY)
    team.sweep()
    settings = team.runtime.settings
    with postbox.running() as post:
        mailing = build(
            from_environment(
                {
                    "PRO_ENV": "test",
                    "PRO_DATA_DIR": str(settings.data_dir),
                    "PRO_DATABASE_URL": settings.database_url,
                    "PRO_SMTP_URL": post.url,
                }
            ),
            clock=clock,
        )
        team.send(dict(mailing.channels))
        mailing.engine.dispose()
        (arrived,) = post.to("ann@example.org")
    assert arrived["Auto-Submitted"] == "auto-generated"
    assert team.decisions() == [("send", "sent")]


def alert(team: Team, person: Participant, key: str = "1") -> int:
    with team.open_work() as w:
        return staff_messages.tell(
            w,
            occasion="alert",
            key=key,
            permission="scores.read",
            study_id=person.study_id,
            study="scopes",
            site=person.site,
            about={"participant": person.code},
        )


def test_what_is_urgent_goes_at_once_to_whom_it_concerns_and_once(team: Team, enrolled: Enrol, clock: Clock) -> None:
    person = enrolled()
    team.add("ann")
    team.add("bob", site="lumc")
    team.add("cas", role="investigator", site="")
    with team.runtime.work(people.everything) as w:
        access.prefer(w, email="cas@example.org", wish="urgent", language="nl")
    clock.set(datetime(2026, 1, 17, 22, tzinfo=UTC))  # a Saturday night
    assert alert(team, person) == 2
    assert alert(team, person) == 0
    team.send()
    assert sorted(str(one["To"]) for one in team.mails()) == ["ann@example.org", "cas@example.org"]
    assert {str(one["Subject"]) for one in team.mails()} == {
        f"Please look at participant {person.code}",
        f"Kijkt u alstublieft naar deelnemer {person.code}",
    }


def test_who_may_not_see_it_any_more_is_not_told(team: Team, enrolled: Enrol) -> None:
    person = enrolled()
    one = team.add("ann")
    alert(team, person)
    with team.runtime.work(people.everything) as w:
        stored.change(w.session, one, site="lumc")
        w.record(AuditEvent("staff.change", "staff", one))
    team.send()
    assert team.mails() == []
    assert team.decisions() == [("disabled", None)]


def test_choices_about_messages_are_checked_and_ones_own(team: Team) -> None:
    one = team.add("ann")
    ann = replace(people.coordinator_nki, id=str(one))
    with team.runtime.work(ann) as w:
        assert accounts.prefer(w, wish="none").wish == "none"
        assert accounts.prefer(w, language="nl").language == "nl"
        assert (accounts.own(w).wish, accounts.own(w).language) == ("none", "nl")
        with pytest.raises(Invalid):
            accounts.prefer(w, wish="some")
        with pytest.raises(Forbidden):
            accounts.prefer(w, email="ann@example.org", wish="all")
    with team.runtime.work(people.system) as w, pytest.raises(Forbidden):
        accounts.own(w)


def test_days_and_zones_follow_the_site(team: Team, enrolled: Enrol) -> None:
    """Summer time begins on Sunday 29 March: on the Monday half past seven comes an hour earlier."""
    team.clock.set(datetime(2026, 3, 23, 12, tzinfo=UTC))
    enrolled(randomisation=date(2026, 3, 9))  # the baseline is due on 16 March and overdue from the 24th on
    team.add("ann")
    instants = ("2026-03-27T06:29", "2026-03-27T06:30", "2026-03-30T05:29", "2026-03-30T05:30", "2026-03-30T06:30")
    told = [text for text in instants if team.morning(datetime.fromisoformat(f"{text}+00:00"))]
    assert told == ["2026-03-27T06:30", "2026-03-30T05:30"]

"""What people choose about messages, and what then arrives; on both databases. Guards row 6 of the known failures."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from sqlalchemy import Engine, select

from pro_service.domain.audit import Actor
from pro_service.domain.errors import Forbidden, Invalid, LinkUnknown, NotFound
from pro_service.domain.messages import Channel, Receipt
from pro_service.domain.participants import Contact, Participant
from pro_service.domain.preferences import STOPPED
from pro_service.runtime import Runtime
from pro_service.services import assessments, contacts, preferences
from pro_service.services.work import Work
from pro_service.storage.audit import audit_event
from tests.support import people
from tests.support.clock import Clock
from tests.support.post import Enrol, Post

Begin = Callable[..., AbstractContextManager[Work]]
BY_MAIL = {"email": Channel("email", lambda _message, _handing: Receipt(), deduplicates=False)}
BOTH = {**BY_MAIL, "sms": Channel("sms", lambda _message, _handing: Receipt(), deduplicates=False, address="phone")}


@pytest.fixture
def post(runtime: Runtime, clock: Clock) -> Post:
    return Post(runtime, clock)


def choose(work: Begin, person: Participant, actor: Actor | None = None, **choices: str | None) -> Participant:
    with work(actor or people.patient(person.id)) as w:
        return preferences.change(w, participant_id=person.id, channels=BY_MAIL, choices=choices)


def test_preferences_are_the_persons_own(work: Begin, enrolled: Enrol) -> None:
    anna, bob = enrolled(), enrolled()
    choose(work, anna, quiet_from="20:00", quiet_until="09:00")
    assert choose(work, anna, text_size="large").preferences == {
        "quiet_from": "20:00", "quiet_until": "09:00", "text_size": "large",
    }  # fmt: skip
    with work(people.patient(anna.id)) as w:
        assert preferences.change(w, participant_id=anna.id, channels={}, language="nl", choices={}).language == "nl"
    with pytest.raises(Invalid) as refusal, work(people.patient(anna.id)) as w:
        preferences.change(w, participant_id=anna.id, channels={}, language="fr", choices={"shoe_size": "41"})
    assert [problem.field for problem in refusal.value.problems] == ["shoe_size", "language"]
    with pytest.raises(NotFound):
        choose(work, bob, people.patient(anna.id), reminder="no")


def test_staff_choose_on_behalf_of_those_at_their_site(work: Begin, enrolled: Enrol, engine: Engine) -> None:
    anna, far = enrolled(), enrolled(site="lumc")
    assert choose(work, anna, people.coordinator_nki, reminder="no").preferences == {"reminder": "no"}
    with pytest.raises(NotFound):
        choose(work, far, people.coordinator_nki, reminder="no")
    with pytest.raises(Forbidden):
        choose(work, anna, people.investigator, reminder="no")
    with engine.connect() as connection:
        line = connection.execute(select(audit_event).where(audit_event.c.action == "participant.prefer")).one()
    assert (line.actor_id, line.changes) == ("coordinator-nki", {"preferences.reminder": [None, "no"]})


def test_a_channel_needs_its_address(work: Begin, enrolled: Enrol) -> None:
    anna = enrolled()
    with work(people.patient(anna.id)) as w:
        assert preferences.offered(w, participant_id=anna.id, channels=BOTH) == ("email",)
        with pytest.raises(Invalid, match="channel: there is no address"):
            preferences.change(w, participant_id=anna.id, channels=BOTH, choices={"channel": "sms"})
    with work() as w:
        contacts.save(w, participant_id=anna.id, contact=Contact(email="a@example.org", phone="06 12345678"))
    with work(people.patient(anna.id)) as w:
        preferences.change(w, participant_id=anna.id, channels=BOTH, choices={"channel": "sms"})


def test_a_pause_holds_messages_back_until_the_morning_after_and_says_so(
    post: Post, work: Begin, enrolled: Enrol
) -> None:
    person = enrolled()
    choose(work, person, paused_until="2026-01-16")
    post.tick()
    post.until("2026-01-20")
    assert post.outbox == ["01-17 09:00", "01-19 09:00"]
    assert post.why(person, date(2026, 1, 12)) == ["paused"]


def test_a_pause_that_begins_while_a_message_waits_holds_that_one_too(post: Post, work: Begin, enrolled: Enrol) -> None:
    person = enrolled()
    post.sweep()
    choose(work, person, paused_until="2026-01-13")
    post.send()
    assert post.mails() == []
    post.until("2026-01-14", hour=10)
    assert post.outbox == ["01-14 09:00"]


def test_a_pause_that_ends_early_lets_messages_go_at_once(
    post: Post, work: Begin, enrolled: Enrol, clock: Clock
) -> None:
    first, second = enrolled(), enrolled()
    post.sweep()  # decided for the first person before the pause, held back when it is to be sent
    choose(work, first, paused_until="2026-01-30")
    choose(work, second, paused_until="2026-01-30")
    post.send()
    clock.set(datetime(2026, 1, 14, 9, 0, tzinfo=UTC))
    post.tick()
    assert post.mails() == []
    choose(work, first, paused_until=None)
    choose(work, second, paused_until=None)
    post.tick()
    assert post.outbox == ["01-14 09:00", "01-14 09:00"]


def test_somebody_without_invitations_gets_reminders_and_the_other_way_round(
    post: Post, work: Begin, enrolled: Enrol
) -> None:
    no_invitation, no_reminder = enrolled(), enrolled()
    choose(work, no_invitation, invitation="no")
    choose(work, no_reminder, reminder="no")
    post.tick()
    post.until("2026-01-20")
    assert post.why(no_invitation, date(2026, 1, 12)) == ["opted_out"]
    assert post.why(no_invitation, date(2026, 1, 15)) == ["send sent"]
    assert post.why(no_reminder, date(2026, 1, 12)) == ["send sent"]
    assert post.why(no_reminder, date(2026, 1, 15)) == ["opted_out"]
    assert post.why(no_reminder, date(2026, 1, 19)) == ["opted_out"]


def test_the_link_of_a_message_chooses_for_its_person_and_for_nothing_else(work: Begin, enrolled: Enrol) -> None:
    person = enrolled()
    with work() as w:
        token = preferences.token(w, participant_id=person.id)
        assert token == preferences.token(w, participant_id=person.id)
        chooser = preferences.chooser(w, token=token)
    assert chooser.id == str(person.id)
    for _ in range(3):  # replayed, it is harmless
        assert choose(work, person, chooser, invitation="no", reminder="no").preferences == STOPPED
    with work(chooser) as w, pytest.raises(Forbidden):
        contacts.read(w, participant_id=person.id)


@pytest.mark.parametrize("token", ["", "x", "forged", "é", "A" * 43, "A" * 4000, "\0"])
def test_a_forged_link_is_unknown(work: Begin, token: str) -> None:
    with work() as w, pytest.raises(LinkUnknown):
        preferences.chooser(w, token=token)


def test_a_link_to_somebody_who_is_not_here_is_unknown(work: Begin, enrolled: Enrol) -> None:
    mine = enrolled()
    with work() as w:
        with pytest.raises(LinkUnknown):
            preferences.chooser(w, token=preferences.token(w, participant_id=uuid4()))
        token = preferences.token(w, participant_id=mine.id)
        with pytest.raises(LinkUnknown):
            preferences.chooser(w, token=token[:-4] + ("AAAA" if not token.endswith("AAAA") else "BBBB"))


def test_choosing_moves_no_assessment(work: Begin, enrolled: Enrol, post: Post) -> None:
    """Turning messages off is not leaving the study."""
    person = enrolled()

    def windows() -> list[tuple[object, ...]]:
        with work() as w:
            views = assessments.listing(w, participant_id=person.id)
        return [(v.assessment.id, v.assessment.opens_at, v.assessment.closes_at, v.status) for v in views]

    before = windows()
    choose(work, person, invitation="no", reminder="no")
    post.tick()
    choose(work, person, paused_until="2026-02-01")
    assert windows() == before


def test_the_language_is_that_of_the_moment_of_sending_for_each_person(
    post: Post, work: Begin, enrolled: Enrol
) -> None:
    """Failure rows 24 and 26: no text is kept, neither the words of another language nor those of an earlier day."""
    anna, _bob, _cor = enrolled(language="en"), enrolled(language="nl"), enrolled(language="en")
    post.sweep()
    with work(people.patient(anna.id)) as w:
        preferences.change(w, participant_id=anna.id, channels=BY_MAIL, language="nl", choices={})
    post.send()
    assert sorted(mail.split(",")[0] for mail in post.mails()) == ["Goedendag", "Goedendag", "Hello"]


def test_nobody_who_opted_out_or_paused_meanwhile_is_written_to(post: Post, work: Begin, enrolled: Enrol) -> None:
    """Failure row 6: asked again right before sending, whatever was decided before."""
    stops, pauses, unsubscribes, stays = (enrolled() for _ in range(4))
    post.sweep()
    choose(work, stops, channel="none")
    choose(work, pauses, paused_until="2026-01-14")
    choose(work, unsubscribes, invitation="no", reminder="no")
    post.send()
    assert [post.why(one) for one in (stops, pauses, unsubscribes, stays)] == [
        ["opted_out"], ["paused"], ["opted_out"], ["send sent"],
    ]  # fmt: skip

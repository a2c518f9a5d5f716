"""What other systems are told: each thing once, nothing that did not happen, nothing left out, codes and ids only."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from pro_service.domain.audit import AuditEvent
from pro_service.domain.instruments import Answer
from pro_service.domain.participants import Contact, Participant
from pro_service.domain.responses import Draft
from pro_service.runtime import Runtime
from pro_service.services import assessments, audit, events, news, responses, scores
from pro_service.services.work import Work
from pro_service.storage.deliveries import delivery
from pro_service.storage.metadata import new_id
from tests.services.forms import QLQ, THIRTY, assessment
from tests.support import endpoint, people
from tests.support.clock import Clock
from tests.support.teller import Teller, teller

Enrol = Callable[..., Participant]


@pytest.fixture
def told(runtime: Runtime, clock: Clock, scopes: object) -> Iterator[Teller]:
    """An endpoint of SCOPES that asks for everything."""
    with endpoint.listening() as other:
        yield teller(runtime, clock, other)


def _submit(told: Teller, person: Participant, answers: dict[str, Answer] | None = None) -> None:
    with told.runtime.work(people.patient(person.id)) as w:
        drafts = {QLQ: Draft(answers)} if answers else {}
        responses.submit(w, assessment_id=_baseline(w, person), drafts=drafts)


def _baseline(w: Work, person: Participant) -> UUID:
    views = assessments.listing(w, participant_id=person.id)
    return next(view.assessment.id for view in views if view.assessment.timepoint == "baseline")


def _event(told: Teller, person: Participant, kind: str, on: date | None, **more: object) -> None:
    with told.runtime.work(people.everything) as w:
        events.record(w, participant_id=person.id, kind=kind, on=on, **more)  # type: ignore[arg-type]  # by name


def test_a_life_in_a_trial_as_another_system_hears_it(told: Teller, enrolled: Enrol, clock: Clock) -> None:
    person = enrolled()
    assert told.tick() == ["event.changed", "assessment.opened"]  # randomised today: the baseline is open at once
    _submit(told, person, THIRTY)
    with told.open_work() as w:
        scores.score_pending(w)
    assert told.tick() == ["assessment.submitted", "score.computed"]
    _event(told, person, "surgery", date(2026, 2, 20), actual=False)
    assert told.tick() == ["event.changed"]
    clock.set(datetime(2026, 2, 12, 22, 59, tzinfo=UTC))
    assert told.tick() == []
    clock.set(datetime(2026, 2, 12, 23, 0, tzinfo=UTC))  # midnight in Amsterdam
    assert told.tick() == ["assessment.opened"]
    assert told.data()["timepoint"] == "before_surgery"
    clock.set(datetime(2026, 2, 19, 23, 59, tzinfo=UTC))  # closed for less than the hour of grace
    assert "assessment.missed" not in told.tick()
    clock.set(datetime(2026, 2, 20, 0, 0, tzinfo=UTC))
    assert told.tick() == ["assessment.missed"]
    assert (told.data()["timepoint"], told.data()["status"]) == ("before_surgery", "missed")
    _event(told, person, "withdrawal", date(2026, 2, 20))
    assert sorted(told.tick()) == ["event.changed", "participant.withdrawn"]
    clock.advance(days=800)
    assert told.tick() == []  # whoever has withdrawn is asked, and misses, nothing more


def test_messages_hold_codes_and_ids_and_nothing_else(told: Teller, enrolled: Enrol) -> None:
    person = enrolled(contact=Contact(name="Very Secret", email="very.secret@example.org", phone="+31612345678"))
    _submit(told, person, {**THIRTY, "q30": 7})
    with told.open_work() as w:
        scores.score_pending(w)
    _event(told, person, "progression", date(2026, 1, 12))
    _event(told, person, "withdrawal", date(2026, 1, 12))
    told.tick()
    allowed = {"study", "site", "participant", "participant_id", "assessment_id", "timepoint", "event_id", "instrument"}
    for one in told.endpoint.told:
        assert set(one.content) == {"type", "timestamp", "data"}
        assert set(one.content["data"]) <= allowed | {"response_id", "score_set_id", "status"}
        assert one.signed_with(told.secret)
        assert one.content["data"]["participant"] == person.code
    everything = json.dumps([one.content for one in told.endpoint.told])
    assert not [word for word in ("ecret", "12345", "progression", "short", "lower_extremity") if word in everything]


def test_nothing_that_was_rolled_back_is_told(told: Teller, enrolled: Enrol) -> None:
    person = enrolled()
    told.tick()
    with suppress(ZeroDivisionError), told.runtime.work(people.patient(person.id)) as w:
        responses.submit(w, assessment_id=_baseline(w, person))
        raise ZeroDivisionError
    assert told.tick() == []


def test_what_is_not_sealed_yet_is_told_later_and_not_passed_by(told: Teller, enrolled: Enrol) -> None:
    """A line that is written is final only under a seal: another with a lower id may still be on its way."""
    told.tick()
    person = enrolled()
    _submit(told, person)
    assert news.sweep(told.open_work) == 0
    assert sorted(told.tick()) == ["assessment.opened", "assessment.submitted", "event.changed"]


def test_a_line_that_commits_late_is_not_passed_by(told: Teller, enrolled: Enrol) -> None:
    """On PostgreSQL an id is drawn before its transaction commits: here the lower one is committed last."""
    if told.runtime.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    slow, quick = enrolled(), enrolled()
    told.change(events=["alert.raised"])
    told.tick()
    with told.open_work() as late:
        late.record(_alert(slow))  # the lower id is drawn here
        with told.open_work() as w:
            w.record(_alert(quick))
        assert told.tick() == []  # committed, but not final: the lower one may still come
    assert told.tick() == ["alert.raised"] * 2
    assert [one.content["data"]["participant"] for one in told.endpoint.told] == [slow.code, quick.code]


def _alert(person: Participant) -> AuditEvent:
    return AuditEvent(
        "alert.raise",
        "alert",
        new_id(),
        {"severity": (None, "high")},
        study_id=person.study_id,
        participant_id=person.id,
    )


def test_an_endpoint_is_told_what_happens_from_now_on(
    runtime: Runtime, clock: Clock, enrolled: Enrol, scopes: object
) -> None:
    enrolled()
    clock.advance(minutes=1)
    with endpoint.listening() as other:
        late = teller(runtime, clock, other)
        assert late.tick() == []


@pytest.mark.parametrize("readers", [2, 3])
def test_two_schedulers_tell_once(readers: int, told: Teller, enrolled: Enrol) -> None:
    """Failure row 2: two schedulers, or one restarting, sent everything twice."""
    enrolled()
    counts = [told.tell() for _ in range(readers)]
    assert counts == [2] + [0] * (readers - 1)
    told.send()
    told.send()
    assert sorted(told.endpoint.types()) == ["assessment.opened", "event.changed"]


def test_a_reader_that_dies_before_its_commit_has_told_nothing_and_passed_nothing(
    told: Teller, enrolled: Enrol
) -> None:
    """Failure row 3: what runs again looks at the state under its claim, and does the rest."""
    enrolled()
    with told.open_work() as w:
        audit.seal(w)
    with suppress(KeyboardInterrupt), told.open_work() as w:
        assert news._tell_some(w, told.webhook.id)[0] == 2
        raise KeyboardInterrupt  # the process dies here
    assert told.tick() == ["event.changed", "assessment.opened"]


def test_many_things_are_told_in_portions_and_each_once(
    told: Teller, enrolled: Enrol, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows that open at the very same midnight are told apart by their ids, wherever a portion ends."""
    monkeypatch.setattr(news, "LIMIT", 2)
    monkeypatch.setattr(news, "STRETCH", 3)
    people_ = [enrolled() for _ in range(5)]
    told.change(events=["assessment.opened"])
    assert told.tick() == ["assessment.opened"] * 5
    assert {one.content["data"]["participant"] for one in told.endpoint.told} == {one.code for one in people_}
    assert told.tick() == []


def test_a_window_moved_into_the_past_is_told_all_the_same(told: Teller, enrolled: Enrol, clock: Clock) -> None:
    """The reader of time is past that instant; the change on record says so."""
    person = enrolled()
    told.tick()
    clock.set(datetime(2026, 3, 10, 12, tzinfo=UTC))
    told.tick()  # the baseline was missed
    _event(told, person, "surgery", date(2026, 3, 1))  # nine days ago: before_surgery is over, postop_30d not yet open
    assert told.tick() == ["event.changed", "assessment.missed"]
    assert told.data()["timepoint"] == "before_surgery"
    _event(told, person, "surgery", date(2026, 2, 10), reason="typed wrongly")  # postop_30d has opened on 5 March
    assert told.tick() == ["event.changed", "assessment.opened"]
    assert told.data()["timepoint"] == "postop_30d"


def test_each_window_opens_once_however_often_it_is_moved(told: Teller, enrolled: Enrol, clock: Clock) -> None:
    person = enrolled()
    told.tick()
    _event(told, person, "randomisation", date(2026, 1, 11), reason="a day earlier")
    _event(told, person, "randomisation", date(2026, 1, 12), reason="it was right before")
    clock.advance(days=3)
    assert told.tick() == ["event.changed"] * 2


@pytest.mark.parametrize(
    ("steps", "withdrawals"),
    [
        ([(date(2026, 1, 12), True)], 1),
        ([(date(2026, 2, 1), False)], 0),  # planned: not yet
        ([(date(2026, 2, 1), False), (date(2026, 1, 12), True)], 1),
        ([(date(2026, 1, 12), True), (date(2026, 1, 11), True)], 1),  # the date was corrected
        ([(date(2026, 1, 12), True), (None, None)], 1),  # taken back: that is a changed event
        ([(date(2026, 1, 12), True), (None, None), (date(2026, 1, 12), True)], 2),
    ],
)
def test_when_somebody_counts_as_withdrawn(
    steps: list[tuple[date | None, bool | None]], withdrawals: int, told: Teller, enrolled: Enrol
) -> None:
    person = enrolled()
    told.change(events=["participant.withdrawn"])
    for on, actual in steps:
        _event(told, person, "withdrawal", on, actual=actual, reason="as the file says")
    assert told.tick() == ["participant.withdrawn"] * withdrawals


def test_begun_and_never_submitted_is_missed_as_partial(told: Teller, enrolled: Enrol, clock: Clock) -> None:
    person = enrolled()
    with told.runtime.work(people.patient(person.id)) as w:
        form = _baseline(w, person)
        responses.save(w, assessment_id=form, instrument=QLQ, answers={"q1": 2}, revision=0)
    told.change(events=["assessment.missed"])
    clock.set(datetime(2026, 3, 1, 12, tzinfo=UTC))
    assert told.tick() == ["assessment.missed"]
    assert told.data()["status"] == "partial"


def test_an_alert_on_record_is_told_by_its_id(told: Teller, enrolled: Enrol) -> None:
    raised = _alert(enrolled())
    told.change(events=["alert.raised"])
    with told.open_work() as w:
        w.record(raised)
    assert told.tick() == ["alert.raised"]
    assert told.data()["alert_id"] == str(raised.subject_id)
    assert "severity" not in told.data()


def test_what_an_endpoint_asks_for_newly_it_is_told_from_now_on(told: Teller, enrolled: Enrol, clock: Clock) -> None:
    told.change(events=["alert.raised"])
    enrolled()
    assert told.tick() == []
    clock.advance(days=1)
    told.change(events=["alert.raised", "assessment.opened"])
    assert told.tick() == []
    enrolled(randomisation=date(2026, 1, 13))
    assert told.tick() == ["assessment.opened"]


def test_one_site_is_told_of_its_own(runtime: Runtime, clock: Clock, enrolled: Enrol, scopes: object) -> None:
    with endpoint.listening() as other:
        told = teller(runtime, clock, other, site="lumc")
        enrolled()
        _submit(told, enrolled("LUMC-1", site="lumc"), THIRTY)
        with told.open_work() as w:
            scores.score_pending(w)
        assert sorted(told.tick()) == ["assessment.opened", "assessment.submitted", "event.changed", "score.computed"]
        assert {one.content["data"]["participant"] for one in other.told} == {"LUMC-1"}


def test_a_submission_costs_no_statement_more_and_writes_no_row_for_a_webhook(
    told: Teller, enrolled: Enrol, work: Callable[..., AbstractContextManager[Work]]
) -> None:
    """The fastest path of the system knows nothing of webhooks: they are read off the trail afterwards."""
    person = enrolled()
    told.tick()
    with told.runtime.work(people.everything, writes=False) as w:
        before = len(w.session.execute(select(delivery)).all())
    _submit(told, person, THIRTY)
    with told.runtime.work(people.everything, writes=False) as w:
        assert len(w.session.execute(select(delivery)).all()) == before
    assert assessment(work, person).submitted_at is not None
    assert told.tick() == ["assessment.submitted"]


def test_timestamps_say_when_it_happened_not_when_it_was_told(told: Teller, enrolled: Enrol, clock: Clock) -> None:
    enrolled()
    clock.advance(hours=5)
    told.tick()
    stamps = {one.content["type"]: one.content["timestamp"] for one in told.endpoint.told}
    assert stamps == {"event.changed": "2026-01-12T09:00:00Z", "assessment.opened": "2026-01-11T23:00:00Z"}
    assert clock.now - timedelta(hours=5) == datetime(2026, 1, 12, 9, tzinfo=UTC)

"""A cohort that lives through SCOPES in memory: who is in it, and what it hears, in every zone and at any hour."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pro_service.domain.assessments import Status, status
from pro_service.domain.cohort import Dice
from pro_service.domain.errors import Invalid
from pro_service.domain.protocol import EventKind, ReminderRule, Study
from pro_service.domain.reminders import Kind
from pro_service.domain.simulation import FAR, Lived, Period, lives
from pro_service.studies.reader import read, shipped
from tests.domain.protocols import study as tiny
from tests.domain.protocols import timepoint

PERIOD = Period(datetime(2024, 7, 2, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
DEEDS = {PERIOD.enrols, PERIOD.records}
"""Whatever falls due the moment it is written down goes out then, not at ten."""

CLOCK_CHANGES = {
    "Europe/Amsterdam": [date(2025, 3, 30), date(2025, 10, 26)],
    "America/New_York": [date(2025, 3, 9), date(2025, 11, 2)],
    "Australia/Lord_Howe": [date(2025, 4, 6), date(2025, 10, 5)],
    "Pacific/Auckland": [date(2025, 4, 6), date(2025, 9, 28)],
}


def dice(seed: int) -> Dice:
    return lambda *words: Random(f"{seed}:{words}")


@pytest.fixture(scope="module")
def scopes() -> Study:
    text, path = shipped("scopes")
    return read(text, file=path, catalogue_codes=None)


def cohort(study: Study, participants: int, seed: int = 1, period: Period = PERIOD) -> list[Lived]:
    return list(lives(study, participants=participants, period=period, dice=dice(seed)))


@pytest.fixture(scope="module")
def everybody(scopes: Study) -> list[Lived]:
    return cohort(scopes, 400)


def sent(lived: Lived) -> list[datetime]:
    return [one.sent_at for one in lived.deliveries if one.sent_at is not None]


@pytest.mark.parametrize("zone", CLOCK_CHANGES)
def test_ten_o_clock_stays_ten_o_clock_in_every_zone_of_the_cohort(everybody: list[Lived], zone: str) -> None:
    """Failure row 9: in the fortnights before and after both clock changes, whatever they do to UTC."""
    heard = defaultdict(set)
    for lived in everybody:
        if lived.person.timezone != zone or lived.person.preferences:
            continue
        waited = {one.local_day for one in lived.deliveries if one.decision is Kind.QUIET_HOURS}
        for at in sent(lived):
            local = at.astimezone(ZoneInfo(zone))
            if waited & {local.date(), local.date() - timedelta(days=1)}:
                continue  # written down at night there, said at eight
            for change in CLOCK_CHANGES[zone]:
                if abs(local.date() - change) <= timedelta(days=14) and at.time() not in DEEDS:
                    heard[change, local.date() >= change].add((local.time(), at.time()))
    assert len(heard) == 4, "somebody hears before and after each change"
    assert {local for times in heard.values() for local, _ in times} == {time(10)}
    for change in CLOCK_CHANGES[zone]:
        assert heard[change, False] != heard[change, True], "in UTC it is another time"


def test_nobody_is_disturbed_at_night_twice_a_day_or_outside_the_window(everybody: list[Lived]) -> None:
    """Failure row 12: each of four hundred people hears at most once a day, between eight and nine in the evening."""
    for lived in everybody:
        local = [at.astimezone(ZoneInfo(lived.person.timezone)) for at in sent(lived)]
        assert len({at.date() for at in local}) == len(local)
        assert all(time(8) <= at.time() < time(21) for at in local)
        if lived.person.preferences.get("quiet_until"):
            assert all(time(11, 30) <= at.time() < time(18) for at in local)


def test_nobody_who_left_died_or_wants_no_messages_hears_anything(everybody: list[Lived]) -> None:
    """Failure row 6: counted over the whole cohort, from the day it was written down."""
    stopped = silent = 0
    for lived in everybody:
        ends = [one for one in lived.records if one.kind in {"withdrawal", "death"}]
        stopped += len(ends)
        assert all(at < one.recorded_at for one in ends for at in sent(lived))
        if lived.person.preferences.get("channel") == "none":
            silent += 1
            assert sent(lived) == []
            assert {one.decision for one in lived.deliveries} <= {Kind.OPTED_OUT, Kind.SUPERSEDED}
    assert (stopped, silent) == (40, 29)


def test_what_people_chose_is_kept_to(everybody: list[Lived]) -> None:
    """Some want invitations alone; some are away for a hundred days, and hear on the morning after."""
    for lived in everybody:
        zone = ZoneInfo(lived.person.timezone)
        if lived.person.preferences.get("reminder") == "no":
            assert {one.occasion for one in lived.deliveries if one.outcome == "sent"} == {"invitation"}
        if last := lived.person.preferences.get("paused_until"):
            assert all(at.astimezone(zone).date().isoformat() > last for at in sent(lived))
            assert Kind.PAUSED in {one.decision for one in lived.deliveries}


def test_every_decision_has_its_reason(everybody: list[Lived]) -> None:
    """Failure row 7: whatever was decided, sent or not, it is on record why."""
    said = [one for lived in everybody for one in lived.deliveries]
    assert {one.decision for one in said} >= {Kind.SEND, Kind.BUNDLED, Kind.SUPERSEDED, Kind.QUIET_HOURS}
    assert all(one.reason for one in said)


def test_told_weeks_late_makes_one_message_and_the_rest_is_on_record(everybody: list[Lived]) -> None:
    """Failure row 11: what fell due meanwhile is superseded, and nothing is sent twice at one instant."""
    late = [lived for lived in everybody if any(one.decision is Kind.SUPERSEDED for one in lived.deliveries)]
    assert late
    for lived in late:
        times = [one.decided_at for one in lived.deliveries if one.decision is Kind.SUPERSEDED]
        assert all(sum(at == told for at in sent(lived)) <= 1 for told in times)
    for lived in everybody:
        assert len(set(sent(lived))) == len(sent(lived))


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    after=st.sets(st.integers(1, 40), max_size=9),
    before=st.sets(st.integers(1, 40), max_size=9),
    at=st.times(time(8), time(20, 59)),
)
def test_repeated_reminders_are_distinct_increasing_and_inside_the_window(
    seed: int, after: set[int], before: set[int], at: time
) -> None:
    """Failure row 11: however often a reminder repeats, for people of every zone and fate."""
    rule = ReminderRule(at=at.replace(microsecond=0), after_open=tuple(after), before_close=tuple(before))
    study = replace(tiny(timepoint("visit", opens=-10, closes=20)), reminders=rule)
    study = replace(study, events=(EventKind("randomisation", {}, required=True), *study.events[1:]))
    for lived in cohort(study, 24, seed):
        (visit,) = lived.assessments
        times = sent(lived)
        assert times == sorted(set(times))
        if visit.opens_at and visit.closes_at:
            assert all(visit.opens_at <= at < visit.closes_at for at in times)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), targets=st.lists(st.integers(1, 12), min_size=2, max_size=6))
def test_however_many_forms_are_due_on_a_day_one_message_speaks_of_all(seed: int, targets: list[int]) -> None:
    """Failure row 12: none is lost, and nobody hears twice a day."""
    visits = [timepoint(f"visit_{n}", target=target, closes=9) for n, target in enumerate(targets)]
    study = replace(tiny(*visits), reminders=ReminderRule(after_open=(3,), before_close=()))
    study = replace(study, events=(EventKind("randomisation", {}, required=True), *study.events[1:]))
    for lived in cohort(study, 16, seed):
        zone = ZoneInfo(lived.person.timezone)
        assert len({at.astimezone(zone).date() for at in sent(lived)}) == len(sent(lived))
        told = {each for one in lived.deliveries if one.outcome == "sent" for each in one.assessment_ids}
        if not lived.person.preferences:
            assert all(one.id in told for one in lived.assessments if status(one, FAR) is Status.MISSED)


@pytest.mark.parametrize("hour", [6, 9, 12, 15, 18, 19, 20, 21, 22, 23])
def test_at_whatever_hour_people_are_enrolled_nobody_is_written_to_at_night(scopes: Study, hour: int) -> None:
    """Failure row 13: the hour at which staff work moves messages to the morning, and loses none."""
    period = replace(PERIOD, enrols=time(hour, 30), records=time(hour, 45))
    for lived in islice(lives(scopes, participants=14, period=period, dice=dice(4)), 12):
        local = [at.astimezone(ZoneInfo(lived.person.timezone)).time() for at in sent(lived)]
        assert local, "everybody hears something"
        assert all(time(8) <= at < time(21) for at in local)


@pytest.mark.parametrize("participants", [0, 1, 9])
def test_none_one_and_nine_people(scopes: Study, participants: int) -> None:
    """Failure row 22: few people are people too."""
    found = cohort(scopes, participants)
    assert [lived.number for lived in found] == list(range(participants))
    assert all(len(lived.assessments) == len(scopes.timepoints) for lived in found)


def test_a_seed_means_a_cohort_and_one_life_does_not_depend_on_how_many_others_there_are(scopes: Study) -> None:
    assert cohort(scopes, 5, seed=3) == cohort(scopes, 5, seed=3)
    assert cohort(scopes, 5, seed=3) != cohort(scopes, 5, seed=4)
    one = next(lives(scopes, participants=10_000, period=PERIOD, dice=dice(3)))
    assert one.person.health == cohort(scopes, 5, seed=3)[0].person.health


def test_without_an_end_everything_is_over(scopes: Study, everybody: list[Lived]) -> None:
    states = {status(one, FAR) for lived in everybody for one in lived.assessments}
    assert states == {Status.SUBMITTED, Status.PARTIAL, Status.MISSED, Status.CANCELLED, Status.WAITING}
    end = datetime(2025, 6, 1, tzinfo=UTC)
    some = cohort(scopes, 40, period=replace(PERIOD, end=end, until=end))
    assert {Status.PLANNED, Status.OPEN} & {status(one, end) for lived in some for one in lived.assessments}
    assert all(one.decided_at <= end for lived in some for one in lived.deliveries)


def test_a_study_nobody_can_be_enrolled_in() -> None:
    """Whatever makes the service refuse an enrolment makes the simulation refuse it."""
    born_later = replace(tiny(timepoint()), born_on=date(2030, 1, 1))
    study = replace(born_later, events=(EventKind("randomisation", {}, required=True), *born_later.events[1:]))
    with pytest.raises(Invalid, match="nobody can be enrolled"):
        cohort(study, 1)

"""When messages are due, and the one decision about sending them: tables of cases, and properties.

Guards rows 1, 6, 7, 9, 11 and 12 of the known failures: nothing is left to a delayed task, nobody is written to who may
not be, every decision has a reason, clock changes move nothing, and messages never fall on one instant.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro_service.domain.assessments import Assessment
from pro_service.domain.protocol import ReminderRule
from pro_service.domain.reminders import (
    Decision,
    Kind,
    Person,
    ask_again,
    bundle,
    decide,
    first_due,
    instants,
    local_day,
    next_due,
    quiet_spans,
    quiet_until,
    rulings,
)

AMSTERDAM = "Europe/Amsterdam"
ZONES = [AMSTERDAM, "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "America/Havana", "Pacific/Apia", "UTC"]
RULE = ReminderRule()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(text: str, zone: str = AMSTERDAM) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def window(first: str, last: str, zone: str = AMSTERDAM) -> tuple[datetime, datetime]:
    """Open from 00:00 of the first day until 24:00 of the last."""
    closes = datetime.fromisoformat(last).replace(tzinfo=ZoneInfo(zone)) + timedelta(days=1)
    return local(first, zone), closes.astimezone(UTC)


BASELINE = Assessment(
    id=UUID(int=1), participant_id=UUID(int=9), timepoint="baseline", occurrence=1, anchor="randomisation",
    anchor_on=date(2026, 1, 12), target_on=date(2026, 1, 19), opens_at=window("2026-01-12", "2026-01-26")[0],
    due_at=at("2026-01-19T23:00"), closes_at=window("2026-01-12", "2026-01-26")[1], instruments=("qlq-c30",),
)  # fmt: skip
PERSON = Person(timezone=AMSTERDAM)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        pytest.param("2026-01-12", "2026-01-26", ["01-12", "01-15", "01-19", "01-24"], id="baseline, capped"),
        pytest.param("2026-02-13", "2026-02-19", ["02-13", "02-16", "02-17"], id="before surgery: a week"),
        pytest.param("2026-02-12", "2026-02-14", ["02-12"], id="two days before closing is the first day"),
        pytest.param("2026-02-12", "2026-02-12", ["02-12"], id="one day"),
        pytest.param("2026-02-12", "2026-02-15", ["02-12", "02-13", "02-15"], id="reminder on the last day"),
        pytest.param("2026-03-29", "2026-05-10", ["03-29", "04-01", "04-05", "05-08"], id="opens as summer begins"),
        pytest.param("2026-10-18", "2026-10-27", ["10-18", "10-21", "10-25"], id="summer ends on a reminder's day"),
    ],
)
def test_messages_are_due_at_ten_on_these_days(first: str, last: str, expected: list[str]) -> None:
    due = instants(RULE, *window(first, last), AMSTERDAM)
    assert [f"{t.astimezone(ZoneInfo(AMSTERDAM)):%m-%d %H:%M}" for t in due] == [f"{day} 10:00" for day in expected]


@pytest.mark.parametrize(
    ("zone", "day", "expected"),
    [
        (AMSTERDAM, "2026-03-28", "2026-03-28T09:00"),
        (AMSTERDAM, "2026-03-29", "2026-03-29T08:00"),
        (AMSTERDAM, "2026-10-24", "2026-10-24T08:00"),
        (AMSTERDAM, "2026-10-25", "2026-10-25T09:00"),
        ("America/New_York", "2026-03-07", "2026-03-07T15:00"),
        ("America/New_York", "2026-03-08", "2026-03-08T14:00"),
        ("Australia/Lord_Howe", "2026-04-04", "2026-04-03T23:00"),
        ("Australia/Lord_Howe", "2026-04-05", "2026-04-04T23:30"),
    ],
)
def test_ten_o_clock_stays_ten_o_clock_across_a_clock_change(zone: str, day: str, expected: str) -> None:
    assert first_due(RULE, *window(day, day, zone), zone) == at(expected)


def test_a_window_shorter_than_a_morning_is_invited_to_as_it_opens() -> None:
    opens, closes = local("2026-01-12T11:00"), local("2026-01-12T18:00")
    assert instants(RULE, opens, closes, AMSTERDAM) == (opens,)


@pytest.mark.parametrize("dates", [(None, None), (at("2026-01-12T00:00"), None), (at("2026-01-12T00:00"),) * 2])
def test_without_a_window_nothing_is_due(dates: tuple[datetime | None, datetime | None]) -> None:
    assert first_due(RULE, *dates, AMSTERDAM) is None


windows = st.tuples(
    st.integers(0, 18 * 365 * 24 * 60).map(lambda minutes: at("2011-12-01") + timedelta(minutes=minutes)),
    st.timedeltas(timedelta(minutes=1), timedelta(days=120)),
).map(lambda pair: (pair[0], pair[0] + pair[1]))
rules = st.builds(
    ReminderRule,
    at=st.times(),
    after_open=st.lists(st.integers(0, 90), max_size=6).map(tuple),
    before_close=st.lists(st.integers(0, 90), max_size=6).map(tuple),
)


@given(rules, windows, st.sampled_from(ZONES))
def test_messages_are_distinct_increasing_and_inside_the_window(
    rule: ReminderRule, span: tuple[datetime, datetime], zone: str
) -> None:
    due = instants(rule, *span, zone)
    assert due
    assert list(due) == sorted(set(due))
    assert all(span[0] <= t < span[1] for t in due)
    assert len({local_day(t, zone) for t in due}) == len(due)


@given(rules, windows, st.sampled_from(ZONES))
def test_next_due_walks_through_all_of_them_and_stops(
    rule: ReminderRule, span: tuple[datetime, datetime], zone: str
) -> None:
    walked = [first_due(rule, *span, zone)]
    while (last := walked[-1]) is not None:
        walked.append(next_due(rule, *span, zone, after=last))
    assert tuple(walked[:-1]) == instants(rule, *span, zone)


@pytest.mark.parametrize(
    ("now", "preferences", "until"),
    [
        ("2026-01-12T20:59", {}, None),
        ("2026-01-12T21:00", {}, "2026-01-13T08:00"),
        ("2026-01-13T03:00", {}, "2026-01-13T08:00"),
        ("2026-01-13T08:00", {}, None),
        ("2026-03-28T23:30", {}, "2026-03-29T08:00"),
        ("2026-10-24T23:30", {}, "2026-10-25T08:00"),
        ("2026-01-12T13:00", {"quiet_from": "12:00", "quiet_until": "14:00"}, "2026-01-12T14:00"),
        ("2026-01-12T19:30", {"quiet_from": "19:00", "quiet_until": "22:00"}, "2026-01-13T08:00"),
        ("2026-01-12T22:00", {"quiet_from": "06:00", "quiet_until": "11:30"}, "2026-01-13T11:30"),
        ("2026-01-12T12:00", {"quiet_from": "07:00", "quiet_until": "21:30"}, None),
        ("2026-01-12T12:00", {"quiet_from": "noon", "quiet_until": "14:00"}, None),
        ("2026-01-12T12:30", {"quiet_from": "12:00"}, None),
    ],
)  # 07:00 to 21:30: never a free minute, so the study's night alone counts
def test_quiet_hours(now: str, preferences: dict[str, str], until: str | None) -> None:
    end = quiet_until(local(now), quiet_spans(RULE, preferences), AMSTERDAM)
    assert end == (local(until) if until else None)


@given(
    st.integers(0, 365 * 24 * 60).map(lambda minutes: at("2026-01-01") + timedelta(minutes=minutes)),
    st.sampled_from(ZONES),
    st.times(),
    st.times(),
)
def test_nobody_is_written_to_in_the_study_s_night(now: datetime, zone: str, start: time, end: time) -> None:
    spans = quiet_spans(RULE, {"quiet_from": start.isoformat(), "quiet_until": end.isoformat()})
    wake = quiet_until(now, spans, zone)
    free = now if wake is None else wake
    assert free >= now
    assert time(8) <= free.astimezone(ZoneInfo(zone)).time() < time(21)


WITH = {
    "submitted": replace(BASELINE, submitted_at=at("2026-01-13T10:00")),
    "withdrawn": replace(BASELINE, cancelled_at=at("2026-01-13T10:00"), cancel_reason="withdrawal"),
    "died": replace(BASELINE, cancelled_at=at("2026-01-13T10:00"), cancel_reason="death"),
    "no window": replace(BASELINE, cancelled_at=at("2026-01-13T10:00"), cancel_reason="no-window"),
    "no dates": replace(BASELINE, opens_at=None, closes_at=None),
    "opens later": replace(BASELINE, opens_at=at("2026-02-12T23:00"), closes_at=at("2026-02-26T23:00")),
    "submitted, then withdrawn": replace(
        BASELINE, submitted_at=at("2026-01-13T10:00"), cancelled_at=at("2026-01-14T10:00"), cancel_reason="withdrawal"
    ),
}


def paused(until: str) -> Person:
    return replace(PERSON, preferences={"paused_until": until})


MORNING, NIGHT, AFTER = "2026-01-15T10:00", "2026-01-15T22:00", "2026-01-27T00:00"


@pytest.mark.parametrize(
    ("now", "assessment", "person", "kind", "until"),
    [
        (MORNING, BASELINE, PERSON, Kind.SEND, None),
        (MORNING, WITH["submitted"], PERSON, Kind.SUBMITTED, None),
        (MORNING, WITH["withdrawn"], PERSON, Kind.WITHDRAWN, None),
        (MORNING, WITH["died"], PERSON, Kind.DIED, None),
        (MORNING, WITH["no window"], PERSON, Kind.MOVED, None),
        (MORNING, WITH["no dates"], PERSON, Kind.MOVED, None),
        (MORNING, WITH["opens later"], PERSON, Kind.MOVED, None),
        (MORNING, WITH["submitted, then withdrawn"], PERSON, Kind.SUBMITTED, None),
        (MORNING, BASELINE, replace(PERSON, ended="withdrawal"), Kind.WITHDRAWN, None),
        (MORNING, BASELINE, replace(PERSON, ended="death"), Kind.DIED, None),
        (MORNING, BASELINE, replace(PERSON, ended="emigration"), Kind.WITHDRAWN, None),
        (AFTER, BASELINE, PERSON, Kind.CLOSED, None),
        (MORNING, BASELINE, replace(PERSON, preferences={"channel": "none"}), Kind.OPTED_OUT, None),
        (MORNING, BASELINE, replace(PERSON, preferences={"channel": "sms"}), Kind.SEND, None),
        (MORNING, BASELINE, replace(PERSON, preferences={"reminder": "no"}), Kind.OPTED_OUT, None),
        (MORNING, BASELINE, replace(PERSON, preferences={"invitation": "no"}), Kind.SEND, None),
        (
            MORNING,
            BASELINE,
            paused("2026-01-15"),
            Kind.PAUSED,
            "2026-01-16T10:00",
        ),
        (NIGHT, BASELINE, paused("2026-01-20"), Kind.PAUSED, "2026-01-21T10:00"),
        (MORNING, BASELINE, paused("2026-01-14"), Kind.SEND, None),
        (MORNING, BASELINE, paused("next week"), Kind.SEND, None),
        (MORNING, WITH["died"], paused("2026-01-20"), Kind.DIED, None),
        (MORNING, BASELINE, replace(PERSON, reachable=False), Kind.UNREACHABLE, None),
        (MORNING, BASELINE, replace(PERSON, messages_today=1), Kind.DAILY_LIMIT, "2026-01-16T10:00"),
        (NIGHT, BASELINE, PERSON, Kind.QUIET_HOURS, "2026-01-16T08:00"),
        (NIGHT, BASELINE, replace(PERSON, messages_today=1), Kind.DAILY_LIMIT, "2026-01-16T10:00"),
        (NIGHT, WITH["submitted"], PERSON, Kind.SUBMITTED, None),
    ],
)
def test_the_decision_and_when_to_ask_again(
    now: str, assessment: Assessment, person: Person, kind: Kind, until: str | None
) -> None:
    decision = decide(local(now), rule=RULE, assessment=assessment, person=person, occasion="reminder")
    assert (decision.kind, decision.until) == (kind, local(until) if until else None)
    assert decision.reason


def test_a_decision_cannot_be_taken_for_yes() -> None:
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(Decision(Kind.WITHDRAWN, "the person has withdrawn"))


@pytest.mark.parametrize(
    ("now", "told_on", "expected", "again"),
    [
        ("2026-01-12T09:59", None, [], "2026-01-12T10:00"),
        ("2026-01-12T10:00", None, ["invitation send"], "2026-01-15T10:00"),
        ("2026-01-15T10:01", "2026-01-12", ["reminder send"], "2026-01-19T10:00"),
        (
            "2026-01-20T12:00",
            None,
            ["invitation superseded", "reminder superseded", "reminder send"],
            "2026-01-24T10:00",
        ),
        ("2026-01-16T12:00", "2026-01-15", [], "2026-01-19T10:00"),
        ("2026-01-19T22:00", "2026-01-15", ["reminder quiet_hours"], "2026-01-20T08:00"),
        ("2026-01-24T10:00", "2026-01-19", ["reminder send"], None),
        ("2026-01-28T10:00", "2026-01-19", ["reminder closed"], None),
    ],
)
def test_what_is_due_is_ruled_on_once_and_only_the_newest_is_sent(
    now: str, told_on: str | None, expected: list[str], again: str | None
) -> None:
    told = date.fromisoformat(told_on) if told_on else None
    ruled = rulings(local(now), rule=RULE, assessment=BASELINE, person=PERSON, told_on=told)
    assert [f"{ruling.occasion} {ruling.decision.kind}" for ruling in ruled] == expected
    when = ask_again(local(now), rule=RULE, assessment=BASELINE, person=PERSON, ruled=ruled)
    assert when == (local(again) if again else None)


@pytest.mark.parametrize(
    ("now", "paused_until", "told_on", "expected", "again"),
    [
        ("2026-01-12T10:00", "2026-01-16", None, ["invitation paused"], "2026-01-17T10:00"),
        ("2026-01-17T10:00", "2026-01-16", None, ["invitation paused", "reminder send"], "2026-01-19T10:00"),
        ("2026-01-19T10:00", "2026-01-17", "2026-01-12", ["reminder paused", "reminder send"], "2026-01-24T10:00"),
        (
            "2026-02-01T10:00",
            "2026-01-31",
            "2026-01-12",
            ["reminder paused", "reminder paused", "reminder paused"],
            None,
        ),
    ],
    ids=["it begins", "it is over", "a reminder fell into it", "the window closed in it"],
)
def test_what_a_pause_kept_back_is_on_record_as_such(
    now: str, paused_until: str, told_on: str | None, expected: list[str], again: str | None
) -> None:
    told = date.fromisoformat(told_on) if told_on else None
    person = replace(PERSON, preferences={"paused_until": paused_until})
    ruled = rulings(local(now), rule=RULE, assessment=BASELINE, person=person, told_on=told)
    assert [f"{ruling.occasion} {ruling.decision.kind}" for ruling in ruled] == expected
    when = ask_again(local(now), rule=RULE, assessment=BASELINE, person=person, ruled=ruled)
    assert when == (local(again) if again else None)


@given(st.dates(date(2026, 1, 1), date(2027, 12, 31)), st.integers(0, 200), st.sampled_from(ZONES))
def test_a_pause_ends_on_the_morning_after_in_every_zone(day: date, length: int, zone: str) -> None:
    last = day + timedelta(days=length)
    now = datetime.combine(day, time(12), ZoneInfo(zone)).astimezone(UTC)
    whole = replace(BASELINE, opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=400))
    person = Person(timezone=zone, preferences={"paused_until": last.isoformat()})
    decision = decide(now, rule=RULE, assessment=whole, person=person, occasion="invitation")
    assert decision.kind is Kind.PAUSED
    assert decision.until is not None
    assert decision.until.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == datetime.combine(
        last + timedelta(days=1), RULE.at
    )
    assert decide(decision.until, rule=RULE, assessment=whole, person=person, occasion="invitation").kind is Kind.SEND


def test_two_forms_due_on_one_day_make_one_message() -> None:
    """Row 12: neither is lost, and the person hears once; the window that closes first speaks."""
    later = replace(
        BASELINE, id=UUID(int=2), timepoint="month_3", closes_at=at("2026-03-01T23:00"), opens_at=BASELINE.opens_at
    )
    ruled = [
        ruling
        for assessment in (later, BASELINE)
        for ruling in rulings(local("2026-01-12T10:00"), rule=RULE, assessment=assessment, person=PERSON)
    ]
    assert [(r.assessment.timepoint, r.decision.kind) for r in bundle(ruled)] == [
        ("month_3", Kind.BUNDLED),
        ("baseline", Kind.SEND),
    ]


@given(
    st.lists(st.timedeltas(timedelta(0), timedelta(days=20)), min_size=1, max_size=40).map(sorted),
    st.sampled_from(ZONES),
)
def test_however_irregular_the_sweeps_nothing_is_sent_twice_a_day_or_after_closing(
    pauses: list[timedelta], zone: str
) -> None:
    """Sweeps late, doubled, or in bursts: sent messages fall on distinct local days, inside the window, in daytime."""
    opens, closes = window("2026-03-20", "2026-04-05", zone)
    assessment = replace(BASELINE, opens_at=opens, closes_at=closes)
    told_on: date | None = None
    sent: list[datetime] = []
    for pause in pauses:
        now = opens + pause
        today = sum(local_day(t, zone) == local_day(now, zone) for t in sent)
        person = Person(timezone=zone, messages_today=today)
        for ruling in rulings(now, rule=RULE, assessment=assessment, person=person, told_on=told_on):
            if ruling.decision.kind is Kind.SEND:
                sent.append(now)
                told_on = local_day(now, zone)
    assert len({local_day(t, zone) for t in sent}) == len(sent)
    assert all(opens <= t < closes for t in sent)
    assert all(time(8) <= t.astimezone(ZoneInfo(zone)).time() < time(21) for t in sent)

"""The same questionnaire is not asked twice within seven days: which assessment offers to wait, and until when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro_service.domain.assessments import Assessment
from pro_service.domain.overlaps import overlaps, waits
from pro_service.domain.schedule import Facts, TrialEvent, plan
from tests.domain.assessed import applied
from tests.domain.protocols import study, timepoint

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def two(
    first: tuple[int, int, int], second: tuple[int, int, int], *, shared: bool = True
) -> tuple[Assessment, Assessment]:
    """Two assessments counted from 1 June: target, opens and closes in days."""
    instruments = ("eq-5d-5l", "qlq-c30") if shared else ("imcq",)
    protocol = study(
        timepoint("first", target=first[0], opens=first[1], closes=first[2], instruments=("qlq-c30", "eq-5d-5l")),
        timepoint("second", target=second[0], opens=second[1], closes=second[2], instruments=instruments),
    )
    june = [TrialEvent("randomisation", date(2026, 6, 1))]
    one, other = applied((), plan(protocol, Facts("one", "leg", "Europe/Amsterdam"), june))
    return one, other


def day(number: int, hour: int = 12) -> datetime:
    """An instant on the given day from 1 June (day 0)."""
    return datetime(2026, 6, 1, hour, tzinfo=UTC) + timedelta(days=number)


@pytest.mark.parametrize(
    ("first", "second", "shared", "crowd", "why"),
    [
        ((0, 0, 7), (5, 0, 7), True, True, "both open from day 5 to day 7"),
        ((0, 0, 7), (5, 0, 7), False, False, "no questionnaire in common"),
        ((0, 0, 7), (8, 0, 7), True, True, "one day apart, so seven days are not kept"),
        ((0, 0, 7), (14, 0, 7), True, True, "last day 7, first day 14: six whole days between"),
        ((0, 0, 7), (15, 0, 7), True, False, "seven whole days between"),
        ((0, 0, 7), (60, 0, 7), True, False, "far apart"),
        ((60, 0, 7), (0, 0, 7), True, False, "far apart, whatever the order"),
        ((0, 0, 30), (9, 0, 1), True, True, "one inside the other"),
    ],
)
def test_which_pairs_crowd(
    first: tuple[int, int, int], second: tuple[int, int, int], shared: bool, crowd: bool, why: str
) -> None:
    assert bool(overlaps(two(first, second, shared=shared), days=7)) is crowd, why


def test_the_later_target_is_the_later_one() -> None:
    """Whatever the order of the protocol; what they share comes in the order of the earlier one."""
    one, other = two((9, -9, 7), (5, 0, 7))
    (overlap,) = overlaps((one, other), days=7)
    assert (overlap.earlier, overlap.later) == (other, one)
    assert overlap.instruments == ("eq-5d-5l", "qlq-c30")


def test_a_cap_can_close_the_later_one_first() -> None:
    """Capped to day 0 to 2, the one with the later target is over before the other opens, within seven days of it."""
    one, other = two((4, 0, 7), (5, -5, 7))
    for closes, crowd in ((2, True), (-3, False), (-4, False)):
        assert bool(overlaps((one, replace(other, closes_at=until(closes))), days=7)) is crowd, closes


def test_what_has_no_date_crowds_nobody() -> None:
    one, other = two((0, 0, 7), (5, 0, 7))
    waiting = replace(other, target_on=None, opens_at=None, due_at=None, closes_at=None)
    assert overlaps((one, waiting), days=7) == ()


def until(number: int) -> datetime:
    """00:00 in Amsterdam, in summer time, of a day counted from 1 June."""
    return datetime(2026, 5, 31, 22, tzinfo=UTC) + timedelta(days=number)


@pytest.mark.parametrize(
    ("second", "submitted", "now", "expected", "why"),
    [
        ((5, 0, 20), 4, 5, until(11), "answered on day 4: wait until day 11"),
        ((5, 0, 20), 4, 10, until(11), "still"),
        ((5, 0, 20), 4, 11, None, "seven days have passed"),
        ((5, 0, 20), None, 5, until(12), "both open: whoever answers the first today may wait"),
        ((5, 0, 20), None, 4, None, "the later one is not open yet"),
        ((5, 0, 20), None, 8, None, "the earlier one was missed: nothing to wait for"),
        ((5, 0, 4), 4, 5, None, "closes on day 9, before the wait is over: better twice than never"),
        ((5, 0, 6), 4, 5, until(11), "closes on day 11: one day is left"),
        ((5, 0, 5), 4, 5, None, "closes at 24:00 of day 10, which is when the wait is over"),
    ],
)
def test_offers_to_wait(
    second: tuple[int, int, int],
    submitted: int | None,
    now: int,
    expected: datetime | None,
    why: str,
) -> None:
    """The earlier one is open from day 0 to day 7."""
    earlier, later = two((0, 0, 7), second)
    if submitted is not None:
        earlier = replace(earlier, started_at=day(submitted), submitted_at=day(submitted))
    found = waits((later, earlier), days=7, now=day(now), zone=AMSTERDAM)
    assert (found[later.id].until if later.id in found else None) == expected, why
    assert earlier.id not in found
    for wait in found.values():
        assert (wait.earlier, wait.instruments) == (earlier.id, ("qlq-c30", "eq-5d-5l"))


def test_the_offer_ends_with_the_wait() -> None:
    """Answered on day 4: a moment before 00:00 of day 11 there is an offer, from then on there is none."""
    earlier, later = two((0, 0, 7), (5, 0, 20))
    pair = (replace(earlier, started_at=day(4), submitted_at=day(4)), later)
    assert waits(pair, days=7, now=until(11) - timedelta(microseconds=1), zone=AMSTERDAM)
    assert not waits(pair, days=7, now=until(11), zone=AMSTERDAM)


def test_what_is_begun_or_cancelled_is_offered_nothing() -> None:
    earlier, later = two((0, 0, 7), (5, 0, 20))
    submitted = replace(earlier, started_at=day(4), submitted_at=day(4))
    for touched in (
        replace(later, started_at=day(5)),
        replace(later, started_at=day(5), submitted_at=day(5)),
        replace(later, cancelled_at=day(5), cancel_reason="withdrawal"),
    ):
        assert waits((submitted, touched), days=7, now=day(5), zone=AMSTERDAM) == {}
    assert waits((replace(submitted, cancelled_at=day(4)), later), days=7, now=day(5), zone=AMSTERDAM) == {}


def test_local_days_count_over_a_clock_change() -> None:
    """Answered at 23:30 local on 20 October: the wait ends at local midnight of the 27th, in winter time."""
    protocol = study(timepoint("first", closes=40), timepoint("second", target=1, closes=40))
    known = [TrialEvent("randomisation", date(2026, 10, 15))]
    earlier, later = applied((), plan(protocol, Facts("one", "leg", "Europe/Amsterdam"), known))
    answered = datetime(2026, 10, 20, 21, 30, tzinfo=UTC)
    earlier = replace(earlier, started_at=answered, submitted_at=answered)
    found = waits((earlier, later), days=7, now=answered, zone=AMSTERDAM)
    assert found[later.id].until == datetime(2026, 10, 26, 23, tzinfo=UTC)


spans = st.tuples(st.integers(0, 60), st.integers(-20, 0), st.integers(0, 40))


@given(spans, spans, st.one_of(st.none(), st.integers(0, 60)), st.integers(0, 120))
def test_a_wait_lies_ahead_and_inside_the_window(
    first: tuple[int, int, int], second: tuple[int, int, int], submitted: int | None, now: int
) -> None:
    one, other = two(first, second)
    if submitted is not None:
        one = replace(one, started_at=day(submitted), submitted_at=day(submitted))
    for later, wait in waits((one, other), days=7, now=day(now), zone=AMSTERDAM).items():
        window = one if later == one.id else other
        assert window.closes_at is not None
        assert day(now) < wait.until < window.closes_at
        assert wait.until <= day(now) + timedelta(days=7)

"""What holds for every schedule, whatever the protocol, the dates and the zone: searched for counter-examples."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from hypothesis import example, given
from hypothesis import strategies as st

from pro_service.domain.assessments import Assessment
from pro_service.domain.protocol import Anchor, Offset, Study, Timepoint
from pro_service.domain.schedule import Facts, Planned, TrialEvent, changes, plan
from tests.domain.assessed import AT, applied
from tests.domain.protocols import study

KINDS = ("randomisation", "start", "end", "surgery", "withdrawal", "death")
ZONES = (
    *("Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "America/Havana", "Asia/Kolkata"),
    *("Pacific/Auckland", "America/St_Johns", "Africa/Casablanca", "Pacific/Kiritimati", "UTC"),
)
CLOCK_CHANGES = tuple(
    date.fromisoformat(day)
    for day in ("2026-03-29", "2026-10-25", "2026-03-08", "2026-11-01", "2026-04-05", "2026-10-04", "2026-09-27")
)

days = st.one_of(st.dates(date(2000, 1, 1), date(2090, 12, 31)), st.sampled_from(CLOCK_CHANGES))
near_days = st.integers(0, 800).map(lambda number: date(2026, 1, 1) + timedelta(days=number))
anchors = st.builds(
    Anchor, st.sampled_from(KINDS[:4]), st.one_of(st.just({}), st.fixed_dictionaries({"one": st.integers(-60, 60)}))
)
caps = st.one_of(st.none(), st.sampled_from(KINDS[:4]))
timepoints = st.builds(
    Timepoint,
    code=st.just("visit"),
    label=st.just({}),
    anchors=st.lists(anchors, min_size=1, max_size=3, unique_by=lambda anchor: anchor.event).map(tuple),
    target=st.one_of(st.builds(Offset, days=st.integers(-400, 800)), st.builds(Offset, months=st.integers(-12, 36))),
    opens=st.integers(-60, 0),
    closes=st.integers(0, 90),
    instruments=st.just(("qlq-c30",)),
    not_after=caps,
    before=caps,
)


def _numbered(points: list[Timepoint]) -> Study:
    return study(*(replace(point, code=f"visit_{number}") for number, point in enumerate(points)))


studies = st.lists(timepoints, min_size=1, max_size=5).map(_numbered)
facts = st.builds(Facts, arm=st.sampled_from(["one", "two"]), stratum=st.just("leg"), timezone=st.sampled_from(ZONES))


def known(dates: st.SearchStrategy[date] = near_days) -> st.SearchStrategy[dict[str, date]]:
    return st.dictionaries(st.sampled_from(KINDS), dates)


def events(dates: dict[str, date]) -> list[TrialEvent]:
    return [TrialEvent(kind, on) for kind, on in dates.items()]


def of(protocol: Study, who: Facts, dates: dict[str, date]) -> tuple[Planned, ...]:
    return plan(protocol, who, events(dates))


@given(studies, facts, known(days))
def test_windows_are_ordered(protocol: Study, who: Facts, dates: dict[str, date]) -> None:
    """opens_at < due_at always; opens_at < closes_at unless cancelled as no-window; due_at <= closes_at if uncapped.

    A cap may close a window before it is due, so due_at <= closes_at does not hold for every one.
    """
    for point, one in zip(protocol.timepoints, of(protocol, who, dates), strict=True):
        if one.opens_at is None or one.due_at is None or one.closes_at is None:
            assert one.state != "planned"
            continue
        assert one.opens_at < one.due_at
        assert (one.opens_at < one.closes_at) == (one.reason != "no-window")
        if not {point.not_after, point.before} & dates.keys():
            assert one.due_at <= one.closes_at


@given(studies, facts, known(days))
def test_every_instant_is_a_local_midnight(protocol: Study, who: Facts, dates: dict[str, date]) -> None:
    """Failure 9: no window ever begins or ends an hour off: each instant is the first of a local day."""
    zone = ZoneInfo(who.timezone)
    for one in of(protocol, who, dates):
        for at in (one.opens_at, one.due_at, one.closes_at):
            if at is not None:
                assert at.utcoffset() == timedelta(0)
                assert at.astimezone(zone).date() != (at - timedelta(microseconds=1)).astimezone(zone).date()


@given(studies, facts, known(days), st.sampled_from(ZONES))
def test_local_dates_do_not_depend_on_the_zone(protocol: Study, who: Facts, dates: dict[str, date], zone: str) -> None:
    """Moving house moves instants, never dates: target, anchor and, without caps or ends, the local days stay."""
    here, there = of(protocol, who, dates), of(protocol, replace(who, timezone=zone), dates)
    assert [(one.anchor, one.anchor_on, one.target_on) for one in here] == [
        (one.anchor, one.anchor_on, one.target_on) for one in there
    ]
    assert [_local(one, who.timezone) for one in here] == [_local(one, zone) for one in there]


def _local(one: Planned, zone: str) -> list[date | None]:
    instants: list[datetime | None] = [one.opens_at, one.due_at, one.closes_at]
    return [at.astimezone(ZoneInfo(zone)).date() if at else None for at in instants]


@given(studies, facts, known(), st.randoms())
def test_order_of_events_is_irrelevant(protocol: Study, who: Facts, dates: dict[str, date], random: Random) -> None:
    shuffled = events(dates)
    random.shuffle(shuffled)
    assert plan(protocol, who, shuffled) == of(protocol, who, dates)


@given(studies, facts, known(), st.sampled_from(KINDS[:4]), near_days)
def test_a_cap_never_lengthens(protocol: Study, who: Facts, dates: dict[str, date], kind: str, on: date) -> None:
    """An event that is only a cap can but shorten: compare with and without its date."""
    only_cap = study(*(point for point in protocol.timepoints if kind not in {one.event for one in point.anchors}))
    without = of(only_cap, who, {other: day for other, day in dates.items() if other != kind})
    capped = of(only_cap, who, {**dates, kind: on})
    for free, bound in zip(without, capped, strict=True):
        assert (free.opens_at, free.due_at) == (bound.opens_at, bound.due_at)
        assert free.closes_at is None or (bound.closes_at is not None and bound.closes_at <= free.closes_at)


stages = st.lists(st.tuples(known(), st.sampled_from(["untouched", "started", "submitted"])), min_size=1, max_size=5)


@given(studies, facts, stages)
@example(
    study(Timepoint("visit_0", {}, (Anchor("surgery"),), Offset(), 0, 0, ("qlq-c30",))),
    Facts("one", "leg", "Europe/Amsterdam"),
    [({"surgery": date(2026, 1, 1), "death": date(2026, 1, 1)}, "untouched"), ({}, "started"), ({}, "untouched")],
)
def test_a_life_of_replans(protocol: Study, who: Facts, life: list[tuple[dict[str, date], str]]) -> None:
    """Failures 10 and 17: whatever happens in whatever order, ids stay, re-planning settles, the begun stay put."""
    existing: tuple[Assessment, ...] = ()
    for dates, touch in life:
        wanted = of(protocol, who, dates)
        after = applied(existing, wanted)
        assert len({one.id for one in after}) == len(after) == len(protocol.timepoints)
        assert {one.id for one in existing} <= {one.id for one in after}
        assert not [line for line in changes(after, wanted) if line.writes]
        for old in existing:
            if old.started_at is not None:
                assert old in after
        existing = tuple(_touched(one, touch) for one in after)


def _touched(one: Assessment, touch: str) -> Assessment:
    """Begin (and submit) what is open to be begun."""
    if touch == "untouched" or one.cancelled_at is not None or one.opens_at is None:
        return one
    return replace(one, started_at=AT, submitted_at=AT if touch == "submitted" else None)


@given(studies, facts, known(), known())
def test_untouched_assessments_forget_the_past(
    protocol: Study, who: Facts, before: dict[str, date], now: dict[str, date]
) -> None:
    """Where nobody began, the schedule depends on what is known now, not on the way it became known."""
    detour = applied(applied((), of(protocol, who, before)), of(protocol, who, now))
    assert detour == applied((), of(protocol, who, now))


@given(studies, facts, known(), st.integers(1, 300))
def test_later_anchor_never_means_earlier_window(
    protocol: Study, who: Facts, dates: dict[str, date], later: int
) -> None:
    """Shift every date by the same days: in-order windows stay in order, though months clip."""
    shifted = {kind: on + timedelta(days=later) for kind, on in dates.items()}
    for old, new in zip(of(protocol, who, dates), of(protocol, who, shifted), strict=True):
        if old.target_on is not None and new.target_on is not None:
            assert old.target_on <= new.target_on

"""Event history: what supersedes what, what may not, and what was known on a past day. Guards failures 17 and 21."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro_service.domain.assessments import Assessment
from pro_service.domain.errors import Conflict, EventTooEarly, Invalid, ProError, UnknownEvent
from pro_service.domain.events import EventRecord, check, current, ends_of, known, next_record, with_ends
from pro_service.domain.schedule import Change, Facts, TrialEvent, changes, plan
from tests.domain.assessed import applied, begun
from tests.domain.protocols import study, timepoint

DAY = datetime(2026, 1, 12, 9, tzinfo=UTC)
TODAY = date(2026, 1, 12)


def said(
    on: str | None, *, actual: bool = True, reason: str = "", number: int = 9, kind: str = "surgery"
) -> EventRecord:
    """A record as somebody says it, on day `number` of the trial."""
    when = None if on is None else date.fromisoformat(on)
    return EventRecord(
        UUID(int=number), UUID(int=0), kind, when, actual, DAY + timedelta(days=number), "someone", reason
    )


PLANNED = said("2026-02-20", actual=False, number=1)
ACTUAL = said("2026-02-21", number=2)
RETRACTED = said(None, number=3)


@pytest.mark.parametrize(
    ("held", "record", "follows"),
    [
        pytest.param(None, PLANNED, True, id="first planned"),
        pytest.param(None, ACTUAL, True, id="first happened"),
        pytest.param(PLANNED, said("2026-03-20", actual=False), True, id="planned anew, no reason needed"),
        pytest.param(PLANNED, said("2026-02-20", actual=True), True, id="it happened as planned"),
        pytest.param(PLANNED, said("2026-02-20", actual=False), False, id="the same plan again"),
        pytest.param(ACTUAL, said("2026-02-21"), False, id="the same fact again"),
        pytest.param(ACTUAL, said("2026-02-22", reason="typing mistake"), True, id="a date corrected"),
        pytest.param(PLANNED, said(None, reason="tumour inoperable"), True, id="a plan taken back"),
        pytest.param(ACTUAL, said(None, reason="another patient's"), True, id="a fact taken back"),
        pytest.param(RETRACTED, said(None, reason="again"), False, id="taken back again"),
        pytest.param(RETRACTED, said("2026-03-20", actual=False), True, id="planned after all"),
    ],
)
def test_what_follows_what(held: EventRecord | None, record: EventRecord, follows: bool) -> None:
    following = next_record(held, record)
    if follows:
        assert following == replace(record, supersedes_id=None if held is None else held.id)
    else:
        assert following is held


@pytest.mark.parametrize(
    ("held", "record", "error"),
    [
        pytest.param(None, said(None, reason="why not"), Conflict, id="taking back what never was"),
        pytest.param(
            ACTUAL, said("2026-03-20", actual=False, reason="moved"), Conflict, id="planning what has happened"
        ),
        pytest.param(ACTUAL, said("2026-02-22"), Invalid, id="correcting a fact without a reason"),
        pytest.param(ACTUAL, said("2026-02-22", reason="  "), Invalid, id="a blank is no reason"),
        pytest.param(PLANNED, said(None), Invalid, id="taking back without a reason"),
        pytest.param(PLANNED, said("2026-02-22", reason="a\x00b"), Invalid, id="a reason no database can keep"),
        pytest.param(PLANNED, said("2026-02-22", reason="x" * 1001), Invalid, id="an endless reason"),
    ],
)
def test_what_cannot_follow(held: EventRecord | None, record: EventRecord, error: type[ProError]) -> None:
    with pytest.raises(error):
        next_record(held, record)


@pytest.mark.parametrize(
    ("kind", "on", "actual", "error"),
    [
        ("surgery", "2026-01-12", True, None),
        ("surgery", "2000-01-01", True, None),
        ("surgery", "2036-01-12", False, None),
        ("surgery", "1999-12-31", True, EventTooEarly),
        ("surgery", "1999-12-31", False, EventTooEarly),
        ("surgery", "2026-01-13", True, Invalid),
        ("surgery", "2036-01-13", False, Invalid),
        ("baptism", "2026-01-12", True, UnknownEvent),
    ],
)
def test_dates_the_protocol_and_the_calendar_allow(
    kind: str, on: str, actual: bool, error: type[ProError] | None
) -> None:
    event = TrialEvent(kind, date.fromisoformat(on), actual)
    if error is None:
        check(study(), event, TODAY)
    else:
        with pytest.raises(error):
            check(study(), event, TODAY)


def test_a_leap_day_has_a_day_ten_years_on() -> None:
    check(study(), TrialEvent("surgery", date(2038, 2, 28), actual=False), date(2028, 2, 29))


def test_any_past_day_can_be_retold() -> None:
    """Failure 21: what is believed is worked out from the history, each time; a correction counts at once."""
    corrected = replace(said("2026-02-25", number=4), supersedes_id=ACTUAL.id)
    history = [PLANNED, replace(ACTUAL, supersedes_id=PLANNED.id), corrected]
    gone = [*history, replace(said(None, number=5), supersedes_id=corrected.id)]

    def believed(on_day: int | None) -> tuple[TrialEvent, ...]:
        return current(gone, None if on_day is None else DAY + timedelta(days=on_day))

    assert [believed(day) for day in (0, 1, 2, 3, 4)] == [
        (),
        (TrialEvent("surgery", date(2026, 2, 20), actual=False),),
        (TrialEvent("surgery", date(2026, 2, 21)),),
        (TrialEvent("surgery", date(2026, 2, 21)),),
        (TrialEvent("surgery", date(2026, 2, 25)),),
    ]
    assert believed(5) == believed(None) == ()
    assert [one.on for one in known(gone)] == [None]


PROTOCOL = study(timepoint("now", closes=14), timepoint("later", target=90, closes=14))
ENDS = ends_of(PROTOCOL)
FACTS = Facts("one", "leg", "Europe/Amsterdam")
START = TrialEvent("randomisation", TODAY)
DEATH = TrialEvent("death", date(2026, 1, 15))


def settled(existing: tuple[Assessment, ...], *events: TrialEvent) -> tuple[Change, ...]:
    """What these events change, the end of participation included."""
    return with_ends(changes(existing, plan(PROTOCOL, FACTS, events)), ENDS)


def after(existing: tuple[Assessment, ...], lines: tuple[Change, ...]) -> tuple[Assessment, ...]:
    """The assessments after these changes."""
    by_id = {line.existing.id: line for line in lines if line.existing is not None}
    return tuple(replace(one, **by_id[one.id].fields(DAY)) if one.id in by_id else one for one in existing)  # type: ignore[arg-type]  # fields by name


def test_death_stops_a_form_in_the_middle_and_leaves_its_window() -> None:
    existing = begun(applied((), plan(PROTOCOL, FACTS, [START])), "now")
    lines = settled(existing, START, DEATH)
    assert [(line.kind, line.planned.timepoint, line.planned.reason) for line in lines] == [
        ("cancel", "now", "death"),
        ("cancel", "later", "death"),
    ]
    stopped = after(existing, lines)
    assert stopped[0].started_at is not None
    assert (stopped[0].opens_at, stopped[0].closes_at) == (existing[0].opens_at, existing[0].closes_at)
    assert not [line for line in settled(stopped, START, DEATH) if line.writes]


def test_it_goes_on_when_the_death_is_taken_back() -> None:
    existing = begun(applied((), plan(PROTOCOL, FACTS, [START])), "now")
    stopped = after(existing, settled(existing, START, DEATH))
    lines = settled(stopped, START)
    assert [(line.kind, line.planned.timepoint) for line in lines] == [("revive", "now"), ("revive", "later")]
    assert after(stopped, lines) == existing


def test_what_was_submitted_stays() -> None:
    """Failure 17: answers belong to an assessment, whatever happens to dates."""
    existing = begun(applied((), plan(PROTOCOL, FACTS, [START])), "now", submitted=True)
    assert [line.kind for line in settled(existing, START, DEATH)] == ["kept", "cancel"]


days = st.integers(0, 200).map(lambda number: TODAY + timedelta(days=number))
lives = st.lists(
    st.tuples(days, st.none() | days, st.none() | days, st.sampled_from(["", "begin", "submit"])),
    min_size=1,
    max_size=6,
)


@given(lives)
def test_whatever_is_recorded_and_taken_back_the_schedule_settles(
    life: list[tuple[date, date | None, date | None, str]],
) -> None:
    """Failure 10: ids stay, what was submitted stays, what was begun keeps its window; and twice is as good as once."""
    existing: tuple[Assessment, ...] = applied((), plan(PROTOCOL, FACTS, [START]))
    for randomised, withdrawn, died, act in life:
        known_now = [TrialEvent("randomisation", randomised)]
        known_now += [
            TrialEvent(kind, on) for kind, on in (("withdrawal", withdrawn), ("death", died)) if on is not None
        ]
        before, existing = existing, after(existing, settled(existing, *known_now))
        assert [one.id for one in existing] == [one.id for one in before]
        assert not [line for line in settled(existing, *known_now) if line.writes]
        for old, new in zip(before, existing, strict=True):
            assert new == old or not old.submitted_at
            assert not old.begun or (new.opens_at, new.closes_at) == (old.opens_at, old.closes_at)
        if act and existing[0].cancelled_at is None and existing[0].submitted_at is None:
            existing = begun(existing, "now", submitted=act == "submit")

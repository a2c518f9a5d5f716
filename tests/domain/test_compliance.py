"""What became of every expected form, and SISAQOL's two rates with their two denominators."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro_service.domain.assessments import Assessment
from pro_service.domain.compliance import EXPECTED, RECEIVED, FormFact, FormStatus, form_state, rates

OPENS = datetime(2026, 1, 12, 23, 0, tzinfo=UTC)
CLOSES = datetime(2026, 1, 26, 23, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def assessment(**facts: object) -> Assessment:
    window = {"opens_at": OPENS, "due_at": OPENS + 7 * DAY, "closes_at": CLOSES}
    fixed = {"anchor": "surgery", "anchor_on": None, "target_on": None, "instruments": ("qlq-c30",)}
    ids = {"id": UUID(int=1), "participant_id": UUID(int=2), "timepoint": "postop_30d", "occurrence": 1}
    return Assessment(**{**ids, **window, **fixed, **facts})  # type: ignore[arg-type]  # facts come by name


@pytest.mark.parametrize(
    ("facts", "at", "expected"),
    [
        ({}, OPENS - DAY, ("not_yet_due", "")),
        ({}, OPENS, ("open", "")),
        ({"started_at": OPENS + DAY}, OPENS + 2 * DAY, ("open", "")),
        ({}, CLOSES, ("missed", "unknown")),
        ({"missing_reason": "too_ill"}, CLOSES, ("missed", "too_ill")),
        ({"started_at": OPENS + DAY}, CLOSES + DAY, ("partial", "")),
        ({"started_at": OPENS + DAY, "missing_reason": "technical"}, CLOSES + DAY, ("partial", "technical")),
        ({"started_at": OPENS, "submitted_at": OPENS}, CLOSES, ("submitted_in_window", "")),
        ({"submitted_at": CLOSES - DAY}, CLOSES, ("submitted_in_window", "")),
        ({"submitted_at": CLOSES}, CLOSES + DAY, ("submitted_out_of_window", "")),
        ({"submitted_at": OPENS - DAY}, CLOSES, ("submitted_out_of_window", "")),
        (  # failure 35: begun in time, finished within the hour of grace
            {"started_at": CLOSES - DAY, "submitted_at": CLOSES + timedelta(minutes=59)},
            CLOSES + DAY,
            ("submitted_in_window", ""),
        ),
        (
            {"started_at": CLOSES + timedelta(minutes=1), "submitted_at": CLOSES + timedelta(minutes=59)},
            CLOSES + DAY,
            ("submitted_out_of_window", ""),
        ),
        ({"cancelled_at": OPENS, "cancel_reason": "withdrawal"}, CLOSES, ("cancelled", "withdrawal")),
        ({"cancelled_at": OPENS, "cancel_reason": "death"}, CLOSES, ("cancelled", "death")),
        ({"cancelled_at": OPENS, "cancel_reason": "no-window"}, CLOSES, ("cancelled", "no-window")),
    ],
)
def test_status_of_a_form(facts: dict[str, object], at: datetime, expected: tuple[str, str]) -> None:
    state = form_state(assessment(**facts), at)
    assert (state.status.value, state.reason) == expected


@pytest.mark.parametrize(
    ("ended", "never_happened", "anchors", "expected"),
    [
        ("", (), 1, ("not_yet_due", "anchor-not-known")),
        ("", ("surgery",), 1, ("cancelled", "anchor-never-happened")),
        ("", ("surgery",), 2, ("not_yet_due", "anchor-not-known")),  # the other anchor may still come
        ("death", (), 1, ("cancelled", "death")),
        ("withdrawal", ("surgery",), 1, ("cancelled", "withdrawal")),
    ],
)
def test_status_of_a_form_without_a_window(
    ended: str, never_happened: tuple[str, ...], anchors: int, expected: tuple[str, str]
) -> None:
    waiting = assessment(opens_at=None, due_at=None, closes_at=None)
    state = form_state(waiting, CLOSES, ended=ended, never_happened=never_happened, anchors=anchors)
    assert (state.status.value, state.reason) == expected


def facts(*states: tuple[str, bool], arm: str = "short", timepoint: str = "month_3") -> Counter[FormFact]:
    return Counter(FormFact(arm, timepoint, FormStatus(status), scorable) for status, scorable in states)


@pytest.mark.parametrize("people", [0, 1, 9])
def test_rates_of_a_report_with_hardly_anybody(people: int) -> None:
    """Failure 22: 0, 1 and 9 rows."""
    (rate,) = rates(
        facts(*[("submitted_in_window", True)] * people), population={"short": people}, timepoints=["month_3"]
    )
    assert (rate.population, rate.expected, rate.received, rate.valid) == (people, people, people, people)
    assert rate.available_data_rate == rate.completion_rate == (1.0 if people else None)


def test_the_two_rates_have_different_denominators() -> None:
    """Of ten enrolled two died, one withdrew, one is not there yet: six are expected, four gave valid data."""
    forms = facts(
        *[("submitted_in_window", True)] * 4,
        ("partial", True),
        ("missed", False),
        *[("cancelled", False)] * 3,
        ("not_yet_due", False),
    )
    (rate,) = rates(forms, population={"short": 10}, timepoints=["month_3"])
    assert (rate.population, rate.expected, rate.received, rate.in_window, rate.valid) == (10, 6, 5, 4, 4)
    assert rate.available_data_rate == pytest.approx(4 / 10)
    assert rate.completion_rate == pytest.approx(4 / 6)


def test_what_counts_as_valid_is_a_parameter() -> None:
    forms = facts(("submitted_out_of_window", True), ("partial", True), ("submitted_in_window", False))
    (strict,) = rates(forms, population={"short": 3}, timepoints=["month_3"])
    (lenient,) = rates(forms, population={"short": 3}, timepoints=["month_3"], valid_is=RECEIVED)
    assert (strict.valid, lenient.valid) == (0, 2)


def test_a_missing_baseline_shifts_nothing() -> None:
    """Failure 34: lines are keyed by timepoint, and one of nobody stays in its place."""
    forms = facts(("submitted_in_window", True), timepoint="month_3")
    lines = rates(forms, population={"short": 1}, timepoints=["baseline", "month_3"])
    assert [(line.timepoint, line.received) for line in lines] == [("baseline", 0), ("month_3", 1)]


@given(st.lists(st.tuples(st.sampled_from(list(FormStatus)), st.booleans()), max_size=60))
def test_rates_are_shares_and_counts_are_nested(states: list[tuple[FormStatus, bool]]) -> None:
    (rate,) = rates(
        facts(*[(s.value, b) for s, b in states]), population={"short": len(states)}, timepoints=["month_3"]
    )
    assert rate.valid <= rate.in_window <= rate.received <= rate.expected <= rate.population
    assert rate.expected == sum(status in EXPECTED for status, _ in states)
    for share in (rate.available_data_rate, rate.completion_rate):
        assert share is None or 0 <= share <= 1

"""Re-planning as a diff: what happens to each assessment that exists when the plan says something else.

One visit, seven days after surgery, open until a fortnight later. Each row: what exists, what is known now, and the
line of the re-plan that must come out.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from pro_service.domain.assessments import Assessment
from pro_service.domain.protocol import Study
from pro_service.domain.schedule import BY_HAND, NOT_IN_PROTOCOL, Facts, Planned, TrialEvent, changes, plan
from tests.domain.assessed import AT, applied, begun
from tests.domain.protocols import study, timepoint

VISIT = study(timepoint("visit", anchor="surgery", target=7, closes=14, not_after="end"))
LATER = datetime(2026, 6, 1, tzinfo=UTC)


def planned(protocol: Study = VISIT, stratum: str = "leg", **events: str) -> tuple[Planned, ...]:
    known = [TrialEvent(kind, date.fromisoformat(on)) for kind, on in events.items()]
    return plan(protocol, Facts("one", stratum, "Europe/Amsterdam"), known)


WAITING, MARCH, APRIL = planned(), planned(surgery="2026-03-20"), planned(surgery="2026-04-20")
NO_WINDOW = planned(surgery="2026-03-20", end="2026-03-01")
WITHDRAWN = planned(surgery="2026-03-20", withdrawal="2026-03-25")
DIED = planned(surgery="2026-03-20", death="2026-03-25")


@pytest.mark.parametrize(
    ("exists", "now", "line", "why"),
    [
        (None, WAITING, "create", "enrolled before the surgery is planned"),
        (None, MARCH, "create", "enrolled with a date"),
        (None, WITHDRAWN, "create", "a cancelled one exists too: it is expected, and missing for a reason"),
        (WAITING, WAITING, None, "nothing new"),
        (WAITING, MARCH, "move", "the date becomes known"),
        (MARCH, MARCH, None, "the same date again"),
        (MARCH, APRIL, "move", "the date is corrected"),
        (MARCH, WAITING, "move", "the surgery did not happen after all: back to waiting"),
        (MARCH, WITHDRAWN, "cancel", "withdrew"),
        (MARCH, NO_WINDOW, "cancel", "a cap leaves no time"),
        (WITHDRAWN, WITHDRAWN, None, "still withdrawn"),
        (WITHDRAWN, DIED, "cancel", "it was a death, not a withdrawal: the reason is corrected"),
        (WITHDRAWN, MARCH, "revive", "the withdrawal was a mistake"),
        (WITHDRAWN, APRIL, "revive", "and the date has moved meanwhile"),
        (NO_WINDOW, MARCH, "revive", "the cap has moved out of the way"),
        (NO_WINDOW, WAITING, "revive", "the surgery has no date any more"),
    ],
)
def test_what_becomes_of_an_untouched_assessment(
    exists: tuple[Planned, ...] | None, now: tuple[Planned, ...], line: str | None, why: str
) -> None:
    existing = applied((), exists) if exists is not None else ()
    assert [change.kind for change in changes(existing, now)] == ([line] if line else []), why
    after = applied(existing, now, LATER)
    assert changes(after, now) == (), "a second re-plan finds nothing to do"
    assert [one.id for one in after[: len(existing)]] == [one.id for one in existing], "the id never changes"


@pytest.mark.parametrize("submitted", [False, True], ids=["started", "submitted"])
@pytest.mark.parametrize(
    ("now", "line"),
    [
        (MARCH, None),
        (APRIL, "kept"),
        (WAITING, "kept"),
        (WITHDRAWN, "kept"),
        (DIED, "kept"),
        (NO_WINDOW, "kept"),
        ((), "kept"),
    ],
    ids=["same", "moved", "retracted", "withdrawn", "died", "no window", "no longer asked"],
)
def test_begun_is_never_moved_cancelled_or_issued_again(
    now: tuple[Planned, ...], line: str | None, submitted: bool
) -> None:
    """Failures 8, 10 and 17: a form somebody began stays in its visit, whatever the plan says by now."""
    existing = begun(applied((), MARCH), "visit", submitted=submitted)
    found = changes(existing, now)
    assert [change.kind for change in found] == ([line] if line else [])
    assert not any(change.writes or change.fields(LATER) or change.differences(LATER) for change in found)
    assert applied(existing, now, LATER) == existing


def test_the_line_says_every_field_to_write() -> None:
    """Old and new side by side: what the services write and the audit trail keeps."""
    (existing,) = applied((), MARCH)
    (line,) = changes([existing], APRIL)
    assert line.existing == existing
    assert line.differences(LATER) == {
        "anchor_on": (date(2026, 3, 20), date(2026, 4, 20)),
        "target_on": (date(2026, 3, 27), date(2026, 4, 27)),
        "opens_at": (datetime(2026, 3, 26, 23, tzinfo=UTC), datetime(2026, 4, 26, 22, tzinfo=UTC)),
        "due_at": (datetime(2026, 3, 27, 23, tzinfo=UTC), datetime(2026, 4, 27, 22, tzinfo=UTC)),
        "closes_at": (datetime(2026, 4, 10, 22, tzinfo=UTC), datetime(2026, 5, 11, 22, tzinfo=UTC)),
    }
    every: dict[str, Any] = line.fields(LATER)
    changed: dict[str, Any] = {name: new for name, (_, new) in line.differences(LATER).items()}
    assert replace(existing, **every) == replace(existing, **changed)


def test_cancelling_and_reviving_set_both_fields() -> None:
    (existing,) = applied((), MARCH)
    (cancel,) = changes([existing], WITHDRAWN)
    assert cancel.differences(LATER) == {"cancelled_at": (None, LATER), "cancel_reason": (None, "withdrawal")}
    (cancelled,) = applied([existing], WITHDRAWN, LATER)
    (revive,) = changes([cancelled], MARCH)
    assert revive.differences(AT) == {"cancelled_at": (LATER, None), "cancel_reason": ("withdrawal", None)}


def test_cancelled_since_the_first_time() -> None:
    """A cancelled one whose dates move on stays cancelled since the instant it was first cancelled."""
    (cancelled,) = applied((), WITHDRAWN, AT)
    (line,) = changes([cancelled], planned(surgery="2026-03-21", withdrawal="2026-03-25"))
    assert (line.kind, line.fields(LATER)["cancelled_at"]) == ("cancel", AT)


def test_what_a_person_cancelled_stays_cancelled() -> None:
    (existing,) = applied((), MARCH)
    by_hand = replace(existing, cancelled_at=AT, cancel_reason=f"{BY_HAND}: moved abroad")
    for now in (MARCH, APRIL, WAITING, WITHDRAWN, ()):
        assert changes([by_hand], now) == ()


def test_a_timepoint_no_longer_asked_is_cancelled_where_it_stands() -> None:
    existing = applied((), MARCH)
    (line,) = changes(existing, ())
    assert (line.kind, line.planned.reason, line.planned.opens_at) == ("cancel", NOT_IN_PROTOCOL, existing[0].opens_at)
    after = applied(existing, (), LATER)
    assert changes(after, ()) == ()
    assert [one.kind for one in changes(after, MARCH)] == ["revive"]


def test_another_stratum_changes_the_questionnaires() -> None:
    function = study(timepoint(anchor="surgery", instruments=("qlq-c30", "function")))
    existing = applied((), planned(function, surgery="2026-03-20"))
    (line,) = changes(existing, planned(function, "arm", surgery="2026-03-20"))
    assert line.differences(LATER) == {"instruments": (("qlq-c30", "tess-le"), ("qlq-c30",))}


def test_lines_come_in_protocol_order() -> None:
    protocol = study(*(timepoint(code, anchor="surgery") for code in ("c", "a", "b")))
    created = changes((), planned(protocol))
    assert [line.planned.timepoint for line in created] == ["c", "a", "b"]
    shuffled = sorted(applied((), planned(protocol)), key=lambda one: one.timepoint)
    moved = changes(shuffled, planned(protocol, surgery="2026-03-20"))
    assert [line.planned.timepoint for line in moved] == ["c", "a", "b"]


def test_a_started_one_among_others_keeps_only_itself() -> None:
    protocol = study(*(timepoint(code, anchor="surgery") for code in ("first", "second")))
    existing: tuple[Assessment, ...] = begun(applied((), planned(protocol, surgery="2026-03-20")), "first")
    found = changes(existing, planned(protocol, surgery="2026-04-20"))
    assert [(line.kind, line.planned.timepoint) for line in found] == [("kept", "first"), ("move", "second")]


def test_windows_are_compared_as_instants() -> None:
    """Failure 23: the same instant written with another offset is no change."""
    (existing,) = applied((), MARCH)
    assert existing.opens_at is not None
    shifted = replace(existing, opens_at=existing.opens_at.astimezone(tz=None) + timedelta(0))
    assert changes([shifted], MARCH) == ()

"""What an amendment does to people who are enrolled, drawn as tables; and that it settles, whatever happens later.

One visit, counted from surgery on 20 March 2026: the old version asks it on the day itself, for a week; the new one
a fortnight later. Each row: how far somebody's visit is when the amendment is carried out.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro_service.domain.amendments import (
    ALLOWED,
    Difference,
    Follows,
    Step,
    count,
    differences,
    followed,
    governing,
    tallies,
)
from pro_service.domain.amendments import step as step_of
from pro_service.domain.assessments import Assessment
from pro_service.domain.protocol import Amendment, Anchor, Offset, Policy, Study, Timepoint
from pro_service.domain.schedule import Facts, Planned, TrialEvent, changes, plan
from tests.domain.assessed import applied, begun
from tests.domain.protocols import study, timepoint

ANNA = Facts("one", "leg", "Europe/Amsterdam")
SURGERY = {"surgery": date(2026, 3, 20)}
OLD = study(timepoint("visit", anchor="surgery", closes=7))
FINISH, MOVE, NEW_ONLY = Policy.FINISH_ON_OLD, Policy.MOVE_UNOPENED, Policy.NEWLY_ENROLLED_ONLY


def version(number: int, *timepoints: Timepoint, **enrolled: Policy) -> Study:
    """A later version of the study, with what it says of those enrolled."""
    return replace(study(*timepoints), version=number, amendment=Amendment(number - 1, "a reason", enrolled))


def later(policy: Policy) -> Study:
    return version(2, timepoint("visit", anchor="surgery", target=14, closes=7), visit=policy)


def planned(protocol: Study, dates: dict[str, date]) -> tuple[Planned, ...]:
    return plan(protocol, ANNA, [TrialEvent(kind, on) for kind, on in dates.items()])


def noon(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00:00+00:00")


def taken(
    step: Step, existing: tuple[Assessment, ...], dates: dict[str, date], now: datetime, follows: Follows | None = None
) -> tuple[dict[str, int], tuple[Assessment, ...]]:
    """The exceptions of one person and their assessments, after the step has been carried out."""
    before = follows or {}
    after = followed(step, before, existing=existing, planned=planned(step.new, dates), now=now)
    governed = governing(step.new, after, {step.old.version: step.old, step.new.version: step.new, 1: OLD})
    return after, applied(existing, planned(governed, dates), now)


@pytest.mark.parametrize(
    ("policy", "when", "state", "follows", "target", "why"),
    [
        (MOVE, "2026-03-01", "untouched", {}, "2026-04-03", "has not opened: moves"),
        (MOVE, "2026-03-21", "untouched", {"visit": 1}, "2026-03-20", "has opened: they may have been invited"),
        (MOVE, "2026-03-21", "begun", {"visit": 1}, "2026-03-20", "was begun"),
        (MOVE, "2026-03-01", "begun", {"visit": 1}, "2026-03-20", "was begun, in whatever window that was"),
        (MOVE, "2026-03-21", "submitted", {"visit": 1}, "2026-03-20", "was submitted"),
        (MOVE, "2026-04-20", "untouched", {"visit": 1}, "2026-03-20", "is over, and so would be the new one"),
        (FINISH, "2026-03-01", "untouched", {"visit": 1}, "2026-03-20", "keeps it, opened or not"),
        (NEW_ONLY, "2026-03-01", "untouched", {"visit": 1}, "2026-03-20", "is for others"),
        (NEW_ONLY, "2026-03-21", "submitted", {"visit": 1}, "2026-03-20", "and stays what it was"),
    ],
)
def test_a_changed_timepoint(
    *, policy: Policy, when: str, state: str, follows: dict[str, int], target: str, why: str
) -> None:
    existing = applied((), planned(OLD, SURGERY))
    if state != "untouched":
        existing = begun(existing, "visit", submitted=state == "submitted")
    after, (visit,) = taken(step_of(OLD, later(policy)), existing, SURGERY, noon(when))
    assert (after, str(visit.target_on)) == (follows, target), why
    assert visit.id == existing[0].id


def test_a_window_that_would_be_over_is_not_moved_into_the_past() -> None:
    """Nobody is made to miss a form by an amendment: the new window closed before the old one opens."""
    earlier = version(2, timepoint("visit", anchor="surgery", target=-28, closes=7), visit=MOVE)
    existing = applied((), planned(OLD, SURGERY))
    after, (visit,) = taken(step_of(OLD, earlier), existing, SURGERY, noon("2026-03-10"))
    assert (after, str(visit.target_on)) == ({"visit": 1}, "2026-03-20")


@pytest.mark.parametrize(
    ("policy", "when", "asked", "why"),
    [
        (MOVE, "2026-03-21", True, "opens next week"),
        (MOVE, "2026-04-03", False, "opened before it was in the protocol: nobody was told"),
        (NEW_ONLY, "2026-03-21", False, "is for others"),
    ],
)
def test_an_added_timepoint(policy: Policy, when: str, asked: bool, why: str) -> None:
    added = timepoint("after", anchor="surgery", target=10, closes=7)
    new = version(2, *OLD.timepoints, added, after=policy)
    existing = applied((), planned(OLD, SURGERY))
    after, now = taken(step_of(OLD, new), existing, SURGERY, noon(when))
    assert ([one.timepoint for one in now], after) == (
        (["visit", "after"], {}) if asked else (["visit"], {"after": 1})
    ), why
    moved = {"surgery": date(2026, 4, 30)}
    governed = governing(new, after, {1: OLD})
    assert {one.timepoint for one in planned(governed, moved)} == {one.timepoint for one in now}, (
        "who was not asked is not asked later either, whatever date moves"
    )


@pytest.mark.parametrize(
    ("policy", "when", "cancelled", "why"),
    [
        (MOVE, "2026-03-01", True, "had not opened"),
        (MOVE, "2026-03-21", False, "had opened"),
        (FINISH, "2026-03-01", False, "they finish on the old"),
    ],
)
def test_a_removed_timepoint(policy: Policy, when: str, cancelled: bool, why: str) -> None:
    """Failure row 10: it is cancelled as the same assessment, and never comes back as another."""
    new = version(2, timepoint("other", target=200), visit=policy, other=NEW_ONLY)
    existing = applied((), planned(OLD, SURGERY))
    _, (visit,) = taken(step_of(OLD, new), existing, SURGERY, noon(when))
    assert visit.id == existing[0].id
    assert (visit.cancel_reason == "not-in-protocol") is cancelled, why


def test_what_finishes_on_the_old_still_follows_life() -> None:
    """Failure row 17: surgery moves after the amendment, and the visit moves by the version that governs it."""
    existing = applied((), planned(OLD, SURGERY))
    new = later(FINISH)
    after, now = taken(step_of(OLD, new), existing, SURGERY, noon("2026-03-01"))
    moved = {"surgery": date(2026, 4, 10)}
    (visit,) = planned(governing(new, after, {1: OLD}), moved)
    assert str(visit.target_on) == "2026-04-10"
    assert applied(now, [visit])[0].id == existing[0].id


def test_a_third_version_finds_each_as_the_second_left_it() -> None:
    """Who kept the first version's visit keeps it when the third changes something else, and may move when it moves."""
    second = later(FINISH)
    existing = applied((), planned(OLD, SURGERY))
    kept, now = taken(step_of(OLD, second), existing, SURGERY, noon("2026-03-01"))
    same = timepoint("visit", anchor="surgery", target=14, closes=7)
    third = version(3, same, timepoint("late", target=300), late=MOVE)
    still, _ = taken(step_of(second, third), now, SURGERY, noon("2026-03-02"), kept)
    assert still == {"visit": 1}
    moves = version(3, timepoint("visit", anchor="surgery", target=28, closes=7), visit=MOVE)
    free, (visit,) = taken(step_of(second, moves), now, SURGERY, noon("2026-03-02"), kept)
    assert (free, str(visit.target_on)) == ({}, "2026-04-17")


def test_each_version_asks_by_its_own_choices() -> None:
    """The questionnaire that fits a stratum may change with the version; who keeps the old visit keeps the old one."""
    old = study(timepoint("visit", anchor="surgery", closes=7, instruments=("qlq-c30", "function")))
    new = replace(old, version=2, choices={"function": {"leg": "tess-ue", "arm": None}})
    assert differences(old, new) == {"visit": "changed"}
    (kept,) = planned(governing(new, {"visit": 1}, {1: old}), SURGERY)
    assert kept.instruments == ("qlq-c30", "tess-le")
    (own,) = planned(new, SURGERY)
    assert own.instruments == ("qlq-c30", "tess-ue")


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"label": {"en": "Another word"}}, None),
        ({"target": Offset(days=1)}, "changed"),
        ({"opens": -1}, "changed"),
        ({"closes": 9}, "changed"),
        ({"not_after": "end"}, "changed"),
        ({"before": "end"}, "changed"),
        ({"anchors": (Anchor("surgery"), Anchor("start"))}, "changed"),
        ({"instruments": ("eq-5d-5l",)}, "changed"),
        ({"instruments": ("qlq-c30", "function")}, "changed"),
    ],
)
def test_what_counts_as_a_difference(change: dict[str, object], difference: Difference | None) -> None:
    """Words follow the version somebody is under; when and what is asked does not."""
    new = study(replace(OLD.timepoints[0], **change))  # type: ignore[arg-type]  # fields by name
    assert differences(OLD, new).get("visit") == difference


def test_the_tally_counts_people() -> None:
    """Three people: one whose visit moves, one whose visit has opened, and one who has withdrawn already."""
    new = version(2, timepoint("visit", anchor="surgery", target=14, closes=7), timepoint("late", anchor="surgery",
                  target=90), visit=MOVE, late=MOVE)  # fmt: skip
    one = step_of(OLD, new)
    table, now = tallies(one), noon("2026-03-21")
    for dates in (
        {"surgery": date(2026, 4, 1)},
        {"surgery": date(2026, 3, 20)},
        {"surgery": date(2026, 4, 1), "withdrawal": date(2026, 3, 1)},
    ):
        existing = applied((), planned(OLD, dates))
        follows = followed(one, {}, existing=existing, planned=planned(new, dates), now=now)
        count(table, follows, changes(existing, planned(governing(new, follows, {1: OLD}), dates)))
    counts = {t.timepoint: (t.participants, t.moves, t.creates, t.cancels, t.revives, t.stays) for t in table.values()}
    assert counts == {"visit": (3, 2, 0, 0, 0, 1), "late": (3, 0, 3, 0, 0, 0)}


CODES = ("a", "b", "c")
KINDS = ("randomisation", "surgery")
days = st.dates(date(2026, 1, 1), date(2026, 12, 31))
dates_known = st.dictionaries(st.sampled_from((*KINDS, "withdrawal")), days)
points = st.builds(
    timepoint,
    st.just("x"),
    anchor=st.sampled_from(KINDS),
    target=st.integers(-60, 60),
    opens=st.integers(-10, 0),
    closes=st.integers(0, 20),
)
protocols = st.dictionaries(st.sampled_from(CODES), points, min_size=1).map(
    lambda found: tuple(replace(point, code=code) for code, point in found.items())
)
instants = st.integers(0, 364).map(lambda day: datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=day))


@st.composite
def amended(draw: st.DrawFn) -> tuple[Study, ...]:
    """A study and two amendments of it, each with a policy that may be said for every timepoint that differs."""
    versions = [study(*draw(protocols))]
    for number in (2, 3):
        new = replace(study(*draw(protocols)), version=number)
        differs = differences(versions[-1], new)
        policies = {code: draw(st.sampled_from(ALLOWED[what])) for code, what in differs.items()}
        versions.append(replace(new, amendment=Amendment(number - 1, "a reason", policies)))
    return tuple(versions)


@given(amended(), dates_known, dates_known, instants, st.sets(st.sampled_from(CODES)))
def test_a_life_with_amendments(
    versions: tuple[Study, ...], before: dict[str, date], after: dict[str, date], at: datetime, touched: set[str]
) -> None:
    """Failure rows 10, 17 and 18: carried out, it is settled; the begun never move; one assessment per timepoint."""
    by_number = {one.version: one for one in versions}
    existing = applied((), planned(versions[0], before))
    existing = tuple(
        replace(one, started_at=one.opens_at)
        if one.timepoint in touched and one.opens_at and one.opens_at <= at and one.cancelled_at is None
        else one
        for one in existing
    )
    follows: dict[str, int] = {}
    for old, new in pairwise(versions):
        held, step, now = existing, step_of(old, new), at + timedelta(days=30 * (new.version - 2))
        follows = followed(step, follows, existing=held, planned=planned(new, before), now=now)
        governed = governing(new, follows, by_number)
        existing = applied(held, planned(governed, before), now)
        assert changes(existing, planned(governed, before)) == (), "re-planning finds nothing to do"
        assert len({one.timepoint for one in existing}) == len(existing)
        assert {one.id for one in held} <= {one.id for one in existing}
        assert [one for one in held if one.started_at] == [one for one in existing if one.started_at]
        changed = [one for one in existing if one not in held and one.cancelled_at is None]
        assert all(one.closes_at is None or one.closes_at > now for one in changed), "nothing moves to where it is over"
    governed = governing(versions[-1], follows, by_number)
    moved = applied(existing, planned(governed, after), at)
    assert not [line for line in changes(moved, planned(governed, after)) if line.writes], "and so it is ever after"
    assert {one.timepoint for one in moved} == {one.timepoint for one in existing} | {
        point.code for point in governed.timepoints
    }

"""The desk: counts per site, what is overdue, and what is missing without a reason."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from pro_service.domain.assessments import Status
from pro_service.domain.errors import Forbidden, NotFound, UnknownStudy
from pro_service.domain.participants import Participant
from pro_service.domain.protocol import Study
from pro_service.services import assessments, desk
from pro_service.services.work import Work
from tests.support import people
from tests.support.clock import Clock

Begin = Callable[..., AbstractContextManager[Work]]


def test_a_study_without_anybody(work: Begin, scopes: Study) -> None:
    with work(writes=False) as w:
        found = desk.overview(w, study="scopes")
    assert (found.sites, found.people, found.overdue, found.missing) == ((), (), (), ())


def test_sites_are_counted_apart(work: Begin, enrolled: Callable[..., Participant]) -> None:
    enrolled(code="A-1", site="nki")
    enrolled(code="A-2", site="nki")
    enrolled(code="B-1", site="lumc")
    with work(writes=False) as w:
        found = desk.overview(w, study="scopes")
    assert [(row.site, row.participants, row.in_screening, row.by_status[Status.OPEN]) for row in found.sites] == [
        ("lumc", 1, 0, 1),
        ("nki", 2, 0, 2),
    ]
    assert [row.code for row in found.people] == ["A-1", "A-2", "B-1"]


@pytest.mark.parametrize(
    ("days", "desks"),
    [
        (7, ([], [])),  # due at the end of the seventh day
        (14, ([], [])),
        (15, (["baseline"], [])),  # a week after it was due
        (21, (["baseline"], [])),
        (22, ([], ["baseline"])),  # closed
    ],
)
def test_first_overdue_then_missing(
    work: Begin, enrolled: Callable[..., Participant], clock: Clock, days: int, desks: tuple[list[str], list[str]]
) -> None:
    enrolled()
    clock.advance(days=days)
    with work(people.coordinator_nki, writes=False) as w:
        found = desk.overview(w, study="scopes")
    assert tuple([late.assessment.timepoint for late in rows] for rows in (found.overdue, found.missing)) == desks


def test_a_reason_takes_it_off_the_desk(work: Begin, enrolled: Callable[..., Participant], clock: Clock) -> None:
    enrolled()
    clock.advance(days=30)
    with work() as w:
        (late,) = desk.overview(w, study="scopes").missing
        assessments.record_missing(w, assessment_id=late.assessment.id, reason="too_ill")
        assert desk.overview(w, study="scopes").missing == ()


def test_only_what_the_actor_reaches(work: Begin, enrolled: Callable[..., Participant]) -> None:
    enrolled(code="A-1", site="nki")
    enrolled(code="B-1", site="lumc")
    with work(people.coordinator_nki, writes=False) as w:
        assert [row.code for row in desk.overview(w, study="scopes").people] == ["A-1"]
    with work(people.coordinator_nki, writes=False) as w, pytest.raises(NotFound):
        desk.overview(w, study="another")
    with work(people.nobody, writes=False) as w, pytest.raises(Forbidden):
        desk.overview(w, study="scopes")


def test_an_unknown_study(work: Begin) -> None:
    with work(writes=False) as w, pytest.raises(UnknownStudy):
        desk.overview(w, study="nothing")

"""An amendment of SCOPES as a manual: who is asked what when, under which policy, drawn as tables.

Version 2 asks month 3 a month later, drops month 24, and adds month 18. People were randomised on different days;
it is carried out on 1 May 2026 at noon. Instants are in UTC; in Amsterdam a day begins at 22:00Z in summer.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pro_service.domain.amendments import followed, governing, step
from pro_service.domain.assessments import Assessment
from pro_service.domain.protocol import Amendment, Offset, Policy, Study
from pro_service.domain.schedule import Facts, Planned, plan
from tests.domain.assessed import applied, begun
from tests.studies.timeline import events, scopes, table

CARRIED_OUT = datetime(2026, 5, 1, 12, tzinfo=UTC)
WHO = Facts("short", "lower_extremity", "Europe/Amsterdam")


def second(**policies: str) -> Study:
    """Version 2 of SCOPES, with these policies."""
    first = scopes()
    points = {one.code: one for one in first.timepoints}
    month_24 = points.pop("month_24")
    points["month_3"] = replace(points["month_3"], target=Offset(months=4))
    points["month_18"] = replace(month_24, code="month_18", target=Offset(months=18))
    enrolled = {code: Policy(policy) for code, policy in policies.items()}
    return replace(first, version=2, timepoints=tuple(points.values()), amendment=Amendment(1, "a reason", enrolled))


def lived(new: Study, dates: dict[str, str], *, answered: str = "") -> tuple[dict[str, int], tuple[Assessment, ...]]:
    """One person as the amendment leaves them: their exceptions, and their assessments."""
    known = events(dates)
    existing = applied((), plan(scopes(), WHO, known))
    if answered:
        existing = begun(existing, answered, submitted=True)
    planned = plan(new, WHO, known)
    follows = followed(step(scopes(), new), {}, existing=existing, planned=planned, now=CARRIED_OUT)
    return follows, applied(existing, plan(governing(new, follows, {1: scopes()}), WHO, known), CARRIED_OUT)


def drawn(assessments: tuple[Assessment, ...], *only: str) -> list[list[str]]:
    rows = {one.timepoint: one for one in assessments}
    return [["timepoint", "target", "opens at", "reason"], *(_cells(rows[code]) for code in only if code in rows)]


def _cells(one: Assessment) -> list[str]:
    opens_at = one.opens_at.strftime("%Y-%m-%dT%H:%MZ") if one.opens_at else "-"
    return [one.timepoint, str(one.target_on or "-"), opens_at, one.cancel_reason or "-"]


AMENDED = ("month_3", "month_18", "month_24")
MOVES = {"month_3": "move_unopened", "month_18": "move_unopened", "month_24": "move_unopened"}
KEEPS = {"month_3": "finish_on_old", "month_18": "newly_enrolled_only", "month_24": "finish_on_old"}


def test_whose_month_3_is_still_to_come_moves() -> None:
    """Randomised on 20 April: nothing of the three has opened."""
    follows, now = lived(second(**MOVES), {"randomisation": "2026-04-20"})
    assert drawn(now, *AMENDED) == table("""
        timepoint | target     | opens at          | reason
        month_3   | 2026-08-20 | 2026-08-05T22:00Z | -
        month_18  | 2027-10-20 | 2027-09-21T22:00Z | -
        month_24  | 2028-04-20 | 2028-03-22T23:00Z | not-in-protocol
    """)
    assert follows == {}


def test_whose_month_3_is_open_keeps_it() -> None:
    """Randomised on 20 January: month 3 has been open since 6 April, and they may have been invited."""
    follows, now = lived(second(**MOVES), {"randomisation": "2026-01-20"})
    assert drawn(now, *AMENDED) == table("""
        timepoint | target     | opens at          | reason
        month_3   | 2026-04-20 | 2026-04-05T22:00Z | -
        month_18  | 2027-07-20 | 2027-06-21T22:00Z | -
        month_24  | 2028-01-20 | 2027-12-22T23:00Z | not-in-protocol
    """)
    assert follows == {"month_3": 1}


def test_who_finishes_on_the_old_is_asked_as_ever() -> None:
    """Month 18 is for those who enrol from now on."""
    follows, now = lived(second(**KEEPS), {"randomisation": "2026-04-20"})
    assert drawn(now, *AMENDED) == table("""
        timepoint | target     | opens at          | reason
        month_3   | 2026-07-20 | 2026-07-05T22:00Z | -
        month_24  | 2028-04-20 | 2028-03-22T23:00Z | -
    """)
    assert follows == {"month_3": 1, "month_18": 1, "month_24": 1}


@pytest.mark.parametrize("policies", [MOVES, KEEPS], ids=["moving", "finishing"])
def test_what_was_submitted_stays(policies: dict[str, str]) -> None:
    """Failure rows 10 and 17: randomised on 12 January, month 3 submitted; the very same assessment afterwards."""
    before = begun(applied((), plan(scopes(), WHO, events({"randomisation": "2026-01-12"}))), "month_3", submitted=True)
    _, now = lived(second(**policies), {"randomisation": "2026-01-12"}, answered="month_3")
    assert [one for one in now if one.timepoint == "month_3"] == [one for one in before if one.timepoint == "month_3"]


def test_a_date_that_moves_later_moves_each_by_the_version_that_governs_it() -> None:
    """Randomisation is corrected by five days afterwards: the old month 3 and the new month 18 move by five."""
    new = second(**{**KEEPS, "month_18": "move_unopened"})
    follows, now = lived(new, {"randomisation": "2026-04-20"})
    corrected: tuple[Planned, ...] = plan(
        governing(new, follows, {1: scopes()}), WHO, events({"randomisation": "2026-04-25"})
    )
    assert drawn(applied(now, corrected, CARRIED_OUT), *AMENDED) == table("""
        timepoint | target     | opens at          | reason
        month_3   | 2026-07-25 | 2026-07-10T22:00Z | -
        month_18  | 2027-10-25 | 2027-09-26T22:00Z | -
        month_24  | 2028-04-25 | 2028-03-27T22:00Z | -
    """)

"""Enrolling a whole roster, or nobody: every bad row is told with its line and column. Guards failure 22."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from pro_service.domain import roster
from pro_service.domain.errors import Forbidden, Invalid
from pro_service.domain.protocol import Study
from pro_service.services import participants, rosters
from tests.services.forms import Begin
from tests.services.test_participants import rows
from tests.support import people


def table(study: Study, count: int, **cells: str) -> list[list[str]]:
    """A roster of this many people, all alike but for their codes, with these cells changed in the last row."""
    header = list(roster.columns(study))
    plain = {"site": "nki", "arm": "short", "stratum": "trunk", "language": "nl", "consented_on": "2026-01-10"}
    plain |= {f"eligibility.{one.code}": "no" if one.excludes else "yes" for one in study.criteria}
    plain |= {"events.randomisation": "2026-01-12", "planned.radiotherapy_start": "2026-01-26"}
    people_of = [plain | {"code": f"N-{n:03}", "email": f"n{n}@example.org"} for n in range(count)]
    if people_of:
        people_of[-1] |= {name.replace("__", "."): cell for name, cell in cells.items()}
    return [header, *([one.get(name, "") for name in header] for one in people_of)]


@pytest.mark.parametrize("count", [0, 1, 9])
def test_everybody_is_enrolled(work: Begin, scopes: Study, engine: Engine, count: int) -> None:
    with work(people.coordinator_nki) as w:
        enrolled = rosters.enrol_all(w, study="scopes", table=table(scopes, count), file="roster.csv")
        assert participants.listing(w, study="scopes") == enrolled
    assert rows(engine) == [count, count, 2 * count, 8 * count]


def test_every_bad_row_is_told_and_nobody_is_enrolled(work: Begin, scopes: Study, engine: Engine) -> None:
    sheet = table(scopes, 5, arm="long", consented_on="10 January")
    sheet[2] = table(scopes, 1, site="utrecht", timezone="Mars")[1]
    sheet[3] = sheet[1]
    with pytest.raises(Invalid) as refusal, work(people.everything) as w:
        rosters.enrol_all(w, study="scopes", table=sheet, file="roster.csv")
    told = [(problem.line, problem.field) for problem in refusal.value.problems]
    assert told == [(3, "site"), (3, "timezone"), (4, "code"), (6, "consented_on")]
    assert rows(engine) == [0, 0, 0, 0]


def test_somebody_enrolled_before_is_told_by_line(work: Begin, scopes: Study, engine: Engine) -> None:
    for count, expected in ((1, []), (2, [(2, "code")])):
        told = []
        try:
            with work(people.everything) as w:
                rosters.enrol_all(w, study="scopes", table=table(scopes, count), file="roster.csv")
        except Invalid as refusal:
            told = [(problem.line, problem.field) for problem in refusal.problems]
        assert told == expected
    assert rows(engine) == [1, 1, 2, 8]


def test_an_open_question_parks_that_one_person(work: Begin, scopes: Study) -> None:
    with work(people.everything) as w:
        one, two = rosters.enrol_all(
            w, study="scopes", table=table(scopes, 2, eligibility__adult="not_sure"), file="roster.csv"
        )
    assert (one.enrolled_at is None, two.enrolled_at is None) == (False, True)


def test_who_may_not_enrol_may_not_enrol_many(work: Begin, scopes: Study) -> None:
    with pytest.raises(Forbidden), work(people.investigator) as w:
        rosters.enrol_all(w, study="scopes", table=table(scopes, 1), file="roster.csv")

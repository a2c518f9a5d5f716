"""From forms and events to utilities over time: whose, counted from when, and which day a form stands for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID, uuid5

import pytest

from pro_service.domain.assessments import Assessment
from pro_service.domain.datacut import Cut, KnownForm, KnownParticipant, KnownResponse, KnownScores
from pro_service.domain.economics import Course, course, origin_event, utility_scale
from pro_service.domain.errors import Invalid
from pro_service.domain.events import EventRecord
from pro_service.domain.participants import Participant
from pro_service.domain.protocol import EventKind
from pro_service.instruments import load_catalogue
from tests.domain.protocols import study

CATALOGUE = load_catalogue()
ID = UUID("00000000-0000-7000-8000-000000000001")
NOW = datetime(2027, 1, 1, tzinfo=UTC)
SOMEBODY = Participant(
    ID,
    ID,
    ID,
    "T-001",
    "north",
    "one",
    "arm",
    "en",
    "Europe/Amsterdam",
    {},
    date(2026, 1, 1),
    datetime(2026, 1, 5, tzinfo=UTC),
)


def cut(*instruments: str, events: tuple[EventKind, ...] | None = None) -> Cut:
    protocol = study()
    return Cut(
        replace(protocol, events=events or protocol.events), (), tuple(CATALOGUE[code] for code in instruments), NOW
    )


def event(kind: str, on: date | None, *, actual: bool = True) -> EventRecord:
    return EventRecord(uuid5(ID, kind), ID, kind, on, actual, NOW, "somebody")


def form(
    submitted: datetime | None, utility: float | None, *, answered: str = "", instrument: str = "eq-5d-5l"
) -> KnownForm:
    assessment = Assessment(
        uuid5(ID, str(submitted)), ID, "visit", 1, "randomisation", None, None, None, None, None, (instrument,),
        submitted_at=submitted,
    )  # fmt: skip
    scores = KnownScores("1", "nl-2016", "default", "", NOW, {"INDEX": {"value": utility}})
    stamps = {"MO": {"answered": answered}, "SC": {}} if answered else {}
    return KnownForm(assessment, (KnownResponse(CATALOGUE[instrument], "1", "en", "", 1, (), {}, stamps, (scores,)),))


def lived(*forms: KnownForm, events: tuple[EventRecord, ...] = (), person: Participant = SOMEBODY) -> Course | None:
    known = KnownParticipant(person, (event("randomisation", date(2026, 1, 12)), *events), forms)
    return course(cut("eq-5d-5l"), known, instrument="eq-5d-5l", scale="INDEX")


def days(*forms: KnownForm, timezone: str = "Europe/Amsterdam") -> list[float]:
    found = lived(*forms, person=replace(SOMEBODY, timezone=timezone))
    assert found is not None
    return [one.time * 365.25 for one in found.observations]


def test_a_form_stands_for_the_local_day_on_which_it_was_filled_in() -> None:
    late = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)  # already February in Amsterdam
    assert days(form(late, 0.5)) == pytest.approx([20])
    assert days(form(late, 0.5), timezone="America/New_York") == pytest.approx([19])
    assert days(form(None, 0.5, answered="2026-02-01T10:00:00+00:00")) == pytest.approx([20])
    assert days(form(datetime(2026, 1, 10, tzinfo=UTC), 0.5)) == pytest.approx([-2])


def test_what_is_no_observation() -> None:
    submitted = datetime(2026, 2, 1, tzinfo=UTC)
    assert days(form(submitted, None)) == []  # no index, as a dimension was left open
    assert days(form(submitted, 0.5, instrument="eq-5d-3l")) == []
    assert days(form(None, 0.5)) == []


DEATHS = [
    (event("death", date(2026, 3, 13)), pytest.approx(60 / 365.25)),
    (event("death", date(2026, 3, 13), actual=False), None),
    (event("death", None), None),
    (event("withdrawal", date(2026, 3, 13)), None),
]


@pytest.mark.parametrize(("ending", "expected"), DEATHS)
def test_only_a_death_that_happened_is_a_death(ending: EventRecord, expected: float | None) -> None:
    found = lived(events=(ending,))
    assert found is not None
    assert found.death_time == expected


def test_who_is_not_enrolled_or_not_randomised_is_not_in_it() -> None:
    assert lived(person=replace(SOMEBODY, enrolled_at=None)) is None
    unknown = KnownParticipant(SOMEBODY, (event("randomisation", date(2026, 1, 12), actual=False),), ())
    assert course(cut("eq-5d-5l"), unknown, instrument="eq-5d-5l", scale="INDEX") is None


def test_time_is_counted_from_randomisation_or_else_the_first_required_event() -> None:
    consent = EventKind("consent", {}, required=True)
    assert origin_event(cut(events=(consent, EventKind("randomisation", {})))) == "randomisation"
    assert origin_event(cut(events=(EventKind("surgery", {}), consent))) == "consent"
    with pytest.raises(Invalid, match="tiny has neither"):
        origin_event(cut(events=(EventKind("surgery", {}),)))


def test_utilities_come_from_one_questionnaire() -> None:
    assert utility_scale(cut("qlq-c30", "eq-5d-5l")) == ("eq-5d-5l", "INDEX")
    both = cut("eq-5d-3l", "eq-5d-5l")
    assert utility_scale(both, "eq-5d-3l") == ("eq-5d-3l", "INDEX")
    for asked, given in ((None, both), (None, cut("qlq-c30")), ("qlq-c30", cut("qlq-c30"))):
        with pytest.raises(Invalid, match=r"with an index: (none|eq-5d-3l, eq-5d-5l)"):
            utility_scale(given, asked)

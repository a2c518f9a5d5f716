"""Who may take part: every problem of an enrolment, named by its field. Guards failure 23."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from pro_service.domain.enrolment import Enrolment, open_questions, problems
from pro_service.domain.protocol import Criterion, EventKind
from pro_service.domain.schedule import TrialEvent
from tests.domain.protocols import study

TODAY = date(2026, 1, 12)
LONG_AGO = date(1999, 12, 1)
START = "events.randomisation"
STUDY = replace(
    study(),
    criteria=(Criterion("adult", {}), Criterion("willing", {}), Criterion("pregnant", {}, excludes=True)),
    events=(EventKind("randomisation", {}, required=True), EventKind("surgery", {})),
)
FINE = Enrolment(
    code="N-001",
    site="north",
    arm="one",
    stratum="leg",
    language="en",
    timezone="Europe/Amsterdam",
    eligibility={"adult": "yes", "willing": "yes", "pregnant": "no"},
    consented_on=date(2026, 1, 10),
    events=(TrialEvent("randomisation", TODAY),),
)


def fields(**changed: Any) -> list[str]:
    """The fields that have a problem when these are changed."""
    return [problem.field for problem in problems(STUDY, replace(FINE, **changed), TODAY)]


def test_nothing_is_wrong_with_a_sound_enrolment() -> None:
    assert problems(STUDY, FINE, TODAY) == ()


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"code": ""}, "code"),
        ({"code": "Jan de Vries"}, "code"),
        ({"code": "-1"}, "code"),
        ({"code": "x" * 41}, "code"),
        ({"code": "N\x00"}, "code"),
        ({"site": "south"}, "site"),
        ({"arm": "three"}, "arm"),
        ({"arm": None}, "arm"),
        ({"stratum": "tail"}, "stratum"),
        ({"stratum": None}, "stratum"),
        ({"language": "fy"}, "language"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"timezone": ""}, "timezone"),
        ({"consented_on": None}, "consented_on"),
        ({"consented_on": date(2026, 1, 13)}, "consented_on"),
        ({"events": ()}, START),
        ({"events": (TrialEvent("randomisation", date(1999, 12, 31)),), "consented_on": LONG_AGO}, START),
        ({"events": (TrialEvent("randomisation", date(2026, 1, 13)),)}, START),
        ({"events": (TrialEvent("randomisation", date(2026, 1, 9)),)}, START),
        ({"events": (*FINE.events, TrialEvent("wedding", TODAY))}, "events.wedding"),
        ({"events": (*FINE.events, TrialEvent("surgery", TODAY), TrialEvent("surgery", TODAY))}, "events.surgery"),
    ],
)  # fmt: skip
def test_each_problem_is_named_by_its_field(changed: Mapping[str, Any], field: str) -> None:
    assert fields(**changed) == [field]


@pytest.mark.parametrize(
    ("eligibility", "wrong"),
    [
        ({"adult": "no", "willing": "yes", "pregnant": "no"}, ["eligibility.adult"]),
        ({"adult": "yes", "willing": "yes", "pregnant": "yes"}, ["eligibility.pregnant"]),
        ({"adult": "no", "willing": "yes", "pregnant": "yes"}, ["eligibility.adult", "eligibility.pregnant"]),
        ({"adult": "yes", "willing": "yes"}, ["eligibility.pregnant"]),
        ({"adult": "perhaps", "willing": "yes", "pregnant": "no"}, ["eligibility.adult"]),
        ({"adult": "yes", "willing": "yes", "pregnant": "no", "tall": "yes"}, ["eligibility.tall"]),
        ({"adult": "not_sure", "willing": "no", "pregnant": "no"}, ["eligibility.willing"]),
        ({"adult": "not_sure", "willing": "yes", "pregnant": "not_sure"}, []),
    ],
)  # fmt: skip
def test_criteria(eligibility: Mapping[str, str], wrong: list[str]) -> None:
    assert fields(eligibility=eligibility) == wrong


def test_screening_may_wait_for_arm_consent_and_randomisation() -> None:
    parked = replace(
        FINE,
        arm=None,
        stratum=None,
        consented_on=None,
        events=(),
        eligibility={**FINE.eligibility, "adult": "not_sure"},
    )
    assert parked.parked
    assert problems(STUDY, parked, TODAY) == ()
    assert open_questions(parked.eligibility) == ("adult",)


def test_every_problem_comes_at_once() -> None:
    assert fields(code="", site="", arm="x", stratum="x", language="", consented_on=None, events=()) == [
        "code", "site", "language", "arm", "stratum", "consented_on", "events.randomisation",
    ]  # fmt: skip

"""Enrolling, screening and finding participants. Guards failures 22, 23 and part of 19."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from pro_service.domain.audit import Actor
from pro_service.domain.errors import AlreadyEnrolled, Conflict, Forbidden, Invalid, NotFound, ProError, UnknownStudy
from pro_service.domain.events import current
from pro_service.domain.participants import Contact, Participant
from pro_service.domain.protocol import Study
from pro_service.domain.schedule import TrialEvent
from pro_service.services import assessments, contacts, events, participants
from pro_service.storage.assessments import assessment
from pro_service.storage.audit import audit_event
from pro_service.storage.contacts import contact as contact_table
from pro_service.storage.events import trial_event
from pro_service.storage.participants import participant
from tests.services.forms import Begin, Enrol, statuses
from tests.support import people
from tests.support.clock import Clock

TODAY = date(2026, 1, 12)
RANDOMISED = TrialEvent("randomisation", TODAY)


def facts(study: Study, **changed: Any) -> dict[str, Any]:
    """A sound enrolment in the study, with these things changed."""
    sound = {
        "study": study.code,
        "code": "NKI-001",
        "site": "nki",
        "arm": "short",
        "stratum": "lower_extremity",
        "language": "nl",
        "contact": Contact(name="A. Person", email="a.person@example.org"),
        "eligibility": verdicts(study),
        "consented_on": TODAY,
        "events": (RANDOMISED,),
    }
    return {**sound, **changed}


def verdicts(study: Study, **changed: str) -> dict[str, str]:
    """Every criterion answered so that somebody may take part, but for these."""
    return {criterion.code: "no" if criterion.excludes else "yes" for criterion in study.criteria} | changed


def rows(engine: Engine) -> list[int]:
    """How many participants, contacts, events and assessments there are."""
    tables = (participant, contact_table, trial_event, assessment)
    with engine.connect() as connection:
        return [connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables]


def test_enrolling_plans_everything_in_one_step(work: Begin, scopes: Study, engine: Engine, clock: Clock) -> None:
    with work(people.coordinator_nki) as w:
        anna = participants.enrol(w, **facts(scopes))
        assert participants.by_id(w, participant_id=anna.id) == anna
        assert contacts.read(w, participant_id=anna.id).email == "a.person@example.org"
        assert current(events.history(w, participant_id=anna.id)) == (RANDOMISED,)
    assert (anna.enrolled_at, anna.timezone, anna.open_questions) == (clock.now, "Europe/Amsterdam", ())
    assert rows(engine) == [1, 1, 1, 8]
    assert statuses(work, anna) == {
        "baseline": "open",
        "end_of_radiotherapy": "waiting",
        "before_surgery": "waiting",
        "postop_30d": "waiting",
        "month_3": "planned",
        "month_6": "planned",
        "month_12": "planned",
        "month_24": "planned",
    }


@pytest.mark.parametrize(
    ("stratum", "asked"),
    [
        ("lower_extremity", {"tess-le"}),
        ("upper_extremity", {"tess-ue"}),
        ("trunk", set()),
        ("head_neck", {"qlq-hn43"}),
    ],
)
def test_the_stratum_decides_which_questionnaires_are_asked(
    work: Begin, enrolled: Enrol, stratum: str, asked: set[str]
) -> None:
    person = enrolled(stratum=stratum)
    with work(people.patient(person.id)) as w:
        baseline = assessments.listing(w, participant_id=person.id)[0].assessment
    assert set(baseline.instruments) - {"qlq-c30", "eq-5d-5l", "imcq", "ipcq"} == asked


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        ({"code": "two words"}, ["code"]),
        ({"site": "utrecht"}, ["site"]),
        ({"arm": "long"}, ["arm"]),
        ({"stratum": "tail"}, ["stratum"]),
        ({"language": "fr"}, ["language"]),
        ({"timezone": "Europe/Atlantis"}, ["timezone"]),
        ({"consented_on": None}, ["consented_on"]),
        ({"consented_on": date(2026, 1, 13)}, ["consented_on"]),
        ({"events": ()}, ["events.randomisation"]),
        ({"events": (TrialEvent("randomisation", date(2019, 1, 1)),), "consented_on": None, "arm": "x"},
         ["arm", "consented_on", "events.randomisation"]),
        ({"eligibility": {}}, None),
    ],
)  # fmt: skip
def test_every_problem_is_named_and_nothing_is_stored(
    *, work: Begin, scopes: Study, engine: Engine, changed: Mapping[str, Any], fields: list[str] | None
) -> None:
    """Failure 23: consent cannot lie in the future; dates and instants are different things."""
    with pytest.raises(Invalid) as refusal, work(people.everything) as w:
        participants.enrol(w, **facts(scopes, **changed))
    named = [problem.field for problem in refusal.value.problems]
    assert named == (fields or [f"eligibility.{criterion.code}" for criterion in scopes.criteria])
    assert rows(engine) == [0, 0, 0, 0]


@pytest.mark.parametrize(("criterion", "verdict"), [("adult", "no"), ("pregnancy", "yes")])
def test_whoever_may_not_take_part_is_not_enrolled(work: Begin, scopes: Study, criterion: str, verdict: str) -> None:
    with pytest.raises(Invalid) as refusal, work(people.everything) as w:
        participants.enrol(w, **facts(scopes, eligibility=verdicts(scopes, **{criterion: verdict})))
    assert [problem.field for problem in refusal.value.problems] == [f"eligibility.{criterion}"]


def test_a_code_belongs_to_one_person(work: Begin, scopes: Study, engine: Engine) -> None:
    with work(people.everything) as w:
        participants.enrol(w, **facts(scopes))
    with pytest.raises(AlreadyEnrolled), work(people.everything) as w:
        participants.enrol(w, **facts(scopes, arm="conventional"))
    assert rows(engine) == [1, 1, 1, 8]


def test_not_sure_parks_in_screening_with_the_open_question(work: Begin, scopes: Study, engine: Engine) -> None:
    """Nothing is asked of somebody whose eligibility is open; what is known of them is kept."""
    unsure = verdicts(scopes, adult="not_sure")
    with work(people.coordinator_nki) as w:
        parked = participants.enrol(
            w, **facts(scopes, eligibility=unsure, arm=None, stratum=None, consented_on=None, events=())
        )
    assert (parked.enrolled_at, parked.open_questions) == (None, ("adult",))
    assert rows(engine) == [1, 1, 0, 0]


def test_screening_is_completed_when_the_last_question_is_answered(
    work: Begin, scopes: Study, clock: Clock, engine: Engine
) -> None:
    unsure = verdicts(scopes, adult="not_sure", pregnancy="not_sure")
    with work(people.coordinator_nki) as w:
        parked = participants.enrol(w, **facts(scopes, eligibility=unsure, arm=None, events=()))
        still = participants.complete_screening(w, participant_id=parked.id, eligibility={"adult": "yes"})
    assert (still.enrolled_at, still.open_questions) == (None, ("pregnancy",))
    clock.advance(days=1)
    with pytest.raises(Invalid) as refusal, work(people.coordinator_nki) as w:
        participants.complete_screening(w, participant_id=parked.id, eligibility={"pregnancy": "no"})
    assert [problem.field for problem in refusal.value.problems] == ["arm", "events.randomisation"]
    with work(people.coordinator_nki) as w:
        done = participants.complete_screening(
            w, participant_id=parked.id, eligibility={"pregnancy": "no"}, arm="short", events=[RANDOMISED]
        )
        assert participants.by_id(w, participant_id=parked.id) == done
    assert (done.enrolled_at, done.id) == (clock.now, parked.id)
    assert rows(engine) == [1, 1, 1, 8]
    with pytest.raises(Conflict), work(people.coordinator_nki) as w:
        participants.complete_screening(w, participant_id=parked.id, eligibility={"adult": "yes"})


def test_screening_that_ends_with_a_no_enrols_nobody(work: Begin, scopes: Study) -> None:
    with work(people.coordinator_nki) as w:
        parked = participants.enrol(w, **facts(scopes, eligibility=verdicts(scopes, adult="not_sure")))
    with pytest.raises(Invalid), work(people.coordinator_nki) as w:
        participants.complete_screening(w, participant_id=parked.id, eligibility={"adult": "no"})


def test_an_event_of_somebody_in_screening_plans_nothing(work: Begin, scopes: Study, engine: Engine) -> None:
    with work(people.coordinator_nki) as w:
        parked = participants.enrol(w, **facts(scopes, eligibility=verdicts(scopes, adult="not_sure")))
        planned = events.record(w, participant_id=parked.id, kind="surgery", on=date(2026, 3, 1), actual=False)
    assert planned.changes == ()
    assert rows(engine) == [1, 1, 2, 0]


@pytest.mark.parametrize(
    ("actor", "error"),
    [
        (people.nobody, Forbidden),
        (people.investigator, Forbidden),
        (Actor(kind="staff", id="c", role="coordinator", study="scopes", site="lumc"), NotFound),
        (Actor(kind="staff", id="c", role="coordinator", study="other"), NotFound),
        (Actor(kind="api_key", id="k", role="admin", scopes=frozenset({"exports.write"})), Forbidden),
    ],
)
def test_who_may_not_enrol(work: Begin, scopes: Study, actor: Actor, error: type[ProError]) -> None:
    with pytest.raises(error), work(actor) as w:
        participants.enrol(w, **facts(scopes))


def test_a_study_must_be_active(work: Begin, scopes: Study) -> None:
    with pytest.raises(UnknownStudy), work(people.everything) as w:
        participants.enrol(w, **{**facts(scopes), "study": "other"})


@pytest.mark.parametrize("count", [0, 1, 9])
def test_lists_page_by_code_and_by_site(work: Begin, enrolled: Enrol, scopes: Study, count: int) -> None:
    """Failure 22: nobody, one and nine people; one site's staff see their own."""
    here = [enrolled(f"NKI-{number:03}") for number in range(count)]
    if count:
        enrolled("LUMC-001", site="lumc")
    found: list[Participant] = []
    with work(people.coordinator_nki, writes=False) as w:
        while page := participants.listing(w, study="scopes", after=found[-1].code if found else "", limit=4):
            found.extend(page)
        with pytest.raises(NotFound):
            participants.listing(w, study="scopes", site="lumc")
    assert found == here
    with work(people.everything, writes=False) as w:
        assert len(participants.listing(w, study="scopes")) == count + bool(count)
        assert len(participants.listing(w, study="scopes", site="lumc")) == bool(count)


def test_a_blinded_role_sees_no_arm(work: Begin, enrolled: Enrol) -> None:
    """AT-19: the same person, with and without what was allotted."""
    anna = enrolled()
    with work(people.investigator) as w:
        seen = [participants.by_id(w, participant_id=anna.id), *participants.listing(w, study="scopes")]
    assert [one.arm for one in seen] == [None, None]
    with work(people.coordinator_nki) as w:
        assert participants.by_id(w, participant_id=anna.id).arm == "short"


def test_a_patient_finds_themself_and_nobody_else(work: Begin, enrolled: Enrol) -> None:
    anna, bob = enrolled(), enrolled()
    with work(people.patient(anna.id), writes=False) as w:
        assert participants.by_id(w, participant_id=anna.id).code == anna.code
        with pytest.raises(NotFound):
            participants.by_id(w, participant_id=bob.id)
        with pytest.raises(Forbidden):
            participants.listing(w, study="scopes")


def test_enrolment_is_audited_field_by_field_without_a_name(work: Begin, scopes: Study, engine: Engine) -> None:
    """AT-3, AT-4, GD-1: each fact and each criterion with its first value; the contact only as set."""
    with work(people.coordinator_nki) as w:
        participants.enrol(w, **facts(scopes))
    with engine.connect() as connection:
        lines = connection.execute(select(audit_event).order_by(audit_event.c.id)).all()
    told = {line.action: line for line in lines if line.actor_id == "coordinator-nki"}
    changes = told["participant.enrol"].changes
    assert changes["arm"] == [None, "short"]
    assert changes["eligibility.adult"] == [None, "yes"]
    assert changes["consented_on"] == [None, "2026-01-12"]
    assert told["event.record"].changes["randomisation.on"] == [None, "2026-01-12"]
    assert len([line for line in lines if line.action == "assessment.create"]) == 8
    assert "example.org" not in str([line.changes for line in lines])

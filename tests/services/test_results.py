"""One participant's results: what scores come to beside published figures and baseline, and who may read them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, event, select

from pro_service.domain.assessments import Status
from pro_service.domain.errors import Forbidden, NotFound
from pro_service.domain.participants import Participant
from pro_service.domain.responses import Draft
from pro_service.domain.results import InstrumentResults, Result
from pro_service.domain.schedule import TrialEvent
from pro_service.services import datasets, responses, results
from pro_service.services.results import Results
from pro_service.storage.audit import audit_event
from tests.services.forms import QLQ, THIRTY, Begin, Enrol, assessment
from tests.services.test_datasets import tables
from tests.services.test_rescoring import amend_value_set
from tests.services.test_scores import STATE, score_all, submit
from tests.support import people
from tests.support.clock import Clock


@pytest.fixture
def anna(work: Begin, enrolled: Enrol, clock: Clock) -> Participant:
    """Answered at baseline and, feeling worse, a week after radiotherapy ended; the next form is open and begun."""
    person = enrolled(events=(TrialEvent("surgery", date(2026, 3, 20), actual=False),))
    submit(work, person, {QLQ: THIRTY, "eq-5d-5l": STATE})
    clock.advance(days=63)
    worse = {**THIRTY, "q1": 4, "q2": 4, "q3": 4, "q10": 4, "q8": "declined"}
    one = assessment(work, person, "before_surgery")
    with work(people.patient(person.id)) as w:
        responses.submit(w, assessment_id=one.id, drafts={QLQ: Draft(worse)})
    score_all(work)
    return person


def answer(work: Begin, person: Participant, timepoint: str, clock: Clock) -> None:
    """Go to the day a form opens, and hand it in."""
    one = assessment(work, person, timepoint)
    assert one.opens_at
    clock.set(one.opens_at + timedelta(hours=9))
    with work(people.patient(person.id)) as w:
        responses.submit(w, assessment_id=one.id, drafts={QLQ: Draft(THIRTY), "eq-5d-5l": Draft(STATE)})
    score_all(work)


def seen(work: Begin, person: Participant) -> Results:
    with work() as w:
        return results.of_participant(w, participant_id=person.id)


def of(found: Results, instrument: str = QLQ) -> InstrumentResults:
    return next(one for one in found.instruments if one.instrument.code == instrument)


def row(found: InstrumentResults, scale: str) -> tuple[Result | None, ...]:
    return next(one.results for one in found.scales if one.stick.scale.code == scale)


def test_scores_stand_beside_baseline_and_thresholds(work: Begin, anna: Participant) -> None:
    found = of(seen(work, anna))
    assert [(one.assessment.timepoint, one.status) for one in found.occasions] == [
        ("baseline", Status.SUBMITTED),
        ("before_surgery", Status.SUBMITTED),
    ]
    first, last = row(found, "PF2")
    assert first
    assert last
    assert first.value == pytest.approx(200 / 3)
    assert (first.judged.change, first.judged.verdict) == (None, None)
    assert last.judged.change == pytest.approx(-40)
    assert last.judged.verdict == "worse"
    assert (first.judged.beyond, last.judged.beyond) == (True, True)
    *_, fatigue = row(found, "FA")
    assert fatigue
    assert fatigue.judged.verdict == "worse"
    assert fatigue.judged.change == pytest.approx(200 / 9)


def test_what_is_not_scorable_says_how_many_items_were_answered(work: Begin, anna: Participant) -> None:
    *_, breath = row(of(seen(work, anna)), "DY")
    assert breath
    assert (breath.value, breath.answered, breath.items) == (None, 0, 1)
    assert breath.judged.beyond is None


def test_every_score_says_what_made_it(work: Begin, anna: Participant) -> None:
    """Failure 30."""
    (first, *_) = of(seen(work, anna), "eq-5d-5l").occasions
    assert first.made
    made = (first.version, first.revision, first.made.scorer_version, first.made.value_set, first.made.missing_rule)
    assert made == ("1", 1, "1", "nl-2016", "default")
    assert len(first.made.input_hash) == 64


def test_a_form_that_is_still_open_is_not_shown(work: Begin, enrolled: Enrol) -> None:
    person = enrolled()
    one = assessment(work, person)
    with work(people.patient(person.id)) as w:
        responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q1": 4}, revision=0)
    found = seen(work, person)
    assert found.instruments == ()
    assert {form.timepoint: state for form, state in found.forms}["baseline"] is Status.IN_PROGRESS


def test_another_value_set_is_not_compared_with_baseline(work: Begin, anna: Participant, clock: Clock) -> None:
    """A difference between two value sets is no change in a person's health."""
    amend_value_set(work, 2, "england-2018")
    answer(work, anna, "postop_30d", clock)
    first, *_, last = of(seen(work, anna), "eq-5d-5l").occasions
    assert first.made
    assert last.made
    assert [first.made.value_set, last.made.value_set] == ["nl-2016", "england-2018"]
    assert [one.judged.change for one in row(of(seen(work, anna), "eq-5d-5l"), "INDEX") if one] == [None, None]


def test_a_data_cut_says_the_same_and_the_codebook_by_which_figures(work: Begin, anna: Participant) -> None:
    with work(writes=False) as w:
        cut = tables(datasets.cut(w, study="scopes", as_of=w.now))
    found = of(seen(work, anna))
    shown = {
        (occasion.assessment.timepoint, scale.stick.scale.code): result
        for scale in found.scales
        for occasion, result in zip(found.occasions, scale.results, strict=True)
    }
    rows = [row for row in cut["scores_long"] if row["instrument"] == QLQ]
    assert len(rows) == len(shown) == 32
    for row in rows:
        result = shown[str(row["timepoint"]), str(row["scale"])]
        assert result
        judged = result.judged
        assert row["value"] == result.value
        said = (row["beyond_threshold"], row["change_from_baseline"], row["beyond_mid"])
        assert said == (judged.beyond, judged.change, judged.verdict)
    assert [row["beyond_mid"] for row in rows if row["scale"] == "PF2"] == [None, "worse"]
    book = {row["column"]: row for row in cut["codebook"] if row["table"] == "scores_wide"}
    physical, utility = book["qlq_c30_PF2"], book["eq_5d_5l_INDEX"]
    assert (physical["higher_is"], physical["missing_rule"]) == ("better", "needs 3 of 5 items")
    assert (physical["threshold_side"], physical["threshold"]) == ("below", 83)
    assert (physical["mid_better"], physical["mid_worse"]) == (10, 10)
    assert physical["mid_published"] == "5 to 10 points within a person"
    assert str(physical["threshold_source"]).startswith("Giesinger JM et al. J Clin Epidemiol 2020")
    assert str(physical["threshold_source"]).endswith("(unverified)")
    assert (utility["threshold"], utility["mid_better"], utility["mid_source"]) == (None, None, None)


def test_reading_is_on_record_and_changes_nothing(work: Begin, anna: Participant, engine: Engine) -> None:
    """AT-17: who opened which subject."""
    with work(people.coordinator_nki) as w:
        results.of_participant(w, participant_id=anna.id)
    with engine.connect() as connection:
        line = connection.execute(select(audit_event).order_by(audit_event.c.id.desc()).limit(1)).one()
    assert (line.action, line.actor_id, line.participant_id) == ("participant.read", "coordinator-nki", anna.id)
    assert line.changes == {}


READERS = [
    (people.everything, None),
    (people.coordinator_nki, None),
    (people.investigator, None),
    (replace(people.coordinator_nki, site="lumc"), NotFound),
    (replace(people.coordinator_nki, study="another"), NotFound),
    (people.nobody, Forbidden),
    (people.patient("x"), Forbidden),
]


def test_who_may_read(work: Begin, enrolled: Enrol) -> None:
    person = enrolled()
    for actor, error in READERS:
        with work(actor) as w:
            if error is None:
                arm = results.of_participant(w, participant_id=person.id).participant.arm
                assert arm == (None if actor is people.investigator else "short")
            else:
                with pytest.raises(error):
                    results.of_participant(w, participant_id=person.id)


def test_the_number_of_queries_does_not_grow(work: Begin, anna: Participant, engine: Engine, clock: Clock) -> None:
    def asked() -> int:
        statements: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
            statements.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        try:
            seen(work, anna)
        finally:
            event.remove(engine, "before_cursor_execute", note)
        return len(statements)

    before = asked()
    for timepoint in ("postop_30d", "month_6"):
        answer(work, anna, timepoint, clock)
    assert asked() == before
    assert before <= 12

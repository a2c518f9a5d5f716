"""Scoring what was submitted: in batches, once, shared by workers, under the value set that the protocol names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, update

from pro_service.domain.audit import Actor
from pro_service.domain.errors import Forbidden
from pro_service.domain.instruments import Answer
from pro_service.domain.participants import Participant
from pro_service.domain.responses import Draft
from pro_service.domain.scoring import SCORER_VERSION, input_hash
from pro_service.runtime import Runtime
from pro_service.services import assessments, corrections, responses, scores
from pro_service.storage.audit import audit_event
from pro_service.storage.responses import response
from pro_service.storage.scores import score_set
from tests.services.forms import QLQ, THIRTY, Begin, Enrol, assessment
from tests.support import people
from tests.support.clock import Clock

SYSTEM = Actor(kind="system", id="scores", role="system")
STATE: dict[str, Answer] = {"MO": 2, "SC": 1, "UA": 2, "PD": 3, "AD": 1, "VAS": 70}


def submit(work: Begin, participant: Participant, drafts: Mapping[str, Mapping[str, Answer]]) -> None:
    one = assessment(work, participant)
    with work(people.patient(participant.id)) as w:
        responses.submit(w, assessment_id=one.id, drafts={code: Draft(answers) for code, answers in drafts.items()})


def score_all(work: Begin, limit: int = 2000) -> int:
    with work(SYSTEM) as w:
        return scores.score_pending(w, limit=limit)


def sets(engine: Engine, instrument: str = QLQ) -> list[Any]:
    query = select(score_set).where(score_set.c.instrument == instrument).order_by(score_set.c.revision)
    with engine.connect() as connection:
        return list(connection.execute(query))


def audited(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(audit_event)).scalar_one()


def test_a_submitted_form_is_scored_once_and_says_how(
    work: Begin, enrolled: Enrol, engine: Engine, runtime: Runtime, clock: Clock
) -> None:
    submit(work, enrolled(), {QLQ: {**THIRTY, "q1": "declined"}})
    assert score_all(work) == 1
    assert score_all(work) == 0
    (found,) = sets(engine)
    assert (found.revision, found.scorer_version, found.value_set) == (1, SCORER_VERSION, "")
    assert (found.missing_rule, found.instrument_version) == ("default", "3.0")
    assert found.input_hash == input_hash(runtime.catalogue[QLQ], {**THIRTY, "q1": "declined"})
    assert found.computed_at == clock.now
    assert found.scales["PF2"] == {"value": pytest.approx(200 / 3), "n_answered": 4, "n_items": 5}
    assert set(found.scales) == {scale.code for scale in runtime.catalogue[QLQ].scales}


def test_the_protocol_names_the_value_set(work: Begin, enrolled: Enrol, engine: Engine) -> None:
    submit(work, enrolled(), {"eq-5d-5l": STATE})
    score_all(work)
    (found,) = sets(engine, "eq-5d-5l")
    assert found.value_set == "nl-2016"
    assert found.scales["INDEX"]["value"] == 0.787
    assert found.scales["PROFILE"]["value"] == "21231"


def test_what_cannot_be_scored_is_stored_as_missing_with_its_count(
    work: Begin, enrolled: Enrol, engine: Engine
) -> None:
    submit(work, enrolled(), {"eq-5d-5l": {"MO": 2, "VAS": 0}})
    score_all(work)
    (found,) = sets(engine, "eq-5d-5l")
    assert found.scales["INDEX"] == {"value": None, "n_answered": 1, "n_items": 5}
    assert found.scales["PROFILE"]["value"] is None
    assert found.scales["VAS"]["value"] == 0


def test_a_correction_adds_scores_and_keeps_the_old(work: Begin, enrolled: Enrol, engine: Engine) -> None:
    submit(work, enrolled(), {QLQ: THIRTY})
    score_all(work)
    with engine.connect() as connection:
        response_id = connection.execute(select(response.c.id)).scalar_one()
    with work() as w:
        corrections.correct(w, response_id=response_id, answers={"q29": 7}, reason="typing error on paper")
    assert score_all(work) == 1
    assert [round(found.scales["QL2"]["value"], 3) for found in sets(engine)] == [16.667, 58.333]


def test_a_form_begun_and_closed_is_scored_as_far_as_the_rules_allow(
    work: Begin, enrolled: Enrol, engine: Engine, clock: Clock
) -> None:
    """Failure 35: what was saved before the window closed is kept and scored."""
    anna = enrolled()
    one = assessment(work, anna)
    with work(people.patient(anna.id)) as w:
        responses.save(w, assessment_id=one.id, instrument=QLQ, answers={"q29": 4, "q30": 4}, revision=0)
    assert score_all(work) == 0
    clock.advance(days=60)
    with work(SYSTEM) as w:
        assessments.close_overdue(w, limit=10)
    assert score_all(work) == 1
    assert sets(engine)[0].scales["QL2"]["value"] == 50


def test_a_backlog_is_taken_in_batches_and_each_is_audited(work: Begin, enrolled: Enrol, engine: Engine) -> None:
    for _ in range(5):
        submit(work, enrolled(), {QLQ: THIRTY, "eq-5d-5l": STATE})
    batches = [score_all(work, limit=4) for _ in range(4)]
    assert batches == [4, 4, 2, 0]
    assert (len(sets(engine)), len(sets(engine, "eq-5d-5l"))) == (5, 5)
    with engine.connect() as connection:
        lines = connection.execute(select(audit_event).where(audit_event.c.action == "scores.compute")).all()
    assert sum(line.changes["forms"][1] for line in lines) == 10
    assert {line.changes["value_set"][1] for line in lines if line.subject_id == "eq-5d-5l"} == {"nl-2016"}


def test_nothing_waiting_writes_nothing(work: Begin, scopes: object, engine: Engine) -> None:
    before = audited(engine)
    assert score_all(work) == 0
    assert audited(engine) == before


def test_a_crash_before_the_commit_leaves_the_form_waiting(work: Begin, enrolled: Enrol, engine: Engine) -> None:
    submit(work, enrolled(), {QLQ: THIRTY})

    def die() -> None:
        with work(SYSTEM) as w:
            scores.score_pending(w)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        die()
    assert sets(engine) == []
    assert score_all(work) == 1


@pytest.mark.parametrize("change", [{"instrument": "retired"}, {"instrument_version": "1.0"}])
def test_a_form_this_catalogue_does_not_know_holds_up_nobody(
    *, work: Begin, enrolled: Enrol, engine: Engine, clock: Clock, change: dict[str, str]
) -> None:
    """Trap 14: answers to version 1 are never scored as version 3."""
    submit(work, enrolled(), {QLQ: THIRTY})
    with engine.begin() as connection:
        connection.execute(update(response).values(**change))
    submit(work, enrolled(), {QLQ: THIRTY})
    assert [score_all(work, limit=1), score_all(work, limit=1), score_all(work, limit=1)].count(1) == 1
    assert len(sets(engine)) == 1
    clock.advance(hours=2)
    assert score_all(work) == 0
    with engine.begin() as connection:
        connection.execute(update(response).values(instrument=QLQ, instrument_version="3.0"))
    clock.advance(hours=2)
    assert score_all(work) == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_workers_share_the_work(work: Begin, enrolled: Enrol, engine: Engine) -> None:
    for _ in range(4):
        submit(work, enrolled(), {QLQ: THIRTY})
    with work(SYSTEM) as first, work(SYSTEM) as second:
        assert (scores.score_pending(first, limit=3), scores.score_pending(second)) == (3, 1)
    assert len(sets(engine)) == 4


def test_only_the_system_and_an_admin_may(work: Begin, scopes: object) -> None:
    with pytest.raises(Forbidden), work(people.investigator) as w:
        scores.score_pending(w)
    with work(people.everything) as w:
        assert scores.score_pending(w, lease=timedelta(minutes=1)) == 0

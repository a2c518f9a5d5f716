"""Scoring a study again: the old scores stay, the same again adds nothing, and the report says what differs.

What an older scorer left is stored as that scorer would have: real score sets that bear its version.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from functools import partial

import pytest
from sqlalchemy import Engine, func, select, update

from pro_service.domain.audit import AuditEvent
from pro_service.domain.errors import Forbidden, UnknownInstrument, UnknownStudy
from pro_service.domain.rescoring import ScaleDifference
from pro_service.domain.scores import ScaleScore, ScoreSet, score_sets
from pro_service.domain.scoring import SCORER_VERSION
from pro_service.runtime import Runtime
from pro_service.services import amendments, datasets, rescoring, scores, studies
from pro_service.services.rescoring import Outcome
from pro_service.services.work import Work
from pro_service.storage import scores as stored
from pro_service.storage.audit import audit_event
from pro_service.storage.responses import response
from pro_service.storage.scores import score_set
from tests.services.amended import TEXT, amendment
from tests.services.forms import QLQ, THIRTY, Begin, Enrol
from tests.services.test_datasets import tables
from tests.services.test_scores import STATE, SYSTEM, score_all, sets, submit
from tests.support import people
from tests.support.clock import Clock

Rescore = Callable[..., Outcome]
OLDER = "0"


@pytest.fixture
def rescore(runtime: Runtime) -> Rescore:
    def again(*, study: str = "scopes", instrument: str = "", dry_run: bool = False) -> Outcome:
        open_work = partial(runtime.work, people.everything)
        return rescoring.rescore(
            open_work, study=study, instrument=instrument, dry_run=dry_run, progress=lambda _done, _total: None
        )

    return again


def as_the_older_scorer(made: ScoreSet) -> ScoreSet:
    """It gave ten points too much for physical functioning, could not score pain, and scored nausea nonetheless."""
    scales = dict(made.scales)
    if made.instrument == QLQ:
        physical = scales["PF2"]
        assert isinstance(physical["value"], float)
        scales["PF2"] = ScaleScore(**{**physical, "value": physical["value"] + 10})
        scales["PA"] = ScaleScore(**{**scales["PA"], "value": None})
    return replace(made, scorer_version=OLDER, scales=scales)


def score_as_before(work: Begin) -> None:
    """Score what waits as the older program did."""
    with work(SYSTEM) as w:
        for group, forms in scores.grouped(w, stored.claim_pending(w.session, now=w.now, limit=100)).items():
            made = score_sets(w.catalogue[group[1]], forms, scores.tariff(group[2]))
            stored.add(w.session, [as_the_older_scorer(one) for one in made], at=w.now)
            w.record(AuditEvent("scores.compute", "instrument", group[1], {}, study_id=group[0]))


@pytest.fixture
def three(work: Begin, enrolled: Enrol, clock: Clock) -> None:
    """Three people answered and were scored by the older program; an hour has passed."""
    for _ in range(3):
        submit(work, enrolled(), {QLQ: THIRTY, "eq-5d-5l": STATE})
    score_as_before(work)
    clock.advance(hours=1)


def by_scale(outcome: Outcome) -> dict[str, ScaleDifference]:
    return {one.scale: one for one in outcome.differences}


def lines(engine: Engine) -> list[tuple[str, int]]:
    query = select(audit_event).where(audit_event.c.action == "scores.rescore").order_by(audit_event.c.id)
    with engine.connect() as connection:
        return [(line.subject_id, line.changes["forms"][1]) for line in connection.execute(query)]


def test_new_scores_stand_beside_the_old_and_the_report_says_what_differs(
    three: None, rescore: Rescore, engine: Engine
) -> None:
    outcome = rescore()
    assert (outcome.forms, outcome.added) == (6, 6)
    found = by_scale(outcome)
    assert (found["PF2"].compared, found["PF2"].changed) == (3, 3)
    assert found["PF2"].largest == pytest.approx(-10)
    assert found["PF2"].mean == pytest.approx(-10)
    assert (found["PA"].changed, found["PA"].newly_scorable, found["PA"].no_longer_scorable) == (0, 3, 0)
    assert {code for code, one in found.items() if one.is_a_change} == {"PF2", "PA"}
    assert found["INDEX"].compared == 3
    assert sorted(one.scorer_version for one in sets(engine)) == [OLDER] * 3 + [SCORER_VERSION] * 3
    assert {one.value_set for one in sets(engine, "eq-5d-5l")} == {"nl-2016"}
    assert sorted(lines(engine)) == [("eq-5d-5l", 3), (QLQ, 3)]


def test_the_same_again_adds_nothing_and_reports_the_same(three: None, rescore: Rescore, engine: Engine) -> None:
    first, second = rescore(), rescore()
    assert (second.forms, second.added) == (6, 0)
    assert list(second.differences) == list(first.differences)
    assert len(lines(engine)) == 2


def test_a_dry_run_reports_the_same_and_stores_nothing(three: None, rescore: Rescore, engine: Engine) -> None:
    rehearsed = rescore(dry_run=True)
    assert (len(sets(engine)), lines(engine)) == (3, [])
    done = rescore()
    assert list(rehearsed.differences) == list(done.differences)
    assert rehearsed.added == done.added == 6


def test_killed_half_way_it_goes_on_where_it_was(
    three: None, rescore: Rescore, runtime: Runtime, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rescoring, "BATCH", 2)

    def stop(done: int, _total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rescoring.rescore(
            partial(runtime.work, people.everything), study="scopes", instrument="", dry_run=False, progress=stop
        )
    assert sum(forms for _, forms in lines(engine)) == 4
    outcome = rescore()
    assert outcome.added == 2
    assert by_scale(outcome)["PF2"].changed == 3, "the report is of the whole study"
    assert len(sets(engine)) == len(sets(engine, "eq-5d-5l")) == 6


def test_one_instrument_alone(three: None, rescore: Rescore, engine: Engine) -> None:
    assert rescore(instrument=QLQ).added == 3
    assert (len(sets(engine)), len(sets(engine, "eq-5d-5l"))) == (6, 3)


def test_a_cut_shows_the_newest_and_an_earlier_cut_what_was_known_then(
    three: None, rescore: Rescore, work: Begin, clock: Clock
) -> None:
    then = clock.now
    clock.advance(hours=1)
    rescore()
    clock.advance(hours=1)
    with work(people.everything, writes=False) as w:
        shown = [exported(w, then), exported(w, clock.now)]
    assert [version for version, _ in shown] == [OLDER, SCORER_VERSION]
    assert [value for _, value in shown] == pytest.approx([230 / 3, 200 / 3])


def exported(w: Work, as_of: datetime) -> tuple[str, float]:
    """Scorer and physical functioning in both score tables, the same for everybody."""
    known = tables(datasets.cut(w, study="scopes", as_of=as_of))
    long = {(row["scorer_version"], row["value"]) for row in known["scores_long"] if row["scale"] == "PF2"}
    wide = {row["qlq_c30_PF2"] for row in known["scores_wide"]}
    ((version, value),) = long
    assert wide == {value}
    assert isinstance(version, str)
    assert isinstance(value, float)
    return version, value


def test_an_older_program_that_still_runs_does_not_hide_newer_scores(
    work: Begin, enrolled: Enrol, clock: Clock
) -> None:
    submit(work, enrolled(), {QLQ: THIRTY})
    score_all(work)
    clock.advance(hours=1)
    with work(SYSTEM) as w:
        study_id = studies.active_version(w, code="scopes").study_id
        (form,) = stored.scored(w.session, study_id=study_id, instrument="", after=None, limit=9, lock=False)
        made = score_sets(w.catalogue[QLQ], [form], None)
        stored.keep(w.session, [as_the_older_scorer(one) for one in made], at=w.now)
        w.record(AuditEvent("scores.rescore", "instrument", QLQ, {}, study_id=form.study_id))
    with work(people.everything, writes=False) as w:
        assert exported(w, clock.now)[0] == SCORER_VERSION


def test_answers_to_another_version_are_left_alone_and_counted(three: None, rescore: Rescore, engine: Engine) -> None:
    """Trap 14: answers to version 1 are never scored as version 3."""
    with engine.begin() as connection:
        connection.execute(update(response).where(response.c.instrument == QLQ).values(instrument_version="1.0"))
    outcome = rescore()
    assert (outcome.forms, outcome.added, dict(outcome.unknown)) == (6, 3, {(QLQ, "1.0"): 3})
    assert len(sets(engine)) == 3


def test_what_waits_for_its_first_scores_is_the_workers_business(
    work: Begin, enrolled: Enrol, rescore: Rescore, engine: Engine
) -> None:
    submit(work, enrolled(), {QLQ: THIRTY})
    assert rescore().forms == 0
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(score_set)).scalar_one() == 0


@pytest.mark.parametrize(
    ("asked", "error"),
    [({"study": "scope"}, UnknownStudy), ({"instrument": "qlq-c3"}, UnknownInstrument)],
)
def test_what_there_is_not_is_said(
    scopes: object, rescore: Rescore, asked: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        rescore(**asked)


def test_only_who_may_compute_scores(scopes: object, work: Begin) -> None:
    def as_investigator(*, writes: bool = True) -> AbstractContextManager[Work]:
        return work(people.investigator, writes=writes)

    with pytest.raises(Forbidden):
        rescoring.rescore(
            as_investigator, study="scopes", instrument="", dry_run=True, progress=lambda _done, _total: None
        )


def amend_value_set(work: Begin, version: int, value_set: str) -> None:
    """Make a version active that differs in the value set of the EQ-5D-5L alone, and bring everybody under it."""
    changed = TEXT.replace("\nversion: 1\n", f"\nversion: {version}\n")
    changed = changed.replace("eq-5d-5l: nl-2016", f"eq-5d-5l: {value_set}") + amendment(of=version - 1)
    with work() as w:
        studies.load(w, document=changed.replace("enrolled:\n", "enrolled: {}\n"), file="scopes.yaml")
    with work() as w:
        studies.activate(w, code="scopes")
    amendments.carry_out(lambda: work(people.everything), study="scopes", progress=lambda _done, _total: None)


def utility(work: Begin, as_of: datetime) -> tuple[object, object]:
    """Value set and utility in a cut."""
    with work(people.everything, writes=False) as w:
        rows = tables(datasets.cut(w, study="scopes", as_of=as_of))["scores_long"]
    ((value_set, value),) = {(row["value_set"], row["value"]) for row in rows if row["scale"] == "INDEX"}
    return value_set, value


def test_a_value_set_that_is_changed_and_changed_back_shows_as_the_protocol_names_it(
    work: Begin, enrolled: Enrol, rescore: Rescore, clock: Clock
) -> None:
    """Failure 30: from A to B and back to A, what shows is A's again, and each day's cut stays what it was."""
    submit(work, enrolled(), {"eq-5d-5l": STATE})
    score_all(work)
    days = [clock.now]
    for version, value_set in ((2, "england-2018"), (3, "nl-2016")):
        clock.advance(days=1)
        amend_value_set(work, version, value_set)
        outcome = rescore(instrument="eq-5d-5l")
        assert by_scale(outcome)["INDEX"].changed == 1, "the report compares with what showed until now"
        clock.advance(hours=1)
        days.append(clock.now)
    assert outcome.added == 0, "what the first value set made is still there"
    assert [utility(work, day) for day in days] == [("nl-2016", 0.787), ("england-2018", 0.808), ("nl-2016", 0.787)]


def test_until_it_is_scored_again_a_form_shows_what_it_has(work: Begin, enrolled: Enrol, clock: Clock) -> None:
    submit(work, enrolled(), {"eq-5d-5l": STATE})
    score_all(work)
    clock.advance(days=1)
    amend_value_set(work, 2, "england-2018")
    assert utility(work, clock.now) == ("nl-2016", 0.787)

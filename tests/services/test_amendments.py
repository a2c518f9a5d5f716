"""Amendments carried out on people who are enrolled: by policy, once, in batches, and said beforehand.

NKI-001 was randomised on 12 January 2026. Version 2 asks month 3 a month later, drops month 24, and adds month 18.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

import pytest
from sqlalchemy import Engine, event, select

from pro_service.domain.audit import Actor
from pro_service.domain.errors import Conflict, Forbidden, InvalidStudy, NotFound, ProError
from pro_service.domain.participants import Participant
from pro_service.domain.responses import Draft
from pro_service.runtime import Runtime
from pro_service.services import (
    amendments,
    assessments,
    datasets,
    events,
    health,
    participants,
    responses,
    schedule,
    studies,
)
from pro_service.storage.audit import audit_event
from pro_service.storage.responses import response
from tests.services.amended import MONTH_24, TEXT, amendment, second, third
from tests.services.forms import QLQ, THIRTY, Begin, Enrol, answers, assessment, statuses
from tests.services.test_datasets import tables
from tests.support import people
from tests.support.clock import Clock


def load(work: Begin, document: str) -> None:
    with work() as w:
        studies.load(w, document=document, file="scopes-2.yaml")


def carry_out(work: Begin, progress: Callable[[int, int], None] = lambda _done, _total: None) -> int:
    return amendments.carry_out(lambda: work(people.everything), study="scopes", progress=progress)


def activate(work: Begin, document: str) -> int:
    """Load a version, activate it and carry it out."""
    load(work, document)
    with work() as w:
        studies.activate(w, code="scopes")
    return carry_out(work)


def known(work: Begin, participant: Participant) -> Participant:
    with work(people.system, writes=False) as w:
        return participants.by_id(w, participant_id=participant.id)


def targets(work: Begin, participant: Participant) -> dict[str, str]:
    """Timepoint -> target date, of what is not cancelled."""
    with work(people.patient(participant.id), writes=False) as w:
        views = assessments.listing(w, participant_id=participant.id)
    return {v.assessment.timepoint: str(v.assessment.target_on) for v in views if v.assessment.cancelled_at is None}


@pytest.fixture
def anna(enrolled: Enrol) -> Participant:
    return enrolled()


def test_everybody_is_brought_under_the_new_version_by_its_policies(work: Begin, anna: Participant) -> None:
    ids = {timepoint: assessment(work, anna, timepoint).id for timepoint in statuses(work, anna)}
    assert activate(work, second()) == 1
    after = targets(work, anna)
    assert {code: after[code] for code in ("month_3", "month_6", "month_18", "month_24")} == {
        "month_3": "2026-05-12",
        "month_6": "2026-07-12",
        "month_18": "2027-07-12",
        "month_24": "2028-01-12",
    }
    assert known(work, anna).follows == {"month_24": 1}
    assert {code: assessment(work, anna, code).id for code in ids} == ids


def test_what_is_kept_is_named_as_it_was(work: Begin, anna: Participant) -> None:
    """A timepoint that the new version has no more still has its words for those who finish it."""
    activate(work, second())
    with work(writes=False) as w:
        assert studies.labels(w, code="scopes")["month_24"]["en"] == "After 2 years"
    with work(people.patient(anna.id), writes=False) as w:
        labels = {v.assessment.timepoint: v.label["en"] for v in assessments.listing(w, participant_id=anna.id)}
    assert (labels["month_24"], labels["month_18"]) == ("After 2 years", "After 18 months")


def test_whoever_enrols_afterwards_has_the_new_version_alone(work: Begin, enrolled: Enrol) -> None:
    activate(work, second("newly_enrolled_only", "newly_enrolled_only"))
    late = enrolled()
    assert known(work, late).follows == {}
    assert {"month_18"} <= targets(work, late).keys()
    assert "month_24" not in targets(work, late)


@pytest.mark.parametrize("submitted", [False, True], ids=["begun", "submitted"])
def test_what_was_begun_stays_with_its_wording_and_version(
    work: Begin, anna: Participant, clock: Clock, engine: Engine, submitted: bool
) -> None:
    """Failure row 10: month 3 is open and begun; it does not move, and its answers keep what they were given on."""
    clock.set(datetime.fromisoformat("2026-04-01T09:00:00Z"))
    one = assessment(work, anna, "month_3")
    with work(people.patient(anna.id)) as w:
        if submitted:
            responses.submit(w, assessment_id=one.id, drafts={QLQ: Draft(THIRTY)})
        else:
            responses.save(w, assessment_id=one.id, instrument=QLQ, answers=THIRTY, revision=0)
    before = assessment(work, anna, "month_3")

    def given() -> list[object]:
        with engine.connect() as connection:
            query = select(response.c.instrument_version, response.c.language, response.c.answers, response.c.revision)
            return [tuple(row) for row in connection.execute(query)]

    stored = given()
    activate(work, second().replace("opens: -14d\n    closes: +28d", "opens: -7d\n    closes: +28d", 1))
    assert assessment(work, anna, "month_3") == before
    assert (answers(work, one.id), given()) == (THIRTY, stored)
    assert known(work, anna).follows["month_3"] == 1
    with work(people.coordinator_nki) as w:
        moved = events.record(
            w, participant_id=anna.id, kind="randomisation", on=date(2026, 1, 13), reason="read the form again"
        )
    assert ("kept", "month_3") in [(line.kind, line.planned.timepoint) for line in moved.changes]
    assert assessment(work, anna, "month_3").opens_at == before.opens_at


def test_a_later_event_plans_each_timepoint_by_the_version_that_governs_it(work: Begin, anna: Participant) -> None:
    """Failure row 17: after the amendment randomisation is corrected by a day, and everything moves by that day."""
    activate(work, second("finish_on_old"))
    before = targets(work, anna)
    with work(people.coordinator_nki) as w:
        events.record(w, participant_id=anna.id, kind="randomisation", on=date(2026, 1, 11), reason="typing error")
    after = targets(work, anna)
    assert (before["month_3"], after["month_3"]) == ("2026-04-12", "2026-04-11")
    assert (before["month_18"], after["month_18"]) == ("2027-07-12", "2027-07-11")
    assert (before["month_24"], after["month_24"]) == ("2028-01-12", "2028-01-11")
    with work() as w:
        assert schedule.replan(w, participant=known(work, anna)) == ()


def test_carried_out_twice_is_carried_out_once(work: Begin, anna: Participant, engine: Engine) -> None:
    activate(work, second())

    def trail() -> int:
        with engine.connect() as connection:
            return len(connection.execute(select(audit_event.c.id)).all())

    before = (trail(), assessment(work, anna, "month_3"))
    assert carry_out(work) == 0
    assert (trail(), assessment(work, anna, "month_3")) == before


def test_stopped_half_way_it_goes_on_where_it_was(
    work: Begin, enrolled: Enrol, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each batch is whole: who was done is under the new version with their schedule, who was not under the old."""
    everybody = [enrolled() for _ in range(5)]
    monkeypatch.setattr(amendments, "BATCH", 2)

    def pull_the_plug(done: int, _total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    load(work, second())
    with work() as w:
        studies.activate(w, code="scopes")
    with pytest.raises(KeyboardInterrupt):
        carry_out(work, pull_the_plug)
    with work(writes=False) as w:
        (told,) = [check for check in health.checks(w) if check.name == "amendments"]
    assert (told.ok, told.detail) == (False, "3 of scopes under an earlier version: pro study activate scopes")
    half = [targets(work, one)["month_3"] for one in everybody]
    assert sorted(half) == ["2026-04-12"] * 3 + ["2026-05-12"] * 2
    assert [("month_18" in targets(work, one)) for one in everybody] == [day == "2026-05-12" for day in half]
    seen: list[tuple[int, int]] = []
    assert carry_out(work, lambda done, total: seen.append((done, total))) == 3
    assert seen == [(2, 3), (3, 3)]
    assert {targets(work, one)["month_3"] for one in everybody} == {"2026-05-12"}
    with work(writes=False) as w:
        assert amendments.behind(w) == {}


def test_two_amendments_after_each_other(work: Begin, enrolled: Enrol) -> None:
    """Somebody two versions behind takes both steps, by the policies of each."""
    anna = enrolled()
    for document in (second(), third()):
        load(work, document)
        with work() as w:
            studies.activate(w, code="scopes")
    assert carry_out(work) == 1
    assert known(work, anna).follows == {"month_24": 1, "month_6": 2}
    assert targets(work, anna)["month_3"] == "2026-05-12"


def test_those_in_screening_enrol_under_the_new_version(work: Begin, scopes: object, enrolled: Enrol) -> None:
    with work() as w:
        protocol = studies.active(w, code="scopes")
        eligible = {c.code: "no" if c.excludes else "yes" for c in protocol.criteria}
        parked = participants.enrol(
            w,
            study="scopes",
            code="NKI-100",
            site="nki",
            arm=None,
            stratum=None,
            language="en",
            eligibility={**eligible, "adult": "not_sure"},
            consented_on=date(2026, 1, 12),
            events=(),
        )
    assert activate(work, second()) == 1
    assert known(work, parked).follows == {}
    assert statuses(work, parked) == {}


def test_the_difference_says_what_then_happens(work: Begin, enrolled: Enrol, clock: Clock) -> None:
    """Counted without writing anything, by the same rules: one whose month 3 is open, one for whom it is to come."""
    for day in (date(2026, 1, 12), date(2026, 3, 20)):
        enrolled(randomisation=day)
        clock.set(datetime.fromisoformat("2026-04-01T09:00:00Z"))
    with work(writes=False) as w:
        found = amendments.difference(w, document=second(), file="scopes-2.yaml", progress=lambda _done, _total: None)
    assert (found.old, found.new, found.enrolled, found.in_screening) == (1, 2, 2, 0)
    counted = {t.timepoint: (t.difference, t.policy, t.moves, t.creates, t.cancels, t.stays) for t in found.tallies}
    assert counted == {
        "month_3": ("changed", "move_unopened", 1, 0, 0, 1),
        "month_18": ("added", "move_unopened", 0, 2, 0, 0),
        "month_24": ("removed", "finish_on_old", 0, 0, 0, 2),
    }
    with work(writes=False) as w:
        assert [version.version for version in studies.listing(w)] == [1]


def test_the_trail_tells_who_was_brought_under_what_and_why(work: Begin, anna: Participant, engine: Engine) -> None:
    activate(work, second())
    with engine.connect() as connection:
        rows = connection.execute(select(audit_event).order_by(audit_event.c.id)).all()
    (line,) = [row for row in rows if row.action == "participant.amend"]
    assert (line.participant_id, line.reason) == (anna.id, "Amendment 2 of 4 May 2026")
    assert line.changes["follows"] == [{}, {"month_24": 1}]
    assert line.changes["study_version_id"] == [str(anna.study_version_id), str(known(work, anna).study_version_id)]
    moved = [row for row in rows if row.action == "assessment.move" and row.id > line.id - 1]
    assert [row.changes["target_on"] for row in moved] == [["2026-04-12", "2026-05-12"]]


def test_as_it_was_known_before_the_amendment(work: Begin, anna: Participant, clock: Clock) -> None:
    clock.advance(days=3)
    activate(work, second())
    with work(people.system, writes=False) as w:
        then = schedule.as_known(w, participant_id=anna.id, known_on=date(2026, 1, 12)).assessments
        now = schedule.as_known(w, participant_id=anna.id).assessments
    assert {str(one.target_on) for one in then if one.timepoint == "month_3"} == {"2026-04-12"}
    assert "month_18" not in {one.timepoint for one in then}
    assert {str(one.target_on) for one in now if one.timepoint == "month_3"} == {"2026-05-12"}


def test_a_cut_from_before_the_amendment_is_the_same_cut_afterwards(
    work: Begin, anna: Participant, clock: Clock
) -> None:
    """What statisticians published stays what it was: same rows, same columns, read back through the audit trail."""
    instant = clock.now
    with work(writes=False) as w:
        before = tables(datasets.cut(w, study="scopes", as_of=instant))
    clock.advance(days=3)
    activate(work, second())
    with work(writes=False) as w:
        assert tables(datasets.cut(w, study="scopes", as_of=instant)) == before
        forms = tables(datasets.cut(w, study="scopes", as_of=clock.now))["forms"]
    assert {"month_18", "month_24"} <= {str(form["timepoint"]) for form in forms}


def test_reminders_follow_the_new_rule_even_where_no_date_moves(work: Begin, anna: Participant) -> None:
    changed = TEXT.replace("\nversion: 1\n", "\nversion: 2\n").replace('at: "10:00"', 'at: "09:00"')
    before = assessment(work, anna, "month_6").next_reminder_at
    activate(work, changed)
    after = assessment(work, anna, "month_6").next_reminder_at
    assert (str(before), str(after)) == ("2026-06-28 08:00:00+00:00", "2026-06-28 07:00:00+00:00")


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (
            second()[: second().index("\namendment:")],
            r"scopes-2\.yaml:\d+: timepoints\.month_3: 'month_3' has changed since version 1; say under amendment",
        ),
        (
            re.sub(r"  short:\n    en: 14.*\n    nl: .*\n", "", TEXT)
            .replace("\nversion: 1\n", "\nversion: 2\n")
            .replace("{conventional: 32d, short: 17d}", "{conventional: 32d}")
            + amendment(end_of_radiotherapy="move_unopened"),
            r"scopes-2\.yaml:\d+: arms: 'short' is missing, and 1 participant has it",
        ),
    ],
    ids=["without a policy", "removes an arm people are in"],
)
def test_an_amendment_that_leaves_somebody_without_an_answer_is_refused(
    work: Begin, anna: Participant, document: str, problem: str
) -> None:
    """Failure row 18: at loading, and in the same words when it is only looked at; nothing is stored."""
    with pytest.raises(InvalidStudy, match=problem):
        load(work, document)
    with work(writes=False) as w, pytest.raises(InvalidStudy, match=problem):
        amendments.difference(w, document=document, file="scopes-2.yaml", progress=lambda _done, _total: None)
    with work(writes=False) as w:
        assert [version.version for version in studies.listing(w)] == [1]


def test_it_is_checked_again_when_it_is_activated(work: Begin, scopes: object, enrolled: Enrol) -> None:
    """Nobody was in the arm when the file was loaded; somebody is by now."""
    without = re.sub(r"  short:\n    en: 14.*\n    nl: .*\n", "", TEXT).replace("\nversion: 1\n", "\nversion: 2\n")
    without = without.replace("{conventional: 32d, short: 17d}", "{conventional: 32d}")
    load(work, without + amendment(end_of_radiotherapy="move_unopened"))
    enrolled(arm="short")
    with work() as w, pytest.raises(InvalidStudy, match="'short' is missing, and 1 participant has it"):
        studies.activate(w, code="scopes")
    with work(writes=False) as w:
        assert studies.active(w, code="scopes").version == 1


def test_what_a_third_version_adds_may_not_shadow_what_some_still_keep(work: Begin, anna: Participant) -> None:
    """Failure row 18: month 24 is gone from version 2, but Anna finishes it; version 3 brings it near again."""
    activate(work, second())
    near = MONTH_24.replace("month_24:", "month_23:").replace("24 months", "23 months")
    document = third().replace("# An invitation when a window opens", near + "# An invitation when a window opens")
    document = document.replace(
        "    month_6: finish_on_old\n", "    month_6: finish_on_old\n    month_23: move_unopened\n"
    )
    with pytest.raises(
        InvalidStudy, match=r"timepoints\.month_23: its window overlaps that of 'month_24' as version 1"
    ):
        load(work, document)
    load(work, document.replace("month_23: move_unopened", "month_23: newly_enrolled_only"))


def test_no_difference_while_the_last_amendment_is_half_done(work: Begin, anna: Participant) -> None:
    load(work, second())
    with work() as w:
        studies.activate(w, code="scopes")
    with work(writes=False) as w, pytest.raises(Conflict, match="run: pro study activate scopes"):
        amendments.difference(w, document=third(), file="scopes-3.yaml", progress=lambda _done, _total: None)


@pytest.mark.parametrize(
    ("actor", "error"),
    [
        (people.nobody, Forbidden),
        (people.investigator, Forbidden),
        (people.patient(UUID(int=1)), Forbidden),
        (replace(people.everything, study="another"), NotFound),
    ],
    ids=["nobody", "investigator", "patient", "another study's"],
)
def test_who_may_not(work: Begin, anna: Participant, actor: Actor, error: type[ProError]) -> None:
    with pytest.raises(error):
        amendments.carry_out(lambda: work(actor), study="scopes", progress=lambda _done, _total: None)
    with pytest.raises(error), work(actor, writes=False) as w:
        amendments.difference(w, document=second(), file="scopes-2.yaml", progress=lambda _done, _total: None)


def test_a_batch_asks_and_writes_as_often_however_many_people_it_has(
    runtime: Runtime, work: Begin, enrolled: Enrol
) -> None:
    """No query in a loop: ten people cost as many statements as one."""
    costs = []
    for number, document in ((1, second()), (10, third().replace("finish_on_old", "move_unopened"))):
        for _ in range(number):
            enrolled()
        load(work, document)
        with work() as w:
            studies.activate(w, code="scopes")
        statements: list[str] = []

        def note(_c: object, _cur: object, statement: str, *_more: object, said: list[str] = statements) -> None:
            said.append(statement)

        event.listen(runtime.engine, "before_cursor_execute", note)
        carry_out(work)
        event.remove(runtime.engine, "before_cursor_execute", note)
        costs.append(len(statements))
    assert costs[1] <= costs[0] + 2

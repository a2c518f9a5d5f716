"""Questionnaires of a study's own: kept for good, asked and scored like those that ship, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine, Executable, delete, func, select, update

from pro_service.domain.audit import Actor
from pro_service.domain.errors import Conflict, Forbidden, InvalidAnswer, InvalidInstrument, InvalidStudy
from pro_service.domain.participants import Contact
from pro_service.domain.responses import Draft
from pro_service.domain.schedule import TrialEvent
from pro_service.services import assessments, instruments, participants, responses, scores, studies
from pro_service.services.work import Work
from pro_service.storage.audit import audit_event
from pro_service.storage.instruments import instrument
from pro_service.storage.scores import score_set
from pro_service.storage.session import unit_of_work
from pro_service.studies.reader import shipped
from tests.instruments.test_reader import GOOD
from tests.services.tiny import FILE
from tests.support import people

Works = Callable[..., AbstractContextManager[Work]]
TEXT, PATH = shipped("scopes")
ASKING = TEXT.replace("[qlq-c30, eq-5d-5l]", "[qlq-c30, eq-5d-5l, sleep-diary]")


def load(work: Works, document: str = GOOD, actor: Actor = people.everything) -> None:
    with work(actor) as w:
        instruments.load(w, document=document, file="sleep-diary.yaml")


def kept(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(instrument)).scalar_one()


def test_what_was_loaded_is_in_the_catalogue_beside_what_ships(work: Works) -> None:
    with work(writes=False) as w:
        assert "sleep-diary" not in w.catalogue
        assert w.catalogue.get("sleep-diary") is None
    load(work)
    with work(writes=False) as w:
        assert w.catalogue["sleep-diary"].title == {"en": "Sleep diary"}
        assert list(w.catalogue)[-1] == "sleep-diary"
        assert len(w.catalogue) == len(list(w.catalogue)) > 1
        assert w.catalogue["qlq-c30"].version == "3.0"


def test_loading_leaves_one_audit_line_and_the_same_file_again_none(work: Works, engine: Engine) -> None:
    load(work)
    load(work)
    with engine.connect() as connection:
        lines = connection.execute(select(audit_event).where(audit_event.c.action == "instrument.load")).all()
    (line,) = lines
    assert (line.subject_kind, line.changes["code"]) == ("instrument", [None, "sleep-diary"])
    assert kept(engine) == 1


REFUSED = [
    (GOOD.replace("Fair", "So so"), "sleep-diary is loaded with other words.*such as sleep-diary-2"),
    (GOOD.replace("code: sleep-diary", "code: qlq-c30"), "qlq-c30 ships with the service; give yours another code"),
]


@pytest.mark.parametrize(("document", "message"), REFUSED, ids=["changed", "of the catalogue"])
def test_a_code_means_one_definition_for_good(work: Works, engine: Engine, document: str, message: str) -> None:
    load(work)
    with pytest.raises(Conflict, match=message):
        load(work, document)
    assert kept(engine) == 1
    with work(writes=False) as w:
        assert w.catalogue["sleep-diary"].item("q1").options[1].label == {"en": "Fair"}


@pytest.mark.parametrize("change", [update(instrument).values(document="code: x"), delete(instrument)])
def test_the_database_refuses_to_change_or_forget_one(work: Works, engine: Engine, change: Executable) -> None:
    load(work)
    with pytest.raises(Conflict, match="append-only"), unit_of_work(engine) as session:
        session.execute(change)


def test_a_definition_that_cannot_work_is_refused_with_its_lines(work: Works, engine: Engine) -> None:
    with pytest.raises(InvalidInstrument) as error:
        load(work, GOOD.replace("items: q1..q2", "items: q1..q9"))
    assert str(error.value.problems[0]) == "sleep-diary.yaml:22: items: no item q9"
    assert kept(engine) == 0


def test_who_may_not_load_studies_may_not_load_their_questionnaires(work: Works) -> None:
    with pytest.raises(Forbidden):
        load(work, actor=people.nobody)


def test_a_study_asks_its_own_questionnaire_once_that_is_loaded(work: Works) -> None:
    assert ASKING != TEXT
    with work() as w, pytest.raises(InvalidStudy) as error:
        studies.load(w, document=ASKING, file=PATH)
    assert all("sleep-diary" in str(problem) for problem in error.value.problems)
    load(work)
    with work() as w:
        studies.load(w, document=ASKING, file=PATH)
        studies.activate(w, code="scopes")
        assert "sleep-diary" in studies.active(w, code="scopes").instruments


ASKED = FILE.read_text(encoding="utf-8").replace("instruments: [eq-5d-5l]", "instruments: [sleep-diary]")
BEGAN = datetime(2026, 1, 12, 9, tzinfo=UTC)
ANSWERED = datetime(2026, 1, 20, 9, tzinfo=UTC)


def test_its_answers_are_taken_checked_and_scored_like_any_other(work: Works, engine: Engine) -> None:
    """A person answers at the timepoint that asks it; a follow-up of something denied is not asked."""
    with work(now=BEGAN) as w:
        instruments.load(w, document=GOOD, file="sleep-diary.yaml")
        studies.load(w, document=ASKED, file="tiny.yaml")
        studies.activate(w, code="tiny")
        person = participants.enrol(
            w, study="tiny", code="T-001", site="nki", arm="short", stratum="all", language="en",
            contact=Contact(name="Somebody", email="somebody@example.org"),
            eligibility={"adult": "yes", "pregnancy": "no"}, consented_on=date(2026, 1, 9),
            events=[TrialEvent("randomisation", date(2026, 1, 12)), TrialEvent("surgery", date(2026, 1, 10))],
        )  # fmt: skip
        form = next(
            view.assessment.id
            for view in assessments.listing(w, participant_id=person.id)
            if view.assessment.timepoint == "after_surgery"
        )
    with work(people.patient(person.id), now=ANSWERED) as w:
        wrong = {"sleep-diary": Draft({"q1": 3})}
        with pytest.raises(InvalidAnswer):
            responses.submit(w, assessment_id=form, drafts=wrong)
    with work(people.patient(person.id), now=ANSWERED) as w:
        responses.submit(w, assessment_id=form, drafts={"sleep-diary": Draft({"q1": 1, "q2": 2, "q3": 0})})
    with work(people.system, now=ANSWERED) as w:
        assert scores.score_pending(w, limit=10) == 1
    with engine.connect() as connection:
        (found,) = connection.execute(select(score_set)).all()
    assert (found.instrument, found.instrument_version) == ("sleep-diary", "1")
    assert {code: scale["value"] for code, scale in found.scales.items()} == {"REST": 75.0, "AWAKE": 0.0}

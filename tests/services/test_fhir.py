"""Reading FHIR costs a few statements, however much is read, and what is refused leaves no line in the trail."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pro_service.domain.audit import Actor
from pro_service.domain.errors import Forbidden
from pro_service.domain.fhir_search import Search, interval
from pro_service.domain.responses import Draft
from pro_service.runtime import Runtime
from pro_service.services import fhir, responses
from tests.services.forms import Begin, Enrol, assessment
from tests.services.test_statements import counted
from tests.services.tiny import Tiny, at
from tests.support import people
from tests.support.clock import Clock

READER = Actor("api_key", "k", "statistician", study="tiny", scopes=frozenset({"fhir.read", "arms.read"}))


def test_a_page_takes_four_statements_whatever_its_length(runtime: Runtime, clock: Clock, work: Begin) -> None:
    """Which study, the line in the trail, the responses, and their scores."""
    Tiny(runtime, clock).live()
    clock.set(at("02-28"))
    with work(READER) as w:
        fhir.scores(w, Search())  # the process has read the protocol, as it has after its first request
    found = []
    for count in (1, 200):
        with work(READER) as w, counted(w, "SELECT INSERT SELECT"):
            found.append(fhir.responses(w, Search(count=count)))
        with work(READER) as w, counted(w, "SELECT INSERT SELECT SELECT"):
            found.append(fhir.scores(w, Search(count=count)))
    assert [len(page.resources) for page in found[:2]] == [1, 1]
    assert len(found[3].resources) > len(found[2].resources) == 3


def test_who_may_not_read_reads_nothing(work: Begin) -> None:
    for actor in (people.nobody, people.patient("x")):
        with work(actor, writes=False) as w:
            for verb in (fhir.questionnaires, fhir.responses, fhir.scores):
                with pytest.raises(Forbidden):
                    verb(w, Search())


def test_a_submission_is_a_change_of_answers_saved_before(work: Begin, clock: Clock, enrolled: Enrol) -> None:
    """Whoever asks what is new since an hour ago is told, though the last answer is older than that."""
    anna = enrolled()
    one = assessment(work, anna)
    for code in ("qlq-c30", "eq-5d-5l"):
        item = {"qlq-c30": "q1", "eq-5d-5l": "MO"}[code]
        with work(people.patient(anna.id)) as w:
            responses.save(w, assessment_id=one.id, instrument=code, answers={item: 1}, revision=0)
    clock.advance(hours=2)
    with work(people.patient(anna.id)) as w:
        responses.submit(w, assessment_id=one.id, drafts={"qlq-c30": Draft({"q2": 1}, 1)})
    since = interval(f"ge{(clock() - timedelta(hours=1)).isoformat()}")
    with work() as w:
        assert len(fhir.responses(w, Search(updated=since)).resources) == 2

"""Somebody with a year of answers, some of them worse and some missing: for pages that show them."""

from __future__ import annotations

from datetime import date, timedelta

from pro_service.domain.instruments import Answer
from pro_service.domain.participants import Participant
from pro_service.domain.responses import Draft
from pro_service.domain.schedule import TrialEvent
from pro_service.runtime import Runtime
from pro_service.services import assessments, events, responses, scores
from tests.services.forms import QLQ, THIRTY
from tests.support import people
from tests.support.clock import Clock

STATE: dict[str, Answer] = {"MO": 2, "SC": 1, "UA": 2, "PD": 3, "AD": 1, "VAS": 70}
FITTER: dict[str, Answer] = {**THIRTY, **dict.fromkeys(("q1", "q2", "q3", "q4", "q5", "q10", "q12", "q18"), 1)}
TIRED: dict[str, Answer] = {
    **{**THIRTY, "q1": 4, "q2": 4, "q3": 4, "q10": 4, "q12": 4, "q18": 4, "q9": 3, "q29": 3, "q30": 3},
    **{"q8": "declined", "q21": "declined", "q22": "declined", "q23": "declined"},
}
STORY: tuple[tuple[str, dict[str, dict[str, Answer]]], ...] = (
    ("baseline", {QLQ: THIRTY, "eq-5d-5l": STATE, "tess-le": {f"q{number}": 4 for number in range(1, 31)}}),
    ("before_surgery", {QLQ: TIRED, "eq-5d-5l": {**STATE, "MO": 4, "PD": 4, "VAS": 45}}),
    ("postop_30d", {}),
    ("month_3", {QLQ: {**TIRED, "q1": 2, "q8": 2}, "eq-5d-5l": {"MO": 2, "VAS": 60}, "ipcq": {"unpaid": 1}}),
    ("month_6", {QLQ: FITTER, "eq-5d-5l": {**STATE, "PD": 1, "VAS": 85}, "tess-le": {"q1": 5, "q2": 5}}),
)
"""Timepoint, and what was answered there; nothing where the window went by."""


def lived(runtime: Runtime, clock: Clock, person: Participant) -> None:
    """Move the clock through the story, answer and score."""
    with runtime.work(people.everything) as w:
        surgery = TrialEvent("surgery", date(2026, 3, 20), actual=False)
        events.record(w, participant_id=person.id, kind=surgery.kind, on=surgery.on, actual=False)
    for timepoint, drafts in STORY:
        with runtime.work(people.system, writes=False) as w:
            views = assessments.listing(w, participant_id=person.id)
        one = next(view.assessment for view in views if view.assessment.timepoint == timepoint)
        assert one.opens_at
        clock.set(max(one.opens_at + timedelta(hours=9), clock.now))
        if drafts:
            with runtime.work(people.patient(person.id)) as w:
                given = {code: Draft(answers) for code, answers in drafts.items()}
                responses.submit(w, assessment_id=one.id, drafts=given)
        with runtime.work(people.system) as w:
            scores.score_pending(w)

"""The tiny study, lived through: a handful of people to whom everything happens that an export must tell.

T-001  answers twice; an answer hidden again by a later one; a correction; an operation that is moved
T-002  answers half a form; dies before the next
T-003  misses a form, too ill; the operation is planned and then will not take place
T-004  waits in screening
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

from pro_service.domain.instruments import Answer
from pro_service.domain.participants import Contact, Participant
from pro_service.domain.responses import Draft
from pro_service.domain.schedule import TrialEvent
from pro_service.runtime import Runtime
from pro_service.services import assessments, corrections, events, participants, responses, scores, studies
from pro_service.services.work import Work
from pro_service.storage import responses as stored_responses
from tests.support import people
from tests.support.clock import Clock

FILE = Path(__file__).with_name("tiny.yaml")
IDENTIFIERS = ("Seeded Name", "seeded@identifier.example", "+31612345678")
HEALTHY: dict[str, Answer] = {"MO": 1, "SC": 1, "UA": 2, "PD": 3, "AD": 1, "VAS": 72}
AT_WORK: dict[str, Answer] = {
    **{"work": 1, "hours_week": 36.0, "days_week": 4.5, "absent": 1, "absent_days": 3.0, "absent_long": 1},
    **{"absent_since": "2026-01-02", "bothered": 1, "bothered_days": 2.0, "unpaid": 0},
}


def at(day: str, hour: int = 9) -> datetime:
    """An instant of 2026: at("01-12", 10)."""
    return datetime.fromisoformat(f"2026-{day}T{hour:02}:00:00+00:00").astimezone(UTC)


class Tiny:
    """Moves the clock and does what happened; `story` yields after each deed, so that a test can look around."""

    def __init__(self, runtime: Runtime, clock: Clock) -> None:
        self.runtime, self.clock = runtime, clock
        self.people: dict[str, Participant] = {}

    def live(self) -> None:
        """The whole story."""
        for _ in self.story():
            pass

    def story(self) -> Iterator[datetime]:
        """Every deed, in order of time; yields the instant of each."""
        deeds: list[tuple[datetime, Callable[[Work], object]]] = [
            (at("01-12"), self._begin),
            (at("01-12", 10), lambda w: self._enrol(w, "T-001", "nki", "short", "en")),
            (at("01-12", 11), lambda w: self._enrol(w, "T-002", "lumc", "long", "nl")),
            (at("01-12", 12), lambda w: self._enrol(w, "T-003", "nki", "long", "en")),
            (at("01-12", 13), lambda w: self._enrol(w, "T-004", "nki", None, "en", adult="not_sure")),
            (at("01-13", 10), lambda w: self._save(w, "T-001", "baseline", "ipcq", AT_WORK)),
            (at("01-13", 11), lambda w: self._save(w, "T-001", "baseline", "ipcq", {"bothered": 0}, revision=1)),
            (at("01-13", 12), lambda w: self._submit(w, "T-001", "baseline", {"eq-5d-5l": HEALTHY})),
            (at("01-14"), lambda w: self._save(w, "T-002", "baseline", "eq-5d-5l", {"MO": 2, "SC": "declined"})),
            (at("01-15"), lambda w: self._event(w, "T-001", "surgery", "01-30", actual=False)),
            (at("01-15", 10), lambda w: self._event(w, "T-003", "surgery", "02-10", actual=False)),
            (at("01-16"), lambda w: self._event(w, "T-002", "surgery", "02-05", actual=False)),
            (at("01-20"), lambda w: self._correct(w, "T-001", "baseline", "eq-5d-5l", {"VAS": 62})),
            (at("01-21"), lambda w: self._missing(w, "T-003", "baseline", "too_ill")),
            (at("01-28"), lambda w: self._event(w, "T-001", "surgery", "02-02", actual=False, reason="moved")),
            (at("02-01"), lambda w: self._event(w, "T-003", "surgery", None, reason="will not take place")),
            (at("02-03"), lambda w: self._event(w, "T-001", "surgery", "02-02")),
            (at("02-09"), lambda w: self._event(w, "T-002", "death", "02-04")),
            (at("02-10"), lambda w: self._submit(w, "T-001", "after_surgery", {"eq-5d-5l": {**HEALTHY, "PD": 2}})),
        ]
        for when, deed in deeds:
            self.clock.set(when)
            with self.runtime.work(people.everything) as w:
                deed(w)
            self._score()
            yield when

    def _score(self) -> None:
        with self.runtime.work(people.system) as w:
            assessments.close_overdue(w)
        with self.runtime.work(people.system) as w:
            scores.score_pending(w)

    def _begin(self, w: Work) -> None:
        studies.load(w, document=FILE.read_text(encoding="utf-8"), file=FILE.name)
        studies.activate(w, code="tiny")

    def _enrol(self, w: Work, code: str, site: str, arm: str | None, language: str, *, adult: str = "yes") -> None:
        self.people[code] = participants.enrol(
            w,
            study="tiny",
            code=code,
            site=site,
            arm=arm,
            stratum="all" if arm else None,
            language=language,
            contact=Contact(*IDENTIFIERS),
            eligibility={"adult": adult, "pregnancy": "no"},
            consented_on=date(2026, 1, 9) if arm else None,
            events=[TrialEvent("randomisation", date(2026, 1, 12))] if arm else [],
        )

    def assessment(self, w: Work, code: str, timepoint: str) -> UUID:
        """The id of somebody's assessment."""
        views = assessments.listing(w, participant_id=self.people[code].id)
        return next(view.assessment.id for view in views if view.assessment.timepoint == timepoint)

    def _as(self, w: Work, code: str) -> Work:
        return Work(w.session, people.patient(self.people[code].id), w.now, w.catalogue, w.keys, w.wordings)

    def _save(
        self, w: Work, code: str, timepoint: str, instrument: str, answers: dict[str, Answer], *, revision: int = 0
    ) -> None:
        form = self.assessment(w, code, timepoint)
        responses.save(self._as(w, code), assessment_id=form, instrument=instrument, answers=answers, revision=revision)

    def _submit(self, w: Work, code: str, timepoint: str, answers: dict[str, dict[str, Answer]]) -> None:
        drafts = {instrument: Draft(given) for instrument, given in answers.items()}
        responses.submit(self._as(w, code), assessment_id=self.assessment(w, code, timepoint), drafts=drafts)

    def _event(self, w: Work, code: str, kind: str, day: str | None, *, actual: bool = True, reason: str = "") -> None:
        on = at(day).date() if day else None
        events.record(w, participant_id=self.people[code].id, kind=kind, on=on, actual=actual, reason=reason)

    def _correct(self, w: Work, code: str, timepoint: str, instrument: str, answers: dict[str, Answer]) -> None:
        found = stored_responses.of_participant(w.session, self.people[code].id)
        response = next(one for one in found[self.assessment(w, code, timepoint)] if one.instrument == instrument)
        corrections.correct(w, response_id=response.id, answers=dict(answers), reason="misread, asked again")

    def _missing(self, w: Work, code: str, timepoint: str, reason: str) -> None:
        assessments.record_missing(w, assessment_id=self.assessment(w, code, timepoint), reason=reason)

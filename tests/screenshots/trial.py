"""The application with SCOPES in it and made-up people, for whoever takes pictures of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

from werkzeug.serving import make_server

from pro_service.app import create_app
from pro_service.domain.instruments import Answer
from pro_service.domain.participants import Contact
from pro_service.domain.schedule import TrialEvent
from pro_service.runtime import Runtime, build
from pro_service.services import access, assessments, events, letters, participants, preferences, responses, studies
from pro_service.settings import from_environment
from pro_service.storage.migrations import upgrade
from pro_service.studies.reader import shipped
from tests.support import people
from tests.support.clock import Clock

NOW = datetime(2026, 1, 14, 9, 0, tzinfo=UTC)
RANDOMISED = date(2026, 1, 12)
SOME: dict[str, Answer] = {f"q{item}": 1 + item % 4 for item in range(1, 29)}


@dataclass(frozen=True, slots=True)
class Trial:
    """The running application: what it holds, its clock, and where it listens."""

    runtime: Runtime
    clock: Clock
    base: str


@dataclass(frozen=True, slots=True)
class Person:
    """A synthetic participant: the path of their link, and their assessments by timepoint."""

    trial: Trial
    id: UUID
    link: str
    assessments: dict[str, UUID]

    @property
    def form(self) -> str:
        """The path of their baseline."""
        return self.form_of("baseline")

    def form_of(self, timepoint: str) -> str:
        """The path of one of their assessments."""
        return f"/my/assessments/{self.assessments[timepoint]}"

    @property
    def messages(self) -> str:
        """The path at the foot of their messages."""
        with self.trial.runtime.work(people.everything, writes=False) as work:
            return f"/m/{preferences.token(work, participant_id=self.id)}"

    def link_to(self, timepoint: str) -> str:
        """The path of another link, to one of their assessments."""
        with self.trial.runtime.work(people.everything) as work:
            ids = [self.assessments[timepoint]]
            return f"/l/{access.mint_link(work, participant_id=self.id, assessment_ids=ids)}"

    def letter(self) -> str:
        """The code on their letter."""
        with self.trial.runtime.work(people.everything) as work:
            codes = [each.code for each in letters.write(work, study="scopes", base_url=self.trial.base)]
        return codes[-1]

    def answers(self, instrument: str, answers: dict[str, Answer], revision: int = 0) -> None:
        """They answer on some other device."""
        with self.trial.runtime.work(people.patient(self.id)) as work:
            responses.save(
                work,
                assessment_id=self.assessments["baseline"],
                instrument=instrument,
                answers=answers,
                revision=revision,
            )

    def sends(self, timepoint: str = "baseline") -> None:
        """They send an assessment from some other device."""
        with self.trial.runtime.work(people.patient(self.id)) as work:
            responses.submit(work, assessment_id=self.assessments[timepoint])

    def happens(self, kind: str, on: date) -> None:
        """Something that the schedule hangs on."""
        with self.trial.runtime.work(people.everything) as work:
            events.record(work, participant_id=self.id, kind=kind, on=on, actual=True)


@contextmanager
def running(data: Path) -> Iterator[Trial]:
    """The application over a database of its own that holds SCOPES."""
    environ = {"PRO_ENV": "test", "PRO_DATA_DIR": str(data), "PRO_DATABASE_URL": f"sqlite:///{data / 'pro.sqlite'}"}
    clock = Clock()
    clock.set(NOW)
    runtime = build(from_environment(environ), clock=clock)
    upgrade(runtime.engine)
    text, path = shipped("scopes")
    with runtime.work(people.everything) as work:
        studies.activate(work, code=studies.load(work, document=text, file=str(path)).code)
    server = make_server("127.0.0.1", 0, create_app(runtime), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Trial(runtime, clock, f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()
    runtime.engine.dispose()


def enrol(trial: Trial, code: str, language: str) -> Person:
    """Somebody with an open baseline, some of it answered, and a link to it."""
    trial.clock.set(NOW)
    with trial.runtime.work(people.everything) as work:
        study = studies.active(work, code="scopes")
        one = participants.enrol(
            work, study="scopes", code=code, site="nki", arm="short", stratum="lower_extremity",
            language=language, contact=Contact(email=f"{code.lower()}@example.org", birth_year=1961),
            eligibility={each.code: "no" if each.excludes else "yes" for each in study.criteria},
            consented_on=RANDOMISED, events=[TrialEvent("randomisation", RANDOMISED)],
        )  # fmt: skip
        views = assessments.listing(work, participant_id=one.id)
        found = {view.assessment.timepoint: view.assessment.id for view in views}
        token = access.mint_link(work, participant_id=one.id, assessment_ids=[found["baseline"]])
    person = Person(trial, one.id, f"/l/{token}", found)
    person.answers("qlq-c30", SOME)
    return person

"""A synthetic cohort driven through the real use cases, on simulated days: events, answers, messages, scores.

Nothing here writes by itself. What people do comes from `domain.cohort`; this module calls the service for each deed at
the instant it is done, in order of time, a day per transaction, and wakes the senders of messages whenever something
falls due. The same seed makes the same cohort, and the same messages as `domain.simulation` makes in memory.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import count
from random import Random
from typing import Protocol

from pro_service.domain import calendar, cohort, cohort_answers
from pro_service.domain import simulation as in_memory
from pro_service.domain.assessments import Assessment, MissingReason, Status, status
from pro_service.domain.audit import Actor
from pro_service.domain.cohort import Dice, Happening, Person
from pro_service.domain.cohort_answers import Mind
from pro_service.domain.instruments import Answer
from pro_service.domain.messages import Channel
from pro_service.domain.participants import Contact, Participant
from pro_service.domain.protocol import Study
from pro_service.domain.responses import Draft
from pro_service.domain.simulation import Lived, Period
from pro_service.services import (
    assessments,
    corrections,
    deliveries,
    events,
    instruments,
    participants,
    preferences,
    reminders,
    responses,
    scores,
    studies,
)
from pro_service.services.work import Work
from pro_service.storage import assessments as stored_assessments
from pro_service.storage import datasets
from pro_service.storage import deliveries as stored_deliveries
from pro_service.storage import events as stored_events
from pro_service.storage import responses as stored_responses

ADMIN = Actor(kind="cli", id="simulation", role="admin")
SYSTEM = Actor(kind="system", id="simulation", role="system")
SCORE_TICK = time(23, 30)

DAYS_PER_MONTH = 30.4375
SECONDS_PER_ITEM = 7
FIRST_PART, CORRECTED = 0.3, 0.04
REASONS = (MissingReason.TOO_ILL, MissingReason.INCONVENIENT, MissingReason.ADMINISTRATIVE, MissingReason.OTHER)

Deed = Callable[[Work], None]


class OpenWork(Protocol):
    """`runtime.work`."""

    def __call__(self, actor: Actor, *, now: datetime) -> AbstractContextManager[Work]: ...


@dataclass(frozen=True, slots=True)
class Order:
    """What to simulate: so many people over so many months that end at `until`. `document` is a study file's text.

    `questionnaires` are the definitions that the study brings along: their text by the name of their file.
    """

    document: str
    file: str
    participants: int
    seed: int
    months: int
    until: datetime
    questionnaires: Mapping[str, str] = field(default_factory=dict)

    @property
    def period(self) -> Period:
        """From so many months before the end until the end."""
        return Period(self.until - timedelta(days=round(self.months * DAYS_PER_MONTH)), self.until, self.until)


@dataclass(frozen=True, slots=True)
class Totals:
    """What came of it. `scores` counts scored questionnaires, `answers` single answers given."""

    participants: int
    assessments: Mapping[str, int]
    answers: int
    messages: int
    scores: int


def dice(seed: int) -> Dice:
    """Random generators that a seed and some words determine."""
    return lambda *words: Random(":".join(map(str, (seed, *words))))  # noqa: S311  # repeatable on purpose


def simulate(
    open_work: OpenWork,
    *,
    order: Order,
    channels: Mapping[str, Channel],
    base_url: str,
    progress: Callable[[int, int], None] = lambda _done, _days: None,
) -> Totals:
    """Load and activate the study, then let its cohort live through it; `progress` is told days done and days in all.

    Messages go out through `channels`. Raises InvalidStudy, and whatever the services refuse.
    """
    period = order.period
    start = period.start
    with open_work(ADMIN, now=start) as work:
        for name, text in order.questionnaires.items():
            instruments.load(work, document=text, file=name)
        study = studies.load(work, document=order.document, file=order.file)
        studies.activate(work, code=study.code)
    world = _World(study, order, channels, base_url)
    world.populate(period)
    days = (order.until.date() - start.date()).days + 1
    for done in range(days):
        end = datetime.combine(start.date() + timedelta(days=done + 1), time(), UTC)
        with open_work(SYSTEM, now=min(end, order.until)) as work:
            world.live(work, until=min(end, order.until + timedelta(microseconds=1)))
        progress(done + 1, days)
    with open_work(ADMIN, now=order.until) as work:
        return _totals(work, study, world)


def lives(work: Work, *, study: Study, order: Order) -> Iterator[Lived]:
    """Everybody that `simulate` has let live, in order, as the database has them."""
    study_id = studies.active_version(work, code=study.code).study_id
    enrolled = {one.code: one for one in datasets.people(work.session, study_id=study_id, known_by=work.now)}
    everybody = order.period.people(study, participants=order.participants, dice=dice(order.seed))
    for number, person in enumerate(everybody):
        participant = enrolled.get(person.code)
        if participant is not None:
            records = stored_events.of_participant(work.session, participant.id)
            forms = stored_assessments.of_participant(work.session, participant.id)
            said = stored_deliveries.of_participants(work.session, [participant.id], since=date.min)
            yield Lived(number, person, participant, records, forms, tuple(said.get(participant.id, ())))


def _totals(work: Work, study: Study, world: _World) -> Totals:
    study_id = studies.active_version(work, code=study.code).study_id
    people = datasets.people(work.session, study_id=study_id, known_by=work.now)
    forms = datasets.forms(work.session, [one.id for one in people])
    states = Counter(status(form, work.now) for of_one in forms.values() for form in of_one)
    return Totals(
        participants=len(people),
        assessments={state.value: states[state] for state in Status if states[state]},
        answers=world.answered,
        messages=datasets.messages(work.session, study_id=study_id),
        scores=datasets.scored(work.session, study_id=study_id),
    )


@dataclass(slots=True)
class _Life:
    """One person as the simulation goes on: what has happened, and what they mean to do with each form."""

    person: Person
    participant: Participant
    mind: Mind
    happened: dict[str, date] = field(default_factory=dict)

    @property
    def actor(self) -> Actor:
        """The participant as the one who acts."""
        one = self.participant
        return Actor(kind="participant", id=str(one.id), role="participant")


class _World:
    """The deeds still to be done, in order of time."""

    def __init__(self, study: Study, order: Order, channels: Mapping[str, Channel], base_url: str) -> None:
        self.answered = 0
        self._now = datetime.min.replace(tzinfo=UTC)
        self._study, self._order, self._channels, self._base_url = study, order, channels, base_url
        self._deeds: list[tuple[datetime, int, Deed]] = []
        self._numbers = count()
        self._senses: dict[str, dict[str, int]] = {}

    def populate(self, period: Period) -> None:
        """Plan everybody's enrolment, and when answers are scored."""
        everybody = period.people(self._study, participants=self._order.participants, dice=self._dice)
        for number, person in enumerate(everybody):
            self._plan(period.enrolled_at(person), partial(self._enrol, person=person, number=number))
        for day in range((period.end.date() - period.start.date()).days + 1):
            self._plan(_at(period.start.date() + timedelta(days=day), SCORE_TICK), self._score)
        self._plan(self._order.until, self._score)

    def live(self, work: Work, *, until: datetime) -> None:
        """Do what is to be done before `until`, each deed at its own instant, and messages first."""
        while self._deeds and self._deeds[0][0] < until:
            at, _, deed = heapq.heappop(self._deeds)
            self._talk(work, until=at)
            self._now = at
            deed(replace(work, now=at))
        self._talk(work, until=until - timedelta(microseconds=1))

    def _talk(self, work: Work, *, until: datetime) -> None:
        """Wake those who decide about messages and send them at every instant up to `until` at which one is due."""
        while (due_at := stored_deliveries.next_at(work.session)) is not None and due_at <= until:
            self._now = max(self._now, due_at)
            self._send(replace(work, now=self._now))

    def _plan(self, at: datetime, deed: Deed) -> None:
        if at <= self._order.until:
            heapq.heappush(self._deeds, (at, next(self._numbers), deed))

    def _dice(self, *words: object) -> Random:
        return dice(self._order.seed)(*words)

    def _enrol(self, work: Work, person: Person, number: int) -> None:
        staff = replace(work, actor=self._staff(person))
        participant = participants.admit(
            staff,
            study=self._study.code,
            candidate=in_memory.candidate(self._study, person),
            contact=Contact(name=f"Synthetic Person {number + 1}", email=f"{person.code.lower()}@example.org"),
        )
        if person.preferences:
            preferences.change(staff, participant_id=participant.id, channels={}, choices=person.preferences)
        life = _Life(person, participant, Mind(person, self._dice))
        self._intend(work, life)
        for happening in person.happenings:
            at = self._order.period.recorded_at(happening, work.now)
            self._plan(at, partial(self._record, life=life, happening=happening))

    def _record(self, work: Work, life: _Life, happening: Happening) -> None:
        events.record(
            replace(work, actor=self._staff(life.person)),
            participant_id=life.participant.id,
            kind=happening.kind,
            on=happening.date,
            actual=happening.actual,
            reason=happening.reason,
        )
        if happening.actual and happening.date is not None:
            life.happened[happening.kind] = happening.date
        self._intend(work, life)

    def _intend(self, work: Work, life: _Life) -> None:
        """Make up the person's mind about every form that is still to come; moved windows change it."""
        for one in stored_assessments.of_participant(work.session, life.participant.id):
            meant = life.mind.news(one, work.now)
            if meant is None or one.closes_at is None:
                continue
            if meant.how != "misses":
                self._plan(meant.at, partial(self._answer, life=life, one=one))
            elif meant.explained:
                reason = self._dice(life.person.code, one.timepoint, "reason").choice(REASONS)
                at = one.closes_at + timedelta(days=4)
                self._plan(at, partial(self._explain, life=life, one=one, reason=reason))

    def _answer(self, work: Work, life: _Life, one: Assessment) -> None:
        reply = life.mind.does(one.id, work.now)
        if reply is None:
            return  # the window has moved since, or is gone
        patient, person = replace(work, actor=life.actor), life.person
        on = calendar.local_date(work.now, calendar.zone(person.timezone))
        well = cohort.goodness(self._study, person, on, life.happened)
        given = {code: self._answers(work, person, code, well, on) for code in one.instruments}
        die = self._dice(person.code, one.timepoint, "form")
        first = one.instruments[0]
        if reply.how == "stops_halfway":
            some = dict(list(given[first].items())[: max(1, len(given[first]) // 2)])
            self._save(patient, one, first, some)
            return
        if die.random() < FIRST_PART:
            self._save(patient, one, first, given.pop(first))
        drafts = {code: Draft(answers, 0, self._seen(work.now, answers)) for code, answers in given.items()}
        responses.submit(patient, assessment_id=one.id, drafts=drafts)
        self.answered += sum(map(len, given.values()))
        if die.random() < CORRECTED:
            self._plan(work.now + timedelta(days=5), partial(self._correct, life=life, one=one))

    def _answers(self, work: Work, person: Person, code: str, well: float, on: date) -> dict[str, Answer]:
        instrument = work.catalogue[code]
        if code not in self._senses:
            self._senses[code] = cohort_answers.directions(instrument)
        return cohort_answers.answers(
            instrument, self._senses[code], person=person, goodness=well, on=on, dice=self._dice
        )

    def _save(self, work: Work, one: Assessment, instrument: str, answers: Mapping[str, Answer]) -> None:
        seen = self._seen(work.now, answers)
        responses.save(work, assessment_id=one.id, instrument=instrument, answers=answers, revision=0, seen=seen)
        self.answered += len(answers)

    def _seen(self, now: datetime, answers: Mapping[str, Answer]) -> dict[str, datetime]:
        """When each question was on the screen: one after the other, the last just now."""
        back = reversed(list(answers))
        return {item: now - timedelta(seconds=SECONDS_PER_ITEM * n) for n, item in enumerate(back)}

    def _correct(self, work: Work, life: _Life, one: Assessment) -> None:
        """A data manager corrects the first answer of the form, which was read wrongly over the telephone."""
        found = stored_responses.of_participant(work.session, life.participant.id).get(one.id, ())
        response = next((each for each in found if each.instrument == one.instruments[0]), None)
        items = work.catalogue[one.instruments[0]].items
        if response is None or len(items[0].options) < 2:
            return
        held = response.answers.get(items[0].code)
        answer = next(option.code for option in items[0].options if option.code != held)
        manager = Actor(kind="staff", id="simulated-data-manager", role="data_manager", study=self._study.code)
        corrections.correct(
            replace(work, actor=manager),
            response_id=response.id,
            answers={items[0].code: answer},
            reason="misheard on the telephone, confirmed with the participant",
        )

    def _explain(self, work: Work, life: _Life, one: Assessment, reason: MissingReason) -> None:
        now = next(
            each for each in stored_assessments.of_participant(work.session, life.participant.id) if each.id == one.id
        )
        if status(now, work.now) is Status.MISSED:
            staff = replace(work, actor=self._staff(life.person))
            assessments.record_missing(staff, assessment_id=one.id, reason=reason)

    def _send(self, work: Work) -> None:
        """What the workers do about messages when the timetable wakes them, in the day's own transaction."""

        @contextmanager
        def open_work() -> Iterator[Work]:
            yield work

        if reminders.sweep(open_work):
            deliveries.send_due(open_work, channels=self._channels, base_url=self._base_url)

    def _score(self, work: Work) -> None:
        assessments.close_overdue(work)
        scores.score_pending(work)

    def _staff(self, person: Person) -> Actor:
        """The coordinator of the person's site."""
        name = f"simulated-coordinator-{person.site}"
        return Actor(kind="staff", id=name, role="coordinator", study=self._study.code, site=person.site)


def _at(on: date, clock: time) -> datetime:
    return datetime.combine(on, clock, UTC)

"""A protocol lived through in memory, one synthetic person at a time, by the very rules the service applies.

Planning, re-planning, the sweep over what is due and the last word before a message goes out are the functions that
the services call; only storing is left out. Nothing waits: each is done at the very instant it falls due.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from pro_service.domain import calendar, cohort, enrolment, sweeps
from pro_service.domain import events as history_of
from pro_service.domain.assessments import Assessment
from pro_service.domain.cohort import Dice, Happening, Person
from pro_service.domain.cohort_answers import Mind
from pro_service.domain.deliveries import Delivery
from pro_service.domain.enrolment import Enrolment
from pro_service.domain.errors import Invalid
from pro_service.domain.events import EventRecord
from pro_service.domain.participants import Participant
from pro_service.domain.protocol import Study
from pro_service.domain.reminders import Kind
from pro_service.domain.schedule import Change, Facts, TrialEvent
from pro_service.domain.sweeps import Case

FAR = datetime(9000, 1, 1, tzinfo=UTC)
"""Later than anything: a simulation without an end goes on until the last window of each person has closed."""

CHANNEL = "email"


@dataclass(frozen=True, slots=True)
class Lived:
    """One person at the end: all that was recorded, what became of each assessment, every decision about a message.

    Decisions are in the order they were taken, `number` is the person's place in the cohort, from 0.
    """

    number: int
    person: Person
    participant: Participant
    records: tuple[EventRecord, ...]
    assessments: tuple[Assessment, ...]
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class Period:
    """People are enrolled from the day after `start` to the day before `end`; `until` is where the simulation ends.

    Staff enrol people and write down what happened at the same times of every day, UTC.
    """

    start: datetime
    end: datetime
    until: datetime = FAR
    enrols: time = time(8, 30)
    records: time = time(13, 0)

    def people(self, study: Study, *, participants: int, dice: Dice) -> Iterator[Person]:
        """Who is enrolled in this period; where it has an end, the newest has not answered anything yet."""
        last_on = max(self.start.date(), self.end.date() - timedelta(days=1))
        first_on = min(last_on, self.start.date() + timedelta(days=1))
        return cohort.people(
            study,
            participants=participants,
            first_on=first_on,
            last_on=last_on,
            dice=dice,
            newest_waits=self.until < FAR,
        )

    def enrolled_at(self, person: Person) -> datetime:
        """When this person is enrolled."""
        return max(self.start, datetime.combine(person.randomised_on, self.enrols, UTC))

    def recorded_at(self, happening: Happening, enrolled_at: datetime) -> datetime:
        """When somebody writes down what happened to a person enrolled then."""
        return max(enrolled_at + timedelta(hours=1), datetime.combine(happening.on, self.records, UTC))


def lives(study: Study, *, participants: int, period: Period, dice: Dice) -> Iterator[Lived]:
    """Everybody's life in the study, one after the other; nothing is kept. Raises Invalid where nobody can enrol."""
    for number, person in enumerate(period.people(study, participants=participants, dice=dice)):
        at = period.enrolled_at(person)
        if at <= period.until:
            yield _Life(study, person, number, Mind(person, dice), period).lived(at)


def candidate(study: Study, person: Person) -> Enrolment:
    """What is known of a synthetic person on enrolment: eligible, and randomised that day."""
    return Enrolment(
        code=person.code,
        site=person.site,
        arm=person.arm,
        stratum=person.stratum,
        language=person.language,
        timezone=person.timezone,
        eligibility={one.code: enrolment.NO if one.excludes else enrolment.YES for one in study.criteria},
        consented_on=person.randomised_on,
        events=[TrialEvent(kind.code, person.randomised_on) for kind in study.events if kind.required],
    )


@dataclass(slots=True)
class _Life:
    """One person while the simulation goes on. Deeds to come are kept in order of time."""

    study: Study
    person: Person
    number: int
    mind: Mind
    period: Period
    records: list[EventRecord] = field(default_factory=list)
    held: dict[UUID, Assessment] = field(default_factory=dict)
    looks: dict[UUID, datetime] = field(default_factory=dict)
    said: list[Delivery] = field(default_factory=list)
    waiting: dict[UUID, datetime] = field(default_factory=dict)
    planned_for: dict[str, date] | None = None
    ends: list[TrialEvent] = field(default_factory=list)
    deeds: list[tuple[datetime, int, Happening | UUID]] = field(default_factory=list)
    ids: Iterator[int] = field(default_factory=lambda: count(1))
    participant: Participant = field(init=False)

    def lived(self, at: datetime) -> Lived:
        """Enrolled at that instant, until the end."""
        self._enrol(at)
        now = at
        while True:
            deed_at = self.deeds[0][0] if self.deeds else self.period.until
            look_at = self._look_at()
            if look_at is not None and look_at <= deed_at:
                now = max(now, look_at)
                self._talk(now)
            elif self.deeds and deed_at <= self.period.until:
                now, _, deed = heapq.heappop(self.deeds)
                if isinstance(deed, Happening):
                    self._record(deed, now)
                else:
                    self._answer(deed, now)
            else:
                break
        assessments, deliveries = tuple(self.held.values()), tuple(self.said)
        return Lived(self.number, self.person, self.participant, tuple(self.records), assessments, deliveries)

    def _id(self) -> UUID:
        return UUID(int=(self.number + 1 << 64) + next(self.ids))

    def _enrol(self, at: datetime) -> None:
        person, asked = self.person, candidate(self.study, self.person)
        today = calendar.local_date(at, calendar.zone(person.timezone))
        if problems := enrolment.problems(self.study, asked, today):
            raise Invalid("nobody can be enrolled in this study", problems=problems)
        only = UUID(int=1)
        made = Participant.of(asked, id=self._id(), study_id=only, study_version_id=only, at=at)
        self.participant = replace(made, preferences=person.preferences)
        for event in asked.events:
            self._note(event.kind, event.on, at, actual=True, reason="at enrolment")
        self._replan(at)
        for happening in person.happenings:
            self._plan(self.period.recorded_at(happening, at), happening)

    def _plan(self, at: datetime, deed: Happening | UUID) -> None:
        if at <= self.period.until:
            heapq.heappush(self.deeds, (at, next(self.ids), deed))

    def _record(self, happening: Happening, now: datetime) -> None:
        today = calendar.local_date(now, calendar.zone(self.person.timezone))
        on = happening.date or self.study.born_on
        history_of.check(self.study, TrialEvent(happening.kind, on, happening.actual), today)
        self._note(happening.kind, happening.date, now, actual=happening.actual, reason=happening.reason)
        self._replan(now)

    def _note(self, kind: str, on: date | None, now: datetime, *, actual: bool, reason: str) -> None:
        held = next((one for one in history_of.known(self.records) if one.kind == kind), None)
        asked = EventRecord(self._id(), self.participant.id, kind, on, actual, now, "simulation", reason)
        record = history_of.next_record(held, asked)
        if record is not held:
            self.records.append(record)

    def _replan(self, now: datetime) -> None:
        person, study, ending = self.person, self.study, history_of.ends_of(self.study)
        known = history_of.current(self.records)
        dates = {one.kind: one.on for one in known}
        if dates == self.planned_for:
            return  # what was planned has happened on its day: every window stays where it is
        self.planned_for = dates
        self.ends = sorted((one for one in known if one.kind in ending), key=lambda one: one.on)
        facts = Facts(person.arm, person.stratum, person.timezone)
        for change in history_of.replanned(study, facts, known, list(self.held.values())):
            if change.writes:
                self._apply(change, now)

    def _apply(self, change: Change, now: datetime) -> None:
        fields: dict[str, Any] = change.fields(now)
        if change.existing is None:
            planned = change.planned
            one = Assessment(self._id(), self.participant.id, planned.timepoint, planned.occurrence, **fields)
        else:
            one = replace(change.existing, **fields)
        self.held[one.id] = one
        look_at = sweeps.first_look(self.study.reminders, change.planned, self.person.timezone, now)
        self._look_again(one.id, look_at)
        meant = self.mind.news(one, now)
        if meant is not None and meant.how != "misses":
            self._plan(meant.at, one.id)

    def _answer(self, assessment_id: UUID, now: datetime) -> None:
        meant = self.mind.does(assessment_id, now)
        if meant is None:
            return  # the window has moved since, or is gone
        one, submitted = self.held[assessment_id], meant.how == "submits"
        self.held[assessment_id] = replace(one, started_at=now, submitted_at=now if submitted else None)
        if submitted:
            self._look_again(assessment_id, None)

    def _look_again(self, assessment_id: UUID, at: datetime | None) -> None:
        if at is None:
            self.looks.pop(assessment_id, None)
        else:
            self.looks[assessment_id] = at

    def _look_at(self) -> datetime | None:
        """When something falls due next: a look at an assessment, or a message that had to wait."""
        soonest = min((*self.looks.values(), *self.waiting.values()), default=None)
        return soonest if soonest is not None and soonest <= self.period.until else None

    def _talk(self, now: datetime) -> None:
        """What the workers do when they wake: decide about everything that is due, then send what may go."""
        due = [self.held[one] for one, at in self.looks.items() if at <= now]
        if due:
            since = min(sweeps.first_day(one, self.person.timezone, now) for one in due)
            case = Case(self.participant, self.study.reminders, due, self._said_since(since), self._ended(now))
            self._keep(sweeps.sweep(case, now, new_id=self._id))
        if any(at <= now for at in self.waiting.values()):
            self.said = [self._sent(one, now) if one.due_at and one.due_at <= now else one for one in self.said]

    def _said_since(self, day: date) -> list[Delivery]:
        return [one for one in self.said if one.local_day >= day]

    def _keep(self, swept: sweeps.Swept) -> None:
        if swept.joined is not None:
            waiting, ids = swept.joined
            self.said[self.said.index(waiting)] = replace(waiting, assessment_ids=ids)
        self.said += swept.new
        self.waiting.update({one.id: one.due_at for one in swept.new if one.due_at is not None})
        for one, at in swept.again.items():
            self._look_again(one, at)

    def _sent(self, delivery: Delivery, now: datetime) -> Delivery:
        """The message as it went out, or with the reason why it did not."""
        today = calendar.local_date(now, calendar.zone(self.person.timezone))
        others = [one for one in self._said_since(min(today, delivery.local_day)) if one.id != delivery.id]
        spoken_of, decision = sweeps.last_word(
            now,
            rule=self.study.reminders,
            assessments=tuple(self.held.values()),
            meant=delivery.assessment_ids,
            person=sweeps.person(self.participant, others, now, ended=self._ended(now)),
            occasion=delivery.occasion,
        )
        del self.waiting[delivery.id]
        if decision.kind is Kind.SEND:
            ids = tuple(one.id for one in spoken_of)
            return replace(delivery, assessment_ids=ids, channel=CHANNEL, outcome="sent", sent_at=now, due_at=None)
        if decision.until is not None:
            self.waiting[delivery.id] = decision.until
        return replace(delivery, decision=decision.kind, reason=decision.reason, due_at=decision.until, decided_at=now)

    def _ended(self, now: datetime) -> str | None:
        return sweeps.ended(self.ends, calendar.local_date(now, calendar.zone(self.person.timezone)))

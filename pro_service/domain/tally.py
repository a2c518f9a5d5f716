"""What simulated lives come to: counted one after the other, so that ten thousand need no more room than ten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import combinations

from pro_service.domain import burden, calendar
from pro_service.domain.assessments import Assessment, Status, status
from pro_service.domain.events import EventRecord, known
from pro_service.domain.instruments import Instrument
from pro_service.domain.overlaps import overlaps
from pro_service.domain.protocol import Study
from pro_service.domain.schedule import NO_WINDOW
from pro_service.domain.simulation import FAR, Lived

OPENED = frozenset({Status.OPEN, Status.IN_PROGRESS, Status.SUBMITTED, Status.PARTIAL, Status.MISSED})
"""What has been open, if only for a moment, and was not cancelled."""

UNANSWERED = frozenset({Status.PARTIAL, Status.MISSED})
FEWER = frozenset({"channel", "invitation", "reminder", "paused_until"})
"""Whoever chose one of these wants fewer messages, and is not counted among those who should have heard."""

Group = tuple[str, str]
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Burden:
    """What the study asks of one person: questions and minutes of every form that opened, messages that went out."""

    questions: int
    minutes: int
    messages: int
    busiest_week: int
    busiest_day: int


@dataclass(frozen=True, slots=True)
class Spread:
    """How a number is spread over people. `p95`: 95 in 100 have at most so many."""

    mean: float
    median: float
    p95: int
    most: int


@dataclass(frozen=True, slots=True)
class Ending:
    """What became of one window. `lapsed`: it was over before its date was known.

    `told` is of a window left unanswered by somebody who wants every message: did one speak of it? None of any other.
    """

    one: Assessment
    status: Status
    reason: str
    lapsed: bool
    told: bool | None


@dataclass(slots=True)
class Tally:
    """The counts so far. `at` is when the simulation ended, `Group` is arm and stratum, `Pair` two timepoints."""

    study: Study
    catalogue: Mapping[str, Instrument]
    at: datetime
    groups: Counter[Group] = field(default_factory=Counter)
    idle: Counter[Group] = field(default_factory=Counter)
    zones: Counter[str] = field(default_factory=Counter)
    happened: Counter[str] = field(default_factory=Counter)
    asked: Counter[tuple[str, Group]] = field(default_factory=Counter)
    opened: Counter[tuple[str, Group]] = field(default_factory=Counter)
    undecided: Counter[tuple[str, Group]] = field(default_factory=Counter)
    statuses: Counter[tuple[str, Status]] = field(default_factory=Counter)
    unopened: Counter[tuple[str, str]] = field(default_factory=Counter)
    lapsed: Counter[str] = field(default_factory=Counter)
    silent: Counter[str] = field(default_factory=Counter)
    spoken: Counter[str] = field(default_factory=Counter)
    crowded: Counter[tuple[str, str, tuple[str, ...]]] = field(default_factory=Counter)
    both: Counter[Pair] = field(default_factory=Counter)
    inside: Counter[Pair] = field(default_factory=Counter)
    minutes_of: dict[str, int] = field(default_factory=dict)
    longest_days: int = 0
    weeks: int = 0
    decisions: Counter[str] = field(default_factory=Counter)
    burdens: Counter[Burden] = field(default_factory=Counter)
    questions_of: dict[tuple[str, ...], int] = field(default_factory=dict)

    @property
    def participants(self) -> int:
        """How many people were counted."""
        return self.groups.total()

    def add(self, lived: Lived) -> tuple[Burden, tuple[Ending, ...]]:
        """Count one person; what the study asks of them, and what became of each assessment."""
        person, group = lived.person, (lived.person.arm, lived.person.stratum)
        self.groups[group] += 1
        self.zones[person.timezone] += 1
        self.idle[group] += not lived.assessments
        self.happened.update({one.kind for one in known(lived.records) if one.actual and one.on is not None})
        endings = tuple(self._endings(lived))
        for ending in endings:
            self._count(ending, group)
        self._compare([one for one in lived.assessments if one.cancelled_at is None])
        self.decisions.update(str(one.decision) for one in lived.deliveries)
        self.weeks += _weeks(lived)
        asked = self._burden(lived, endings)
        self.burdens[asked] += 1
        return asked, endings

    def _endings(self, lived: Lived) -> Iterator[Ending]:
        """What became of each assessment of one person."""
        sent = {each for one in lived.deliveries if one.outcome == "sent" for each in one.assessment_ids}
        willing = FEWER.isdisjoint(lived.person.preferences)
        for one in lived.assessments:
            state = status(one, self.at)
            lapsed = state is Status.MISSED and _over_before_known(one, lived.records)
            told = one.id in sent if willing and state in UNANSWERED and not lapsed else None
            yield Ending(one, state, self._why(one, state), lapsed, told)

    def spread(self, name: str) -> Spread:
        """How a field of `Burden` is spread over people; all zero where there is nobody."""
        counts: Counter[int] = Counter()
        for one, people in self.burdens.items():
            counts[getattr(one, name)] += people
        return spread(counts)

    def timepoint(self, counts: Counter[tuple[str, Group]], code: str) -> int:
        """The count of one timepoint over all groups."""
        return sum(counts[code, group] for group in self.groups)

    def _why(self, one: Assessment, state: Status) -> str:
        if state is Status.WAITING:
            anchors = self.study.timepoint(one.timepoint).anchors
            return f"waits for {' or '.join(anchor.event for anchor in anchors)}"
        return one.cancel_reason or ""

    def _count(self, ending: Ending, group: Group) -> None:
        code, one = ending.one.timepoint, ending.one
        self.asked[code, group] += 1
        self.statuses[code, ending.status] += 1
        self.lapsed[code] += ending.lapsed
        self.silent[code] += ending.told is False
        self.spoken[code] += ending.told is True
        if ending.status in OPENED and one.opens_at is not None and one.closes_at is not None:
            self.opened[code, group] += 1
            self.longest_days = max(self.longest_days, round((one.closes_at - one.opens_at) / timedelta(days=1)))
            minutes = burden.minutes(self._questions(one.instruments))
            self.minutes_of[code] = max(minutes, self.minutes_of.get(code, 0))
            return
        self.unopened[code, ending.reason or str(ending.status)] += 1
        ended = ending.status is Status.CANCELLED and ending.reason != NO_WINDOW
        to_come = ending.status is Status.PLANNED or (ending.status is Status.WAITING and self.at < FAR)
        self.undecided[code, group] += ended or to_come

    def _compare(self, live: list[Assessment]) -> None:
        """Which pairs of one person's windows come close to each other, and which lie one inside the other."""
        for each in overlaps(live, days=self.study.same_instrument_days):
            self.crowded[each.earlier.timepoint, each.later.timepoint, each.instruments] += 1
        dated = [(one.timepoint, one.opens_at, one.closes_at) for one in live if one.opens_at and one.closes_at]
        for (code, opens, closes), (other, begins, ends) in combinations(dated, 2):
            pair = (code, other) if code < other else (other, code)
            self.both[pair] += 1
            self.inside[pair] += (opens <= begins and ends <= closes) or (begins <= opens and closes <= ends)

    def _questions(self, instruments: tuple[str, ...]) -> int:
        if instruments not in self.questions_of:
            self.questions_of[instruments] = burden.questions(self.catalogue, instruments)
        return self.questions_of[instruments]

    def _burden(self, lived: Lived, endings: Sequence[Ending]) -> Burden:
        forms = [self._questions(ending.one.instruments) for ending in endings if ending.status in OPENED]
        days = [one.local_day for one in lived.deliveries if one.outcome == "sent"]
        return Burden(
            questions=sum(forms),
            minutes=sum(map(burden.minutes, forms)),
            messages=len(days),
            busiest_week=max(Counter(_monday(day) for day in days).values(), default=0),
            busiest_day=max(Counter(days).values(), default=0),
        )


def spread(counts: Mapping[int, int]) -> Spread:
    """Mean, median, 95th percentile (nearest rank) and most of numbers, given how often each occurs."""
    total = sum(counts.values())
    if not total:
        return Spread(0.0, 0.0, 0, 0)
    mean = sum(number * times for number, times in counts.items()) / total
    low, high = _ranked(counts, (total + 1) // 2), _ranked(counts, total // 2 + 1)
    return Spread(round(mean, 2), (low + high) / 2, _ranked(counts, -(-total * 95 // 100)), max(counts))


def _ranked(counts: Mapping[int, int], rank: int) -> int:
    """The number in that place, from 1, if all were written down in order."""
    for number in sorted(counts):
        rank -= counts[number]
        if rank <= 0:
            return number
    raise ValueError("there are not so many numbers")


def _over_before_known(one: Assessment, records: tuple[EventRecord, ...]) -> bool:
    """Whether the window had closed when its event was first recorded with the date it hangs on."""
    if one.closes_at is None:
        return False
    since: datetime | None = None
    for record in records:
        if record.kind == one.anchor:
            since = (since or record.recorded_at) if record.on == one.anchor_on else None
    return since is not None and one.closes_at <= since


def _weeks(lived: Lived) -> int:
    """Calendar weeks from enrolment until the last window that was not cancelled."""
    closes = [one.closes_at for one in lived.assessments if one.closes_at is not None and one.cancelled_at is None]
    enrolled_at = lived.participant.enrolled_at
    if enrolled_at is None or not closes:
        return 1
    zone = calendar.zone(lived.person.timezone)
    first, last = calendar.local_date(enrolled_at, zone), calendar.local_date(max(closes), zone)
    return max(1, (_monday(last) - _monday(first)).days // 7 + 1)


def _monday(day: date) -> date:
    """Calendar weeks begin on Monday, as ISO 8601 has it."""
    return day - timedelta(days=day.weekday())

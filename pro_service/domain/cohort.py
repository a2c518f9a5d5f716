"""A synthetic cohort: people who do not exist, and what happens to them in a trial of any protocol.

Everything follows from the protocol and from the dice that are handed in: `dice("NKI-001", "month_3")` is a random
generator of its own for these words, so that one person's life does not depend on how many others there are.
Fates come in a fixed order, so that a small cohort too has late, moved and cancelled operations, withdrawals, deaths.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Literal

from pro_service.domain.preferences import NO, NO_CHANNEL
from pro_service.domain.protocol import Study

Dice = Callable[..., Random]
Fate = Literal["usual", "moved", "late", "never", "told_late", "corrected", "withdraws", "progresses", "dies"]

FATES: tuple[Fate, ...] = (
    *("usual", "moved", "usual", "withdraws", "late", "usual", "never", "usual", "dies", "usual"),
    *("told_late", "usual", "moved", "usual", "progresses", "corrected", "late", "usual", "usual", "usual"),
)
"""Of twenty one withdraws, one dies, one's last event never comes, one's is told weeks late, one's is told wrongly."""

HABITS: tuple[tuple[float, float], ...] = ((0.96, 0.02), (0.92, 0.04), (0.9, 0.03), (0.62, 0.16), (0.94, 0.02))
"""How likely somebody is to submit a form, and to leave it half done; the rest is missed."""

NOT_YET = (0.0, 0.0)
"""The newest participant has not found the time yet: there is always a form open on the last day."""

ELSEWHERE = ("America/New_York", "Australia/Lord_Howe", "Europe/London", "Pacific/Auckland")
"""Clocks that change on other days, the other way round, and (Lord Howe) by half an hour."""

EVERY_NTH_ELSEWHERE = 6
CHOICES: Mapping[int, Mapping[str, str]] = {
    13: {"channel": NO_CHANNEL},
    17: {"quiet_from": "18:00", "quiet_until": "11:30"},
    19: {"reminder": NO},
}
"""Every so-manieth wants no messages, none before half past eleven, or invitations alone; some are away for a while."""

AWAY, AWAY_DAYS = 23, 100


@dataclass(frozen=True, slots=True)
class Happening:
    """Somebody records, on the day `on`, that an event is planned for or took place on `date` (None: will not)."""

    on: date
    kind: str
    date: date | None
    actual: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """One synthetic participant. `health` runs from 0 (worst) to 1; `submits` and `stops_halfway` are probabilities."""

    code: str
    site: str
    arm: str
    stratum: str
    language: str
    timezone: str
    randomised_on: date
    happenings: tuple[Happening, ...]
    health: float
    submits: float
    stops_halfway: float
    preferences: Mapping[str, str] = field(default_factory=dict)


def people(
    study: Study, *, participants: int, first_on: date, last_on: date, dice: Dice, newest_waits: bool = True
) -> Iterator[Person]:
    """So many people, randomised evenly between two days, balanced over arms, strata, sites and languages.

    With `newest_waits` the last of them has not found the time for any form yet.
    """
    span = (last_on - first_on).days
    arms_and_strata = [(arm, stratum) for stratum in study.stratum_codes for arm in study.arm_codes]
    dice("allocation").shuffle(arms_and_strata)
    for number in range(participants):
        arm, stratum = arms_and_strata[number % len(arms_and_strata)]
        site = study.sites[number % len(study.sites)]
        code = f"{site.code.upper()}-{number + 1:03}"
        die = dice(code)
        abroad = number % EVERY_NTH_ELSEWHERE == EVERY_NTH_ELSEWHERE - 1
        randomised_on = first_on + timedelta(days=round(span * (number + 1) / participants))
        waits = newest_waits and number + 1 == participants
        submits, stops_halfway = NOT_YET if waits else HABITS[number % len(HABITS)]
        fate = FATES[(number + number // len(FATES)) % len(FATES)]
        yield Person(
            code=code,
            site=site.code,
            arm=arm,
            stratum=stratum,
            language=study.languages[number % len(study.languages)],
            timezone=ELSEWHERE[number // EVERY_NTH_ELSEWHERE % len(ELSEWHERE)] if abroad else site.timezone,
            randomised_on=randomised_on,
            happenings=_happenings(study, arm, randomised_on, fate, die),
            health=min(0.95, max(0.25, die.gauss(0.68, 0.14))),
            submits=submits,
            stops_halfway=stops_halfway,
            preferences=_preferences(number, randomised_on),
        )


def _preferences(number: int, randomised_on: date) -> dict[str, str]:
    """What somebody has chosen about messages."""
    if number % AWAY == AWAY - 1:
        return {"paused_until": (randomised_on + timedelta(days=AWAY_DAYS)).isoformat()}
    return dict(next((chosen for nth, chosen in CHOICES.items() if number % nth == nth - 1), {}))


def goodness(study: Study, person: Person, on: date, happened: Mapping[str, date]) -> float:
    """How well the person is on a day, from 0 to 1: a dip after each treatment, which the first arm feels more.

    `happened` are the actual dates of events so far.
    """
    burden = 1.0 if person.arm == study.arm_codes[0] else 0.7
    treated = [kind for kind in _course(study) if kind in happened]
    dips = sum(0.16 * burden * 2 ** (-max(0, (on - happened[kind]).days) / 60) for kind in treated)
    gain = 0.06 * (1 - 2 ** (-(on - person.randomised_on).days / 180))
    return min(1.0, max(0.0, person.health - dips + gain))


def _course(study: Study) -> list[str]:
    """The events of treatment, in order: those the schedule hangs on that are neither required nor an end."""
    hung = {anchor.event for point in study.timepoints for anchor in point.anchors}
    hung |= {cap for point in study.timepoints for cap in (point.not_after, point.before) if cap}
    return [kind.code for kind in study.events if kind.code in hung and not kind.required and not kind.ends]


def _happenings(study: Study, arm: str, randomised_on: date, fate: Fate, die: Random) -> tuple[Happening, ...]:
    found = [*_treatment(study, arm, randomised_on, fate, die), *_stray(study, randomised_on, fate, die)]
    end = _end(study, randomised_on, fate, die)
    if end is not None:
        found = [one for one in found if one.on < end.on and (one.date is None or not one.actual or one.date < end.on)]
        found.append(end)
    return tuple(sorted(found, key=lambda one: one.on))


def _treatment(study: Study, arm: str, randomised_on: date, fate: Fate, die: Random) -> Iterator[Happening]:
    """Each event of the course: planned when the one before has happened, then recorded, a day or three late."""
    course = _course(study)
    dates: dict[str, date] = {}
    before = randomised_on
    for kind in course:
        last = kind == course[-1]
        on = _expected(study, kind, arm, dates, die) or _weeks_after(before, dates, die)
        if last and fate == "late":
            on += timedelta(days=die.randint(30, 60))
        planned = on - timedelta(days=die.randint(7, 21)) if last and fate == "moved" else on
        planned = max(planned, before + timedelta(days=8))
        if not (last and fate == "told_late"):
            yield Happening(before + timedelta(days=1), kind, planned, actual=False)
        if last and fate == "never":
            yield Happening(planned - timedelta(days=2), kind, None, actual=False, reason="will not take place")
            return
        if planned != on:
            yield Happening(planned - timedelta(days=3), kind, on, actual=False, reason="moved")
        yield from _told(kind, on, die, fate if last else "usual")
        dates[kind] = before = on


def _told(kind: str, on: date, die: Random, fate: Fate) -> Iterator[Happening]:
    """That it happened is written down within days; of some five weeks late, or with a wrong date at first."""
    late = die.randint(0, 3) + (35 if fate == "told_late" else 0)
    wrong = fate == "corrected"
    yield Happening(on + timedelta(days=late), kind, on - timedelta(days=2 if wrong else 0), actual=True)
    if wrong:
        yield Happening(on + timedelta(days=late + 4), kind, on, actual=True, reason="a wrong date was copied")


def _expected(study: Study, kind: str, arm: str, dates: Mapping[str, date], die: Random) -> date | None:
    """When the event comes if the protocol reckons it from an earlier one, by the days of the arm."""
    for timepoint in study.timepoints:
        events = [anchor.event for anchor in timepoint.anchors]
        if kind in events[:1]:
            for anchor in timepoint.anchors[1:]:
                if anchor.event in dates and arm in anchor.days_by_arm:
                    return dates[anchor.event] + timedelta(days=anchor.days_by_arm[arm] + die.randint(0, 4))
    return None


def _weeks_after(before: date, dates: Mapping[str, date], die: Random) -> date:
    return before + timedelta(days=die.randint(32, 46) if dates else die.randint(10, 20))


def _stray(study: Study, randomised_on: date, fate: Fate, die: Random) -> Iterator[Happening]:
    """An event nothing hangs on, such as progression."""
    others = [kind.code for kind in study.events if not (kind.required or kind.ends or kind.code in _course(study))]
    if others and fate in ("progresses", "dies"):
        on = randomised_on + timedelta(days=die.randint(120, 200))
        yield Happening(on + timedelta(days=1), others[0], on, actual=True)


def _end(study: Study, randomised_on: date, fate: Fate, die: Random) -> Happening | None:
    ends = [kind.code for kind in study.events if kind.ends]
    if not ends or fate not in ("withdraws", "dies"):
        return None
    on = randomised_on + timedelta(days=die.randint(60, 150) if fate == "withdraws" else die.randint(220, 330))
    return Happening(on + timedelta(days=1), ends[0] if fate == "withdraws" else ends[-1], on, actual=True)

"""Planning, and whole lives in memory: plan_schedule and simulate_participant.

plan_schedule is the whole SCOPES schedule of one participant, aimed at under 1,000 microseconds. Its limit is what no
planner can avoid: turning the dates of the windows into instants, one `datetime` in the person's zone converted to UTC
each. simulate_participant is one person of a synthetic cohort from enrolment until the last window has closed, aimed at
under 6,000 microseconds, which is ten thousand people a minute; its limit is planning alone, once per date that was
recorded. Rounds of value and limit alternate, so that a busy machine slows them alike; the fastest of each counts.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from random import Random
from zoneinfo import ZoneInfo

from pro_service.domain import events as history
from pro_service.domain.protocol import Study
from pro_service.domain.schedule import Facts, TrialEvent, plan
from pro_service.domain.simulation import Lived, Period, lives
from pro_service.studies.reader import read, shipped

ROUNDS, REPEATS = 40, 200
LIVES, LIVES_ROUNDS = 60, 5
NAMES = ("plan_schedule", "simulate_participant")
PERIOD = Period(datetime(2024, 7, 2, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
FACTS = Facts("short", "lower_extremity", "Europe/Amsterdam")
EVENTS = tuple(
    TrialEvent(kind, date.fromisoformat(on))
    for kind, on in {
        "randomisation": "2026-01-12",
        "radiotherapy_start": "2026-01-26",
        "radiotherapy_end": "2026-02-12",
        "surgery": "2026-03-20",
    }.items()
)


def run() -> Iterator[dict[str, object]]:
    """One participant with every date known: eight windows. Then sixty people's whole lives."""
    text, path = shipped("scopes")
    study = read(text, file=path, catalogue_codes=None)
    yield _planning(study)
    yield _living(study)


def _planning(study: Study) -> dict[str, object]:
    dates = _midnights(study)
    zone = ZoneInfo(FACTS.timezone)
    value = limit = float("inf")
    for _ in range(ROUNDS):
        limit = min(limit, _seconds(lambda: [datetime(y, m, d, tzinfo=zone).astimezone(UTC) for y, m, d in dates]))
        value = min(value, _seconds(lambda: plan(study, FACTS, EVENTS)))
    return {
        "name": "plan_schedule",
        "value": round(value * 1e6, 2),
        "unit": "microseconds per participant",
        "limit": round(limit * 1e6, 2),
        "limit_is": f"zoneinfo resolving the same {len(dates)} local midnights, nothing else",
        "ratio": round(value / limit, 2),
        "samples": ROUNDS * REPEATS,
        "peak_mb": _peak(lambda: plan(study, FACTS, EVENTS)),
    }


def _living(study: Study) -> dict[str, object]:
    def live() -> list[Lived]:
        return list(lives(study, participants=LIVES, period=PERIOD, dice=lambda *words: Random(f"1:{words}")))

    recorded = [
        (one.participant, history.current(one.records[:number]))
        for one in live()
        for number in range(1, len(one.records) + 1)
    ]
    facts = [(Facts(who.arm or "", who.stratum or "", who.timezone), events) for who, events in recorded]
    value = limit = float("inf")
    for _ in range(LIVES_ROUNDS):
        limit = min(limit, _seconds(lambda: [plan(study, each, events) for each, events in facts], 1))
        value = min(value, _seconds(live, 1))
    return {
        "name": "simulate_participant",
        "value": round(value / LIVES * 1e6, 2),
        "unit": "microseconds per participant",
        "limit": round(limit / LIVES * 1e6, 2),
        "limit_is": "planning alone, once for each date that was recorded",
        "ratio": round(value / limit, 2),
        "samples": LIVES_ROUNDS * LIVES,
        "peak_mb": _peak(live),
    }


def _midnights(study: Study) -> list[tuple[int, int, int]]:
    """The local dates whose midnights the plan resolves: three per window, and one per cap with a date."""
    found = [at for one in plan(study, FACTS, EVENTS) for at in (one.opens_at, one.due_at, one.closes_at)]
    known = {event.kind for event in EVENTS}
    caps = [cap for point in study.timepoints for cap in (point.not_after, point.before) if cap in known]
    local = [at.astimezone(ZoneInfo(FACTS.timezone)) for at in found if at is not None]
    return [(at.year, at.month, at.day) for at in [*local, *local[: len(caps)]]]


def _seconds(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Seconds per call, over one round."""
    start = time.perf_counter()
    for _ in range(repeats):
        work()
    return (time.perf_counter() - start) / repeats


def _peak(work: Callable[[], object]) -> float:
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return round(peak / 1e6, 3)

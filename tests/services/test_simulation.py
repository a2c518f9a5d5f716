"""A synthetic cohort through the real services: what must come of it, and what a cut of it must never do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from pro_service.domain.assessments import status
from pro_service.domain.dataset import Dataset, Row
from pro_service.domain.simulation import Lived, lives
from pro_service.runtime import Runtime, build
from pro_service.services import datasets, demo, simulation
from pro_service.services.simulation import Order, Totals
from pro_service.settings import from_environment
from pro_service.storage.migrations import upgrade
from pro_service.studies.reader import read, shipped
from tests.support import people
from tests.support.clock import Clock

UNTIL = datetime(2026, 6, 30, 12, 0, tzinfo=UTC)


def order(participants: int = 9, months: int = 9, seed: int = 3) -> Order:
    text, file = shipped("scopes")
    return Order(text, file, participants, seed, months, UNTIL)


def simulated(runtime: Runtime, asked: Order) -> Totals:
    return simulation.simulate(runtime.work, order=asked, channels=runtime.channels, base_url="http://127.0.0.1:1")


def rows(dataset: Dataset) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {table.name: [] for table in dataset.tables}
    for batch in dataset.batches():
        for name, more in batch.items():
            found[name] += more
    return found


def test_a_cohort_lives_through_the_study(runtime: Runtime, clock: Clock, tmp_path: Path) -> None:
    totals = simulated(runtime, order())
    clock.set(UNTIL)
    assert totals.participants == 9
    assert {"submitted", "missed", "cancelled", "planned"} <= totals.assessments.keys()
    assert min(totals.answers, totals.messages, totals.scores) >= 50
    assert len(list((tmp_path / "outbox").iterdir())) == totals.messages
    with runtime.work(people.everything, writes=False) as work:
        known = rows(datasets.cut(work, study="scopes", as_of=UNTIL))
        status = datasets.cut(work, study="scopes", as_of=UNTIL).table("forms").names().index("status")
    statuses = {str(row[status]) for row in known["forms"]}
    assert "submitted_in_window" in statuses
    assert "submitted_out_of_window" not in statuses
    assert all(row[2] in ("short", "conventional") for row in known["participants"])


def seen(lived: Lived) -> tuple[object, ...]:
    """Every window and every decision of one person, without the ids and without the channel's name."""
    name = {one.id: one.timepoint for one in lived.assessments}
    windows = [
        (one.timepoint, one.opens_at, one.due_at, one.closes_at, one.started_at, one.submitted_at)
        for one in lived.assessments
    ]
    ends = [
        (one.timepoint, status(one, UNTIL), one.cancelled_at, one.cancel_reason, one.instruments)
        for one in lived.assessments
    ]
    said = [
        (one.decided_at, one.occasion, one.decision, one.reason, one.due_at, one.outcome, one.sent_at, one.local_day)
        for one in lived.deliveries
    ]
    about = [(one.decided_at, sorted(name[each] for each in one.assessment_ids)) for one in lived.deliveries]
    records = [(one.kind, one.on, one.actual, one.recorded_at, one.reason) for one in lived.records]
    return lived.person, records, *(sorted(map(str, lines)) for lines in (windows, ends, said, about))


def test_in_memory_the_same_windows_and_messages_come_out(runtime: Runtime) -> None:
    """Nothing is decided twice: the simulation in memory and the services with their database agree on every line."""
    asked = order(participants=12, months=8)
    simulated(runtime, asked)
    study = read(asked.document, file=asked.file, catalogue_codes=None)
    with runtime.work(people.everything, now=UNTIL, writes=False) as work:
        stored = [seen(one) for one in simulation.lives(work, study=study, order=asked)]
    in_memory = lives(study, participants=12, period=asked.period, dice=simulation.dice(asked.seed))
    assert [seen(one) for one in in_memory] == stored
    assert len(stored) == 12


def test_somebody_has_something_to_answer_today(runtime: Runtime, clock: Clock) -> None:
    simulated(runtime, order(participants=2, months=2))
    clock.set(UNTIL)
    with runtime.work(people.everything) as work:
        token = demo.fresh_link(work, study="scopes")
        assert demo.opens(work, token=token)


def test_long_after_the_demo_somebody_new_takes_part(runtime: Runtime, clock: Clock) -> None:
    """Nothing is open any more; the link of the next start still leads to a form."""
    simulated(runtime, order(participants=1, months=1))
    clock.set(UNTIL + timedelta(days=1500))
    with runtime.work(people.everything) as work:
        token = demo.fresh_link(work, study="scopes")
        assert demo.opens(work, token=token)


def test_the_same_seed_makes_the_same_rows_on_any_database(runtime: Runtime, clock: Clock, tmp_path: Path) -> None:
    """Ids differ, and nothing that leaves does: once here, once in a fresh SQLite file."""
    fresh = build(from_environment({"PRO_ENV": "test", "PRO_DATA_DIR": str(tmp_path / "fresh")}), clock=clock)
    upgrade(fresh.engine)
    clock.set(UNTIL)
    asked, found = order(participants=3, months=5), []
    for each in (runtime, fresh):
        totals = simulated(each, asked)
        with each.work(people.everything, writes=False) as work:
            found.append((totals, rows(datasets.cut(work, study="scopes", as_of=UNTIL))))
    fresh.engine.dispose()
    assert found[0] == found[1]
    assert simulated_differently(tmp_path, clock) != found[0][0]


def simulated_differently(tmp_path: Path, clock: Clock) -> Totals:
    """The totals of another seed."""
    other = build(from_environment({"PRO_ENV": "test", "PRO_DATA_DIR": str(tmp_path / "other")}), clock=clock)
    upgrade(other.engine)
    totals = simulated(other, order(participants=3, months=5, seed=4))
    other.engine.dispose()
    return totals


def test_nothing_leaks_into_an_earlier_cut(runtime: Runtime, clock: Clock) -> None:
    """Cuts made once a month while the cohort lives, and the same cuts made at the end, have the same rows."""
    then: dict[datetime, dict[str, list[Row]]] = {}
    asked = order(participants=5, months=7)
    start = UNTIL - timedelta(days=round(7 * simulation.DAYS_PER_MONTH))

    def look(done: int, _days: int) -> None:
        if done % 30 == 0:
            instant = datetime.combine(start.date() + timedelta(days=done), datetime.min.time(), UTC)
            with runtime.work(people.everything, now=instant, writes=False) as work:
                then[instant] = rows(datasets.cut(work, study="scopes", as_of=instant))

    simulation.simulate(
        runtime.work, order=asked, channels=runtime.channels, base_url="http://127.0.0.1:1", progress=look
    )
    clock.set(UNTIL)
    assert len(then) >= 6
    with runtime.work(people.everything, writes=False) as work:
        for instant, known in then.items():
            now = rows(datasets.cut(work, study="scopes", as_of=instant))
            for table, lines in known.items():
                assert now[table] == lines, f"{table} of {instant} has changed"

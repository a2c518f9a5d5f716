"""Clocks that jump and clocks that differ, in a whole installation: nobody hears twice, and everybody hears.

The rounds play these too, at random; here each is looked at by itself. The processes run on a moved clock (clock.py).
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.faults.books import Books
from tests.faults.installation import Installation
from tests.faults.people import Someone, enrol

pytestmark = [pytest.mark.xdist_group("installation"), pytest.mark.timeout(600)]

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
TEN = time(10)


def mails(installation: Installation, person: Someone) -> list[datetime]:
    """When the mail server took a message for somebody, as their own clock shows it."""
    taken = [one.at for one in installation.mail.taken if one.address == person.address]
    return [at.astimezone(ZoneInfo(person.zone)) for at in taken]


def spring_forward(after: date) -> date:
    """The next day on which Amsterdam's clocks go forward: the last Sunday of March."""
    for year in (after.year, after.year + 1):
        last = date(year, 3, 31)
        sunday = last - timedelta(days=(last.weekday() + 1) % 7)
        if sunday - timedelta(days=1) > after:
            return sunday
    raise AssertionError("there is one every year")


def test_two_workers_whose_clocks_differ_by_minutes(installation: Installation, books: Books) -> None:
    """Failure rows 2 and 5: by more than any claim lasts, so that each thinks the other's claims have run out."""
    installation.mail.seconds = 0.05
    installation.clock.jump(timedelta(minutes=9), "worker-1")
    installation.clock.jump(timedelta(minutes=-9), "worker-2")
    persons = enrol(installation, 20)
    books.audit.everybody += persons
    installation.clock.jump(timedelta(minutes=10))  # it is time for the slower one as well
    books.settle()
    installation.clock.agree()
    books.settle()
    verdict = books.audit.verdict()
    assert verdict.clean, verdict
    assert [len(mails(installation, one)) for one in persons] == [1] * 20


def test_the_clock_a_day_on_and_an_hour_back_again_and_again(installation: Installation, books: Books) -> None:
    """Failure row 13: whatever the time is said to be, a message is said once."""
    persons = enrol(installation, 5)
    books.audit.everybody += persons
    for by in (timedelta(days=1), timedelta(hours=-1), timedelta(hours=-1), timedelta(hours=1)):
        installation.clock.jump(by)
        books.settle()
    verdict = books.audit.verdict()
    assert verdict.clean, verdict
    assert [len(mails(installation, one)) for one in persons] == [1] * 5


def test_across_the_day_on_which_the_clocks_go_forward(installation: Installation, books: Books) -> None:
    """Failure row 9: ten in the morning stays ten in the morning, and an hour set back repeats nothing."""
    sunday = spring_forward(installation.clock().date())
    first = sunday - timedelta(days=1)
    installation.clock.jump_to(datetime.combine(first, time(9, 30), AMSTERDAM))
    (person,) = enrol(installation, 1, zone="Europe/Amsterdam")
    books.audit.everybody.append(person)
    due = [first, first + timedelta(days=3), first + timedelta(days=7)]
    for number, day in enumerate(due):
        for minutes, heard in ((-1, number), (1, number + 1), (-59, number + 1), (2, number + 1)):
            installation.clock.jump_to(datetime.combine(day, TEN, AMSTERDAM) + timedelta(minutes=minutes))
            books.settle()
            assert len(mails(installation, person)) == heard, (day, minutes)
    assert [(at.date(), at.hour) for at in mails(installation, person)] == [(day, 10) for day in due]
    verdict = books.audit.verdict()
    assert verdict.clean, verdict

"""One random fault after the other in a whole installation under load: nothing saved is lost, nothing is sent twice.

The seed is printed at the end of the run; FAULTS_SEED repeats it, FAULTS_ROUNDS plays more or fewer rounds, and
FAULTS_REPORT is where to write the findings as JSON.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from random import Random, SystemRandom

import pytest

from tests.faults.books import Books
from tests.faults.installation import Installation
from tests.faults.rounds import Report, order, play
from tests.faults.summary import PROPERTY

ROUNDS = 10
NIGHTLY = 200


@pytest.mark.xdist_group("installation")
@pytest.mark.parametrize(
    "rounds",
    [
        pytest.param(ROUNDS, marks=pytest.mark.timeout(600)),
        pytest.param(NIGHTLY, marks=[pytest.mark.nightly, pytest.mark.timeout(4 * 3600)]),
    ],
)
def test_nothing_is_lost_and_nothing_is_sent_twice(
    installation: Installation,
    books: Books,
    rounds: int,
    record_property: Callable[[str, object], None],
    tmp_path: Path,
) -> None:
    """Failure rows 2, 3, 4, 5, 14 and 15: whatever dies, stalls or lies about the time, and whenever it does."""
    seed = int(os.environ.get("FAULTS_SEED") or SystemRandom().randrange(10**9))
    report, chance = Report(seed), Random(seed)
    try:
        for fault in order(chance, int(os.environ.get("FAULTS_ROUNDS") or rounds)):
            report.rounds.append({"fault": fault.name})
            report.rounds[-1] = play(installation, books, fault, chance)
            report.verdict = books.audit.verdict()
            assert report.verdict.clean, f"after {fault.name}: {report.verdict}"
    except BaseException as error:
        error.add_note(f"FAULTS_SEED={seed}, round {len(report.rounds)}: {report.rounds[-1]}\n{installation.logs()}")
        raise
    finally:
        report.write(tmp_path)
        record_property(PROPERTY, report.line())

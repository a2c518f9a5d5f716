"""A round: people enrol and answer, messages go out, something is struck, everything is mended, and audited."""

from __future__ import annotations

import json
import os
import signal
import time
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from random import Random

from tests.faults.audit import FATES, Verdict
from tests.faults.books import Books
from tests.faults.installation import Installation
from tests.faults.people import Crowd, enrol
from tests.faults.troubles import FAULTS, LONGEST, Fault, Scene
from tests.support.ports import wait_until

PEOPLE = 8
ANSWERING = 2
"""How many enrol in each round, and how many of them answer at once, on two screens each."""


@dataclass
class Report:
    """What was done and what was found, for people and as JSON."""

    seed: int
    rounds: list[dict[str, object]] = field(default_factory=list)
    verdict: Verdict = field(default_factory=Verdict)

    def line(self) -> str:
        """The findings in one line."""
        v = self.verdict
        causes = "; ".join(f"{number} {cause}" for cause, number in sorted(v.unknown.items())) or "none"
        fates = ", ".join(f"{v.fate.get(fate, 0)} {fate}" for fate in FATES)
        return (
            f"{len(self.rounds)} rounds of faults (seed {self.seed}): {v.saved} answers saved, {len(v.lost)} lost; "
            f"{v.messages} messages taken, {len(v.duplicated)} duplicated, {len(v.missing)} missing, "
            f"{sum(v.unknown.values())} unknown ({causes}), of which {fates}"
        )

    def write(self, folder: Path) -> None:
        """Keep it as JSON, where FAULTS_REPORT says or in the folder."""
        path = Path(os.environ.get("FAULTS_REPORT") or folder / "faults.json")
        path.write_text(json.dumps(asdict(self), indent=1))


def order(chance: Random, number: int) -> list[Fault]:
    """So many faults: each once in a random order, then all again in another."""
    found: list[Fault] = []
    while len(found) < number:
        found += chance.sample(FAULTS, len(FAULTS))
    return found[:number]


def play(installation: Installation, books: Books, fault: Fault, chance: Random) -> dict[str, object]:
    """One round; what happened in it, in numbers."""
    began, mail = time.monotonic(), installation.mail
    taken = len(mail.taken)
    _script(installation, fault, chance)
    persons = enrol(installation, PEOPLE)
    books.audit.everybody += persons
    crowd = Crowd.of(installation, persons[:ANSWERING])
    try:
        installation.nudge()
        fault.strike(Scene(installation, books, crowd, chance, messages=PEOPLE))
        installation.mend()
        wait_until(crowd.more(3), seconds=LONGEST, what="answers after the fault")
    finally:
        crowd.stop()
    crowd.submit()
    assert not crowd.failures
    books.settle()
    if fault.doubt:
        books.audit.excuse(fault.name)
    return {
        "fault": fault.name,
        "saved": crowd.saves,
        "tried again": crowd.retries,
        "messages": len(mail.taken) - taken,
        "seconds": round(time.monotonic() - began, 1),
    }


def _script(installation: Installation, fault: Fault, chance: Random) -> None:
    """Tell the mail server when to misbehave: after some messages that it takes as it should."""
    mail = installation.mail
    mail.seconds = chance.uniform(0, 0.05)
    frozen = "frozen" in fault.name
    mail.strike = partial(_strike, installation, signal.SIGSTOP if frozen else signal.SIGKILL)
    mail.script.extend([None] * chance.randrange(PEOPLE - len(fault.script)) if fault.script else [])
    mail.script.extend(fault.script)


def _strike(installation: Installation, what: signal.Signals, port: int) -> None:
    installation.signal(installation.speaker(port), what)

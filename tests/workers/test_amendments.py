"""An activation whose process is killed half-way is finished by a worker, with no command run again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

from sqlalchemy import func, select

from pro_service.domain.participants import Participant
from pro_service.runtime import Runtime
from pro_service.services import amendments, studies
from pro_service.storage.audit import audit_event
from tests.services.amended import second
from tests.support import people
from workers.timetable import TIMETABLE

KILLED_AFTER_ONE_BATCH = """
import os, signal
from functools import partial
from pro_service.runtime import build
from pro_service.services import amendments
from pro_service.settings import from_environment
from tests.support import people

amendments.BATCH = 2
runtime = build(from_environment())
die = lambda done, total: os.kill(os.getpid(), signal.SIGKILL)
amendments.carry_out(partial(runtime.work, people.everything), study="scopes", progress=die)
"""


def test_killed_half_way_a_worker_finishes_it(
    runtime: Runtime, database_url: str, scopes: object, enrolled: Callable[..., Participant]
) -> None:
    everybody = {enrolled().id for _ in range(5)}
    with runtime.work(people.everything) as w:
        studies.load(w, document=second(), file="scopes-2.yaml")
        studies.activate(w, code="scopes")
    variables = {
        "PRO_ENV": "test",
        "PRO_DATA_DIR": str(runtime.settings.data_dir),
        "PRO_DATABASE_URL": database_url,
    }
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_AFTER_ONE_BATCH], env={**os.environ, **variables}, check=False, timeout=120
    )
    assert killed.returncode == -9
    assert behind(runtime) == {"scopes": 3}
    (entry,) = [one for one in TIMETABLE if one.name == "amendments.carry_on"]
    for _ in range(2):
        entry.run(runtime)
    assert behind(runtime) == {}
    with runtime.work(people.everything, writes=False) as w:
        query = select(audit_event.c.participant_id, audit_event.c.actor_id).where(
            audit_event.c.action == "participant.amend"
        )
        amended = [tuple(row) for row in w.session.execute(query)]
        count = w.session.execute(select(func.count()).select_from(audit_event)).scalar_one()
    assert {who for who, _ in amended} == everybody
    assert sorted(by for _, by in amended) == ["amendments"] * 3 + ["everything"] * 2
    entry.run(runtime)
    with runtime.work(people.everything, writes=False) as w:
        assert w.session.execute(select(func.count()).select_from(audit_event)).scalar_one() == count


def behind(runtime: Runtime) -> dict[str, int]:
    """Who is still under an earlier version, by study."""
    with runtime.work(people.system, writes=False) as w:
        return dict(amendments.behind(w))

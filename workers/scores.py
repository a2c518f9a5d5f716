"""Score what was submitted, and what was begun and is closed."""

from __future__ import annotations

from pro_service.domain.audit import Actor
from pro_service.runtime import Runtime
from pro_service.services import assessments, scores

ACTOR = Actor(kind="system", id="scores", role="system")
LIMIT = 2000


def score(runtime: Runtime) -> None:
    """Score everything that waits, a batch per transaction."""
    found = LIMIT
    while found == LIMIT:
        with runtime.work(ACTOR) as work:
            found = scores.score_pending(work, limit=LIMIT)


def close(runtime: Runtime) -> None:
    """Let forms that were begun, but closed before they were submitted, be scored as far as the rules allow."""
    found = LIMIT
    while found == LIMIT:
        with runtime.work(ACTOR) as work:
            found = assessments.close_overdue(work, limit=LIMIT)

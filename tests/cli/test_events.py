"""`pro event`: what is recorded, as it was known on any day, and the difference each event makes, before it is made.

The command line has the real clock: what must lie ahead is reckoned from today.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest

from pro_service.domain.participants import Participant
from pro_service.domain.responses import Draft
from pro_service.services import responses
from tests.cli.conftest import Pro
from tests.services.forms import QLQ, THIRTY, Begin, assessment, statuses
from tests.support import people

TODAY = datetime.now(UTC).date()


@pytest.fixture
def anna(enrolled: Callable[..., Participant]) -> Participant:
    """NKI-001, randomised a week ago."""
    return enrolled(randomisation=date(2026, 1, 12))


@pytest.fixture
def pro(installed: Pro, anna: Participant) -> Pro:
    """Runs `pro event` with these arguments: status, output, complaints."""
    return partial(installed, "event")


def ahead(days: int) -> str:
    return str(TODAY + timedelta(days=days))


def test_a_dry_run_shows_the_difference_and_writes_nothing(pro: Pro) -> None:
    """Failure row 8: the same table with and without --dry-run; only the second time anything is there afterwards."""
    before = pro("list", "NKI-001")
    status, rehearsed, err = pro("record", "NKI-001", "surgery", ahead(60), "--planned", "--dry-run")
    assert (status, err) == (0, "")
    assert pro("list", "NKI-001") == before
    status, done, err = pro("record", "NKI-001", "surgery", ahead(60), "--planned", "--actor", "ann")
    assert (status, err) == (0, "")
    assert rehearsed == f"{done}a dry run: nothing was written\n"
    assert done.startswith(f"NKI-001: surgery unknown -> {ahead(60)} (planned)\n")
    (row,) = [line.split() for line in done.splitlines() if line.strip().startswith("before_surgery")]
    assert row == ["before_surgery", "moves", "-", ahead(53), "to", ahead(59), "surgery", ahead(60)]
    assert "messages that come instead (those of one day are sent as one):" in done
    assert f"  {ahead(53)} 10:00  invitation, before_surgery\n" in done
    assert "fall away" not in done
    listed = pro("list", "NKI-001")[1]
    assert f"surgery         {ahead(60)} (planned)" in listed


def test_moving_it_says_which_messages_fall_away(pro: Pro) -> None:
    pro("record", "NKI-001", "surgery", ahead(60), "--planned")
    status, out, _ = pro("record", "NKI-001", "surgery", ahead(90), "--planned", "--dry-run")
    assert status == 0
    falls, comes = out.split("messages that fall away")[1].split("messages that come instead")
    assert f"  {ahead(53)} 10:00  invitation, before_surgery\n" in falls
    assert f"  {ahead(83)} 10:00  invitation, before_surgery\n" in comes


def test_what_was_submitted_stays_and_is_said_to(pro: Pro, work: Begin, anna: Participant) -> None:
    """Failure row 17: a withdrawal dated back over a submitted form cancels what is to come, never what was given."""
    one = assessment(work, anna)
    with work(people.patient(anna.id)) as w:
        responses.submit(w, assessment_id=one.id, drafts={QLQ: Draft(THIRTY)})
    status, out, _ = pro("record", "NKI-001", "withdrawal", "2026-01-13", "--reason", "said so by phone")
    assert status == 0
    (kept,) = [line for line in out.splitlines() if "stays" in line]
    assert "was submitted, its answers stay (else cancelled: withdrawal)" in kept
    assert out.count("is cancelled") == 7
    assert statuses(work, anna)["baseline"] == "submitted"


def test_as_it_was_known_on_an_earlier_day(pro: Pro) -> None:
    """Every earlier value stays readable; so does the schedule that followed from it."""
    pro("record", "NKI-001", "surgery", ahead(60), "--planned")
    now = pro("list", "NKI-001")[1]
    then = pro("list", "NKI-001", "--known-on", "2026-01-12")[1]
    assert "surgery" in now.partition("The schedule")[0]
    assert "surgery" not in then.partition("The schedule")[0]
    assert f"{ahead(53)} to {ahead(59)}" in now
    (waiting,) = [line for line in then.splitlines() if line.strip().startswith("before_surgery")]
    assert waiting.split() == ["before_surgery", "waiting", "-", "-"]
    assert "NKI-001, as known on 2026-01-12" in then


def test_taking_an_event_back(pro: Pro) -> None:
    pro("record", "NKI-001", "surgery", ahead(60), "--planned")
    status, out, _ = pro("retract", "NKI-001", "surgery", "--reason", "postponed without a date")
    assert status == 0
    assert f"surgery {ahead(60)} (planned) -> did not happen" in out
    assert "waiting" in out
    listed = pro("list", "NKI-001")[1]
    assert "superseded" in listed
    assert "did not happen" in listed


def test_the_same_again_changes_nothing(pro: Pro) -> None:
    pro("record", "NKI-001", "surgery", ahead(60), "--planned")
    said = pro("record", "NKI-001", "surgery", ahead(60), "--planned")[1]
    assert said == f"NKI-001: surgery {ahead(60)} (planned) is recorded already; nothing changes\n"


@pytest.mark.parametrize("rehearsal", [[], ["--dry-run"]], ids=["for real", "rehearsed"])
@pytest.mark.parametrize(
    ("arguments", "status", "complaint"),
    [
        (["NKI-001", "surgery", "2206-03-20"], 1, "lies more than a hundred years after the study was born"),
        (["NKI-001", "surgery", "1999-03-20"], 1, "event-too-early: surgery on 1999-03-20 lies before the study"),
        (["NKI-001", "coronation", "2026-03-20"], 1, "unknown-event: no event 'coronation'; the events are"),
        (["NKI-001", "randomisation", "2026-01-11"], 1, "expected a reason"),
        (["NKI-999", "surgery", "2026-03-20"], 1, "not-found: there is no participant of that code"),
        (["NKI-001", "surgery", "2026-02-30"], 2, "2026-02-30"),
        (["NKI-001", "surgery"], 2, "DATE"),
    ],
)
def test_what_is_refused_changes_nothing(
    pro: Pro, arguments: list[str], status: int, complaint: str, rehearsal: list[str]
) -> None:
    before = pro("list", "NKI-001")
    found, out, err = pro("record", *arguments, *rehearsal)
    assert (found, out) == (status, "")
    assert complaint in err
    assert pro("list", "NKI-001") == before

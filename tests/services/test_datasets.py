"""Data cuts: what was known at an instant and no more, to the same byte on both databases."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pro_service.domain.dataset import Cell, Dataset
from pro_service.domain.errors import Forbidden, StudyNotActive, UnknownStudy
from pro_service.domain.participants import Participant
from pro_service.domain.protocol import Study
from pro_service.exports import csv
from pro_service.runtime import Runtime
from pro_service.services import datasets
from pro_service.services.work import Work
from tests.services.tiny import IDENTIFIERS, Tiny, at
from tests.support import people
from tests.support.clock import Clock

GOLDEN = Path(__file__).with_name("golden")
WHOLE_STORY = at("02-28")

Begin = Callable[..., AbstractContextManager[Work]]
Tables = dict[str, list[dict[str, Cell]]]


def tables(dataset: Dataset) -> Tables:
    """Every table with its rows as dictionaries."""
    found: Tables = {table.name: [] for table in dataset.tables}
    for batch in dataset.batches():
        for name, rows in batch.items():
            names = dataset.table(name).names()
            found[name] += [dict(zip(names, row, strict=True)) for row in rows]
    return found


def taken(w: Work, as_of: datetime, **options: bool) -> Tables:
    return tables(datasets.cut(w, study="tiny", as_of=as_of, **options))


@pytest.fixture
def tiny(runtime: Runtime, clock: Clock) -> Tiny:
    """The tiny study before anything has happened."""
    return Tiny(runtime, clock)


@pytest.fixture
def lived(tiny: Tiny) -> Tiny:
    """The tiny study at the end of its story."""
    tiny.live()
    tiny.clock.set(WHOLE_STORY)
    return tiny


def test_the_tiny_study_as_csv(lived: Tiny, work: Begin, tmp_path: Path) -> None:
    """Golden files, the same for both databases. PRO_GOLDEN=write writes them anew: read what changed, by eye."""
    with work(people.everything, writes=False) as w:
        csv.write(datasets.cut(w, study="tiny", as_of=WHOLE_STORY), tmp_path)
    written = {path.name: path.read_bytes() for path in tmp_path.glob("*.csv")}
    if os.environ.get("PRO_GOLDEN") == "write":
        GOLDEN.mkdir(exist_ok=True)
        for name, content in written.items():
            (GOLDEN / name).write_bytes(content)
    for name, content in written.items():
        assert content.decode() == (GOLDEN / name).read_bytes().decode(), name
    assert written.keys() == {path.name for path in GOLDEN.iterdir()}


def test_nothing_recorded_after_the_cut_leaks(tiny: Tiny, work: Begin) -> None:
    """A cut made at the time and the same cut made at the end of the story have the same rows, at every instant."""
    then: dict[datetime, Tables] = {}
    for instant in tiny.story():
        with work(people.everything, now=instant, writes=False) as w:
            then[instant] = taken(w, instant, timing=True)
    with work(people.everything, now=WHOLE_STORY, writes=False) as w:
        for instant, known in then.items():
            assert taken(w, instant, timing=True) == known, f"the cut of {instant} has changed"


def test_timing_comes_when_asked_for_and_hides_the_dates_that_tell_the_arm(lived: Tiny, work: Begin) -> None:
    with work(people.everything, writes=False) as w:
        plain, timed = taken(w, WHOLE_STORY), taken(w, WHOLE_STORY, timing=True)
        masked = taken(w, WHOLE_STORY, timing=True, masked=True)
    assert "item_times" not in plain
    assert {**plain, "item_times": 0}.keys() == timed.keys()
    known = {tuple(row[name] for name in KEY) for row in timed["item_times"]}
    assert known == {tuple(row[name] for name in KEY) for row in timed["items_long"] if row["state"] != "not_shown"}
    assert any(row["received_at"] for row in timed["item_times"])
    for row, hidden in zip(timed["item_times"], masked["item_times"], strict=True):
        assert hidden in (row, {**row, "seen_at": None, "received_at": None})
    tells = [row for row in masked["item_times"] if row["timepoint"] == "after_surgery"]
    assert all(row["received_at"] is None for row in tells)


KEY = ("participant", "timepoint", "occurrence", "instrument", "item")
STANDING = (
    (at("01-12", 14), "T-001", "baseline", "open", None),
    (at("01-12", 14), "T-001", "after_surgery", "not_yet_due", "anchor-not-known"),
    (at("01-13", 14), "T-001", "baseline", "submitted_in_window", None),
    (at("01-15", 14), "T-002", "baseline", "open", None),
    (at("01-20", 14), "T-002", "baseline", "partial", None),
    (at("01-20", 14), "T-003", "baseline", "missed", "unknown"),
    (at("01-21", 14), "T-003", "baseline", "missed", "too_ill"),
    (at("01-21", 14), "T-003", "after_surgery", "not_yet_due", None),
    (at("02-01", 14), "T-003", "after_surgery", "cancelled", "anchor-never-happened"),
    (at("02-08", 14), "T-002", "after_surgery", "not_yet_due", None),  # died, and nobody here knows
    (at("02-09", 14), "T-002", "after_surgery", "cancelled", "death"),
    (at("02-28"), "T-001", "after_surgery", "submitted_in_window", None),
)
"""As of when, whose, which timepoint: what became of the form, and why."""


def test_what_became_of_each_form_by_then(lived: Tiny, work: Begin) -> None:
    found = []
    with work(people.everything, writes=False) as w:
        for as_of, participant, timepoint, *_ in STANDING:
            (row,) = (
                row
                for row in taken(w, as_of)["forms"]
                if (row["participant"], row["timepoint"]) == (participant, timepoint)
            )
            found.append((as_of, participant, timepoint, row["status"], row["reason"]))
    assert tuple(found) == STANDING


def test_a_moved_operation_moves_its_window_from_then_on(lived: Tiny, work: Begin) -> None:
    targets = {}
    with work(people.everything, writes=False) as w:
        for day in ("01-20", "01-29"):
            rows = taken(w, at(day))["forms"]
            targets[day] = next(
                str(row["target_on"])
                for row in rows
                if (row["participant"], row["timepoint"]) == ("T-001", "after_surgery")
            )
    assert targets == {"01-20": "2026-02-09", "01-29": "2026-02-12"}


def test_a_correction_counts_from_when_it_was_made(lived: Tiny, work: Begin) -> None:
    """Failure 30: the score says which answers, which value set and which scorer made it."""
    for as_of, vas, revision in ((at("01-19"), 72, 1), (at("01-20", 14), 62, 2)):
        with work(people.everything, writes=False) as w:
            known = taken(w, as_of)
        assert known["items_wide"][0]["eq_5d_5l_VAS"] == vas
        index = next(one for one in known["scores_long"] if (one["instrument"], one["scale"]) == ("eq-5d-5l", "INDEX"))
        assert (index["revision"], index["value_set"]) == (revision, "nl-2016")
        assert index["scorer_version"]
        assert known["scores_wide"][0]["eq_5d_5l_VAS"] == vas


def test_an_answer_hidden_again_is_not_exported_as_given(lived: Tiny, work: Begin) -> None:
    with work(people.everything, writes=False) as w:
        known = taken(w, WHOLE_STORY)
    assert known["items_wide"][0]["ipcq_bothered_days"] is None
    states = {row["item"]: row["state"] for row in known["items_long"] if row["instrument"] == "ipcq"}
    assert (states["bothered"], states["bothered_days"]) == ("answered", "not_shown")


def test_every_reason_for_no_answer_is_told_apart(lived: Tiny, work: Begin) -> None:
    with work(people.everything, writes=False) as w:
        rows = taken(w, WHOLE_STORY)["items_long"]
    states = {row["item"]: row["state"] for row in rows if row["participant"] == "T-002"}
    assert states == {"MO": "answered", "SC": "declined", "UA": "empty", "PD": "empty", "AD": "empty", "VAS": "empty"}


def test_rows_are_keyed_by_timepoint_when_baseline_is_missing(lived: Tiny, work: Begin) -> None:
    """Failure 34: nobody's follow-up stands where a baseline would."""
    with work(people.everything, writes=False) as w:
        known = taken(w, WHOLE_STORY)
    keys = [(row["participant"], row["timepoint"]) for row in known["items_wide"]]
    assert keys == [("T-001", "baseline"), ("T-001", "after_surgery"), ("T-002", "baseline")]
    assert [(row["participant"], row["timepoint"]) for row in known["scores_wide"]] == keys


def everything_said(known: Tables) -> str:
    return "\n".join(str(cell) for rows in known.values() for row in rows for cell in (*row, *row.values()))


def test_no_identifier_leaves(lived: Tiny, work: Begin) -> None:
    """Names, addresses and phone numbers that were seeded are in no cell, nor is any database id."""
    with work(people.everything, writes=False) as w:
        said = everything_said(taken(w, WHOLE_STORY, free_text=True))
    assert not [word for word in IDENTIFIERS if word in said]
    assert not [str(one.id) for one in lived.people.values() if str(one.id) in said]


def test_a_masked_cut_does_not_tell_the_arm(lived: Tiny, work: Begin) -> None:
    with work(people.everything, writes=False) as w:
        known = taken(w, WHOLE_STORY, masked=True)
    assert "arm" not in everything_said({name: rows for name, rows in known.items() if name != "codebook"}).split("\n")
    assert not {"short", "long"} & set(everything_said(known).split("\n"))
    after_surgery = [row for row in known["forms"] if row["timepoint"] == "after_surgery"]
    assert {row[name] for row in after_surgery for name in ("anchor_on", "target_on", "opens_at", "submitted_at")} == {
        None
    }
    assert "surgery_on" not in known["participants"][0]
    assert known["participants"][0]["randomisation_on"] is not None


@pytest.mark.parametrize("size", [0, 1, 9])
def test_few_participants(
    work: Begin, scopes: Study, enrolled: Callable[..., Participant], monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Failures 22 and 27: 0, 1 and 9 rows, read in batches smaller than that."""
    monkeypatch.setattr(datasets, "PEOPLE_PER_BATCH", 4)
    for _ in range(size):
        enrolled()
    with work(writes=False) as w:
        known = tables(datasets.cut(w, study="scopes", as_of=w.now))
    assert len(known["participants"]) == size
    assert len(known["forms"]) == size * len(scopes.timepoints)
    assert len(known["compliance"]) == len(scopes.arms) * len(scopes.timepoints)
    assert [row["participant"] for row in known["participants"]] == sorted(
        str(row["participant"]) for row in known["participants"]
    )


def test_a_study_that_does_not_exist(work: Begin, scopes: Study) -> None:
    with work(writes=False) as w, pytest.raises(UnknownStudy, match="no study 'scope': there is scopes"):
        datasets.cut(w, study="scope", as_of=w.now)


def test_a_cut_before_the_study_was_active(work: Begin, scopes: Study) -> None:
    with work(writes=False) as w, pytest.raises(StudyNotActive, match="2025-12-31"):
        datasets.cut(w, study="scopes", as_of=datetime(2025, 12, 31, tzinfo=UTC))


def test_not_everybody_may_cut(work: Begin, scopes: Study) -> None:
    with work(people.coordinator_nki, writes=False) as w, pytest.raises(Forbidden):
        datasets.cut(w, study="scopes", as_of=w.now)

"""Drafts that meet: different items merge, the same item collides, a replay changes nothing. Guards failures 14, 15."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro_service.domain.errors import StaleRevision
from pro_service.domain.instruments import Answer
from pro_service.domain.responses import Draft, Response, changes, differs, merged

NOW = datetime(2026, 1, 12, 9, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
BLANK = Response(UUID(int=1), UUID(int=2), "qlq-c30", "3.0", "en", {}, {})


def after(*drafts: Draft) -> Response:
    """The blank form with these drafts laid over it in turn."""
    response = BLANK
    for draft in drafts:
        response = merged(response, draft, NOW)
    return response


@pytest.mark.parametrize(
    ("held", "draft", "answers", "revision"),
    [
        pytest.param((), Draft({"q1": 2}), {"q1": 2}, 1, id="the first answer"),
        pytest.param((Draft({"q1": 2}),), Draft({"q2": 3}, 1), {"q1": 2, "q2": 3}, 2, id="the next answer"),
        pytest.param((Draft({"q1": 2}),), Draft({"q1": 4}, 1), {"q1": 4}, 2, id="second thoughts"),
        pytest.param((Draft({"q1": 2}),), Draft({"q1": None}, 1), {}, 2, id="taken back"),
        pytest.param((Draft({"q1": 2}),), Draft({"q1": 2}, 0), {"q1": 2}, 1, id="the same request twice"),
        pytest.param((Draft({"q1": 2}),), Draft({"q2": 3}, 0), {"q1": 2, "q2": 3}, 2, id="another tab, another item"),
        pytest.param((Draft({"q1": 2}),), Draft({"q1": 2, "q2": 3}, 0), {"q1": 2, "q2": 3}, 2, id="two tabs agree"),
        pytest.param((), Draft({"q1": None}), {}, 0, id="taking back what was never given"),
        pytest.param((), Draft({}), {}, 0, id="nothing at all"),
        pytest.param((Draft({"q1": 2}),), Draft({"q1": 2}, 99), {"q1": 2}, 1, id="nothing new, at a revision to come"),
        pytest.param((), Draft({"q1": "declined", "q2": 0, "q3": ""}), {"q1": "declined", "q2": 0, "q3": ""}, 1,
                     id="declined, nought and an empty text are answers"),
    ],
)  # fmt: skip
def test_drafts_merge(held: tuple[Draft, ...], draft: Draft, answers: Mapping[str, Answer], revision: int) -> None:
    response = merged(after(*held), draft, LATER)
    assert (response.answers, response.revision) == (answers, revision)


@pytest.mark.parametrize(
    ("held", "draft", "current"),
    [
        pytest.param((Draft({"q1": 2}),), Draft({"q1": 3}, 0), {"q1": 2}, id="the other tab was first"),
        pytest.param(
            (Draft({"q1": 2}), Draft({"q1": None}, 1)), Draft({"q1": 3}, 1), {"q1": None}, id="it was cleared"
        ),
        pytest.param((Draft({"q1": 2}),), Draft({"q1": 3, "q2": 4}, 0), {"q1": 2}, id="one of two collides"),
        pytest.param((Draft({"q1": 2}),), Draft({"q1": None}, 0), {"q1": 2}, id="cleared here, changed there"),
        pytest.param((Draft({"q1": 2}),), Draft({"q2": 3}, 7), {"q2": None}, id="a revision that does not exist"),
    ],
)
def test_the_same_item_changed_elsewhere_collides(
    held: tuple[Draft, ...], draft: Draft, current: Mapping[str, Answer | None]
) -> None:
    """Failure 15: the last writer never silently wins; the refusal brings what stands there now."""
    response = after(*held)
    with pytest.raises(StaleRevision) as refusal:
        merged(response, draft, LATER)
    assert refusal.value.details == {"instrument": "qlq-c30", "revision": response.revision, "answers": current}


def test_stamps_say_when_an_item_was_seen_answered_and_by_which_revision() -> None:
    """AT-13: the device's time and the server's time stand side by side."""
    device = datetime(2026, 1, 12, 10, 58, tzinfo=UTC)
    response = merged(BLANK, Draft({"q1": 2}, seen={"q1": device, "q2": device}), NOW)
    assert response.stamps == {
        "q1": {"seen": "2026-01-12T10:58:00Z", "answered": "2026-01-12T09:00:00Z", "revision": 1},
        "q2": {"seen": "2026-01-12T10:58:00Z", "revision": 1},
    }
    assert changes(BLANK, response) == {"q1": (None, 2), "q2.seen": (None, "2026-01-12T10:58:00Z")}


def test_an_item_somebody_only_looked_at_collides_with_nothing() -> None:
    looked_at = merged(BLANK, Draft({}, seen={"q1": NOW}), NOW)
    assert merged(looked_at, Draft({"q1": 3}, 0), LATER).answers == {"q1": 3}


def test_looking_again_changes_nothing() -> None:
    looked_at = merged(BLANK, Draft({}, seen={"q1": NOW}), NOW)
    assert merged(looked_at, Draft({}, 1, seen={"q1": LATER}), LATER) is looked_at


def test_the_first_sight_counts_however_often_it_is_answered() -> None:
    first = merged(BLANK, Draft({"q1": 2}, seen={"q1": NOW}), NOW)
    again = merged(first, Draft({"q1": 3}, 1, seen={"q1": LATER}), LATER)
    assert again.stamps["q1"]["seen"] == first.stamps["q1"]["seen"]
    assert again.stamps["q1"]["answered"] != first.stamps["q1"]["answered"]


def test_the_language_follows_the_last_draft_that_names_one() -> None:
    dutch = merged(BLANK, Draft({"q1": 2}, language="nl"), NOW)
    assert [dutch.language, merged(dutch, Draft({"q2": 2}, 1), NOW).language] == ["nl", "nl"]


codes = st.sampled_from(["q1", "q2", "q3", "q4"])
answers = st.dictionaries(codes, st.none() | st.integers(1, 4) | st.sampled_from(["na", "declined"]), max_size=4)


@given(first=answers, second=answers)
def test_a_replay_is_harmless(first: dict[str, Answer | None], second: dict[str, Answer | None]) -> None:
    """Failure 14: a retry, or the same tab sending twice, ends where sending once ends."""
    base = merged(BLANK, Draft(first), NOW)
    once = merged(base, Draft(second, base.revision), NOW)
    assert merged(once, Draft(second, base.revision), LATER) is once


@given(ours=answers, theirs=answers)
def test_whoever_is_first_tabs_on_different_items_end_alike(
    ours: dict[str, Answer | None], theirs: dict[str, Answer | None]
) -> None:
    theirs = {item: answer for item, answer in theirs.items() if item not in ours}
    here, there = after(Draft(ours), Draft(theirs)), after(Draft(theirs), Draft(ours))
    assert here.answers == there.answers == {k: v for k, v in {**ours, **theirs}.items() if v is not None}


@given(drafts=st.lists(st.tuples(answers, st.integers(0, 6)), max_size=8))
def test_no_answer_is_ever_lost_without_a_word(drafts: list[tuple[dict[str, Answer | None], int]]) -> None:
    """Whatever comes in whatever order: taken whole, or refused whole; the revision only counts up."""
    response = BLANK
    for given_answers, revision in drafts:
        draft = Draft(given_answers, revision)
        try:
            following = merged(response, draft, NOW)
        except StaleRevision:
            continue
        assert following.revision == response.revision + (following is not response)
        assert all(following.answers.get(item) == answer for item, answer in given_answers.items())
        untouched = response.answers.keys() - given_answers.keys()
        assert all(following.answers[item] == response.answers[item] for item in untouched)
        response = following


@given(first=answers, second=answers)
def test_the_audit_line_retells_every_answer(first: dict[str, Answer | None], second: dict[str, Answer | None]) -> None:
    """AT-3, AT-4: per item, the first value included; from the old answers and the line the new ones follow."""
    before = merged(BLANK, Draft(first), NOW)
    following = merged(before, Draft(second, before.revision), NOW)
    told = changes(before, following)
    assert differs(before, Draft(second)) is bool(told)
    assert {**before.answers, **{item: new for item, (_, new) in told.items()}} | {} == {
        **following.answers, **{item: None for item in told if item not in following.answers},
    }  # fmt: skip
    assert all(before.answers.get(item) == old for item, (old, _) in told.items())


def test_a_merge_leaves_what_it_was_given_alone() -> None:
    held = merged(BLANK, Draft({"q1": 2}), NOW)
    kept = replace(held, answers=dict(held.answers), stamps=dict(held.stamps))
    merged(held, Draft({"q1": 3, "q2": 1}, 1), LATER)
    assert held == kept

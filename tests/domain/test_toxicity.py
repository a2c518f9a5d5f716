"""Worst side effects over time, adjusted for baseline: the rule as a table, and what always holds of it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro_service.domain.toxicity import worst

NONE = None

# grade at baseline, grades after it; then the worst ever, the worst after, and that adjusted for baseline
Grade = float | None
CASES: list[tuple[str, Grade, list[Grade], tuple[Grade, ...]]] = [
    ("new", 0, [1, 3, 2], (3, 3, 3)),
    ("worse than before", 1, [2, 0], (2, 2, 2)),
    ("as before", 2, [2, 1], (2, 2, 0)),
    ("better than before", 3, [1, 1], (3, 1, 0)),
    ("never any", 0, [0, 0], (0, 0, 0)),
    ("unknown at baseline", NONE, [2, 1], (2, 2, NONE)),
    ("unknown ever after", 2, [NONE, NONE], (2, NONE, NONE)),
    ("no form after baseline", 1, [], (1, NONE, NONE)),
    ("some unknown", 1, [NONE, 3], (3, 3, 3)),
    ("nothing known", NONE, [NONE], (NONE, NONE, NONE)),
]


def as_numbers(values: Iterable[Grade]) -> list[float]:
    return [np.nan if value is None else float(value) for value in values]


@pytest.mark.parametrize(("baseline", "later", "expected"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_one_person(baseline: Grade, later: list[Grade], expected: tuple[Grade, ...]) -> None:
    grades = np.array(as_numbers([*later, baseline]))
    at_baseline = np.arange(len(grades)) == len(later)
    found = worst(np.zeros(len(grades), dtype=np.intp), at_baseline, grades, number=1)
    np.testing.assert_array_equal([found.ever[0], found.after[0], found.adjusted[0]], as_numbers(expected))


def test_several_people_in_any_order() -> None:
    order = np.random.default_rng(3).permutation(sum(1 + len(case[2]) for case in CASES))
    people = np.concatenate([[place] * (1 + len(case[2])) for place, case in enumerate(CASES)]).astype(np.intp)
    grades = np.concatenate([as_numbers([case[1], *case[2]]) for case in CASES])
    at_baseline = np.concatenate([[True, *[False] * len(case[2])] for case in CASES])
    found = worst(people[order], at_baseline[order], grades[order], number=len(CASES))
    for values, place in ((found.ever, 0), (found.after, 1), (found.adjusted, 2)):
        np.testing.assert_array_equal(values, as_numbers(case[3][place] for case in CASES))


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans(), st.none() | st.integers(0, 3)), max_size=40))
def test_adjusted_is_nothing_or_the_worst_after_baseline(forms: list[tuple[int, bool, int | None]]) -> None:
    people = np.array([form[0] for form in forms], dtype=np.intp)
    at_baseline = np.array([form[1] for form in forms], dtype=np.bool_)
    found = worst(people, at_baseline, np.array(as_numbers([form[2] for form in forms])), number=5)
    for ever, after, adjusted in zip(found.ever, found.after, found.adjusted, strict=True):
        assert np.isnan(adjusted) or adjusted in (0, after)
        assert np.isnan(after) or after <= ever

"""What holds for every instrument that ships, whatever is answered: bounds, order, blocks, grades that never fall."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from pro_service.domain.instruments import Instrument
from pro_service.domain.scoring import BLOCK, Forms, Scores, score, scored_items
from pro_service.domain.scoring_block import bounds
from pro_service.domain.scoring_methods import METHODS
from pro_service.instruments import load_catalogue, value_set

CATALOGUE = load_catalogue()


def some_forms(instrument: Instrument, number: int, seed: int) -> Forms:
    """Answers of every kind: allowed ones, missing ones, not applicable, out of range, fractions."""
    random = np.random.default_rng(seed)
    values, na = {}, {}
    for item in scored_items(instrument):
        low, high = bounds(item)
        column = random.integers(int(low), int(high) + 1, number).astype(np.float64)
        column[random.random(number) < 0.1] = np.nan
        column[random.random(number) < 0.02] = high + 1
        column[random.random(number) < 0.02] = low - 1
        column[random.random(number) < 0.02] += 0.25
        na[item.code] = np.isnan(column) & (random.random(number) < 0.5) if item.allows_na else np.zeros(number, bool)
        values[item.code] = column
    return Forms(values, na)


def scored(instrument: Instrument, forms: Forms) -> Scores:
    chosen = instrument.value_sets[0] if instrument.value_sets else None
    return score(instrument, forms.values, na=forms.na, value_set=value_set(chosen) if chosen else None)


@pytest.mark.parametrize("code", list(CATALOGUE))
def test_no_score_leaves_the_range_of_its_scale(code: str) -> None:
    instrument = CATALOGUE[code]
    found = scored(instrument, some_forms(instrument, 2000, 1)).values
    for scale in instrument.scales:
        if METHODS[scale.method].is_text:
            continue
        column = found[scale.code].astype(np.float64)
        told = column[~np.isnan(column)]
        assert scale.minimum is None or told.min(initial=np.inf) >= scale.minimum, scale.code
        assert scale.maximum is None or told.max(initial=-np.inf) <= scale.maximum + 1e-9, scale.code


@pytest.mark.parametrize("code", list(CATALOGUE))
def test_a_form_is_scored_alike_alone_among_many_and_in_any_order(code: str) -> None:
    instrument, number = CATALOGUE[code], BLOCK + 50
    forms = some_forms(instrument, number, 2)
    found = scored(instrument, forms)
    order = np.random.default_rng(3).permutation(number)
    other = scored(instrument, Forms({item: column[order] for item, column in forms.values.items()},
                                     {item: column[order] for item, column in forms.na.items()}))  # fmt: skip
    for scale, column in found.values.items():
        np.testing.assert_array_equal(column[order], other.values[scale])
        np.testing.assert_array_equal(found.answered[scale][order], other.answered[scale])
    assert found.invalid == other.invalid
    for place in (0, BLOCK - 1, BLOCK, number - 1):
        part = slice(place, place + 1)
        alone = scored(instrument, Forms({item: column[part] for item, column in forms.values.items()},
                                         {item: column[part] for item, column in forms.na.items()}))  # fmt: skip
        for scale, column in found.values.items():
            np.testing.assert_array_equal(column[part], alone.values[scale])


def test_a_worse_attribute_never_lowers_a_grade() -> None:
    form = CATALOGUE["pro-ctcae"]
    for scale in form.scales:
        ways = np.array(list(product(range(5), repeat=len(scale.items))), dtype=np.float64)
        columns = {item.code: np.full(len(ways), np.nan) for item in form.items}
        columns |= {item: ways[:, place] for place, item in enumerate(scale.items)}
        grades = score(form, columns).values[scale.code].reshape((5,) * len(scale.items)).astype(np.float64)
        assert np.isfinite(grades).all()
        assert all((np.diff(grades, axis=axis) >= 0).all() for axis in range(grades.ndim)), scale.code


def test_a_worse_answer_never_lessens_pain_fatigue_regret_or_a_loss_of_work() -> None:
    random = np.random.default_rng(4)
    for code, scales in {"bpi-sf": ["SEVERITY", "INTERFERENCE"], "bfi": ["GLOBAL"], "wpai": ["OVERALL", "ACTIVITY"],
                         "decision-regret": ["REGRET"]}.items():  # fmt: skip
        form = CATALOGUE[code]
        columns = {item.code: random.integers(1, 5, 300).astype(np.float64) for item in form.items}
        columns |= {"q1": np.ones(300)} if code == "wpai" else {}
        before = score(form, columns).values
        turned = {"q2", "q4"} if code == "decision-regret" else {"q1", "q3", "q4"} if code == "wpai" else set()
        for item in columns:
            if code == "wpai" and item in turned:  # more hours worked are no loss, and more holidays are none
                continue
            after = score(form, {**columns, item: columns[item] + (-1 if item in turned else 1)}).values
            for scale in scales:
                worse, better = after[scale].astype(np.float64), before[scale].astype(np.float64)
                both = ~np.isnan(worse) & ~np.isnan(better)
                assert both.any()
                assert (worse[both] >= better[both] - 1e-12).all(), (code, item, scale)

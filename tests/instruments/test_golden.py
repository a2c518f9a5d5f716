"""Every instrument's golden cases: `<code>.csv` beside this file, worked by hand from the rules, `why` saying how.

Item columns hold what was answered (empty: nothing), columns that begin with `=` what must come out (empty: missing),
written as the arithmetic that was done by hand.
"""

from __future__ import annotations

import ast
import csv
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from pro_service.domain.instruments import NA, Instrument
from pro_service.domain.scoring import Scores, score, scored_items
from pro_service.domain.scoring_block import Bools, Floats
from pro_service.domain.scoring_methods import METHODS
from pro_service.instruments import load_catalogue, value_set

CATALOGUE = load_catalogue()
Case = dict[str, str]


def cases_of(code: str) -> list[Case]:
    with (Path(__file__).parent / f"{code}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


GOLDEN = {code: cases_of(code) for code in CATALOGUE}


def by_hand(text: str) -> Fraction:
    """The value of hand-written arithmetic, exactly."""

    def value(node: ast.expr) -> Fraction:
        if isinstance(node, ast.BinOp):
            left, right = value(node.left), value(node.right)
            pick = {ast.Add: left + right, ast.Sub: left - right, ast.Mult: left * right}
            return left / right if isinstance(node.op, ast.Div) else pick[type(node.op)]
        if isinstance(node, ast.UnaryOp):
            return -value(node.operand)
        assert isinstance(node, ast.Constant)
        return Fraction(str(node.value))

    return value(ast.parse(text, mode="eval").body)


def columns(instrument: Instrument, cases: Sequence[Case]) -> tuple[dict[str, Floats], dict[str, Bools]]:
    values, na = {}, {}
    for item in scored_items(instrument):
        cells = [case[item.code] for case in cases]
        values[item.code] = np.array([float(cell) if cell and cell != NA else np.nan for cell in cells])
        na[item.code] = np.array([cell == NA for cell in cells])
    return values, na


def scores_of(instrument: Instrument, cases: Sequence[Case]) -> Scores:
    values, na = columns(instrument, cases)
    chosen = cases[0].get("value_set")
    return score(instrument, values, na=na, value_set=value_set(chosen) if chosen else None)


def assert_as_expected(instrument: Instrument, scores: Scores, cases: Iterable[Case]) -> None:
    for row, case in enumerate(cases):
        for scale in instrument.scales:
            expected, found = case[f"={scale.code}"], scores.values[scale.code][row]
            place = f"{case['case']}: {scale.code}"
            if METHODS[scale.method].is_text:
                assert found == expected, place
            elif expected:
                assert found == pytest.approx(float(by_hand(expected)), rel=1e-12, abs=1e-12), place
            else:
                assert np.isnan(found), place


@pytest.mark.parametrize(("code", "case"), [(code, case) for code, cases in GOLDEN.items() for case in cases],
                         ids=lambda value: value if isinstance(value, str) else value["case"])  # fmt: skip
def test_each_case_alone(code: str, case: Case) -> None:
    assert_as_expected(CATALOGUE[code], scores_of(CATALOGUE[code], [case]), [case])


@pytest.mark.parametrize("code", GOLDEN)
def test_all_cases_together_come_out_to_the_last_bit_as_alone(code: str) -> None:
    instrument = CATALOGUE[code]
    for chosen in {case.get("value_set") for case in GOLDEN[code]}:
        cases = [case for case in GOLDEN[code] if case.get("value_set") == chosen]
        together = scores_of(instrument, cases)
        assert_as_expected(instrument, together, cases)
        for row, case in enumerate(cases):
            alone = scores_of(instrument, [case])
            for scale in instrument.scales:
                np.testing.assert_array_equal(together.values[scale.code][row : row + 1], alone.values[scale.code])
                assert together.answered[scale.code][row] == alone.answered[scale.code][0]


@pytest.mark.parametrize("code", GOLDEN)
def test_the_cases_hold_a_full_an_empty_and_a_partly_missing_form(code: str) -> None:
    scales = [f"={scale.code}" for scale in CATALOGUE[code].scales if not scale.code.startswith("N_")]
    scored = [sum(bool(case[scale]) for scale in scales) / len(scales) for case in GOLDEN[code]]
    assert 1 in scored
    assert 0 in scored
    assert len(GOLDEN[code]) >= 10

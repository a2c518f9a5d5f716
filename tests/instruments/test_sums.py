"""What holds for every sum and mean of the catalogue, whatever the answers: monotone, bounded, free of order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pro_service.domain.instruments import Instrument, Scale, allowed_codes
from pro_service.domain.scoring import forms, score
from pro_service.domain.scoring_block import names, recodes
from pro_service.instruments import load_catalogue

METHODS = ("mean", "prorated_sum", "item_sum")
SCALES = [
    (instrument, scale)
    for instrument in load_catalogue().values()
    for scale in instrument.scales
    if scale.method in METHODS and all(allowed_codes(instrument.item(code)) for code in scale.items)
]
IDS = [f"{instrument.code} {scale.code}" for instrument, scale in SCALES]


def value(instrument: Instrument, scale: Scale, *documents: dict[str, int]) -> list[float]:
    columns = forms(instrument, documents)
    found: list[float] = score(instrument, columns.values).values[scale.code].tolist()
    return found


def worth(scale: Scale, item: str, code: int, highest: int) -> float:
    """What an answer counts for, by hand."""
    if item in recodes(scale):
        return recodes(scale)[item][code]
    return highest - code if item in names(scale, "reverse") else code


@pytest.mark.parametrize(("instrument", "scale"), SCALES, ids=IDS)
@given(data=st.data())
@settings(max_examples=6, deadline=None)
def test_an_answer_that_counts_for_more_never_lowers_the_scale(
    instrument: Instrument, scale: Scale, data: st.DataObject
) -> None:
    codes = {item: allowed_codes(instrument.item(item)) for item in scale.items}
    answers = {item: data.draw(st.sampled_from(codes[item])) for item in scale.items}
    moved = data.draw(st.sampled_from(scale.items))
    other = data.draw(st.sampled_from(codes[moved]))
    before, after = value(instrument, scale, answers, {**answers, moved: other})
    top = max(codes[moved])
    more = worth(scale, moved, other, top) - worth(scale, moved, answers[moved], top)
    assert np.sign(after - before) == np.sign(more)
    if scale.minimum is not None and scale.maximum is not None:
        assert scale.minimum <= after <= scale.maximum


@pytest.mark.parametrize(("instrument", "scale"), SCALES, ids=IDS)
def test_both_ends_of_a_scale_are_reached(instrument: Instrument, scale: Scale) -> None:
    """A wrong reversal or recode of one item would keep one end out of reach."""
    codes = {item: allowed_codes(instrument.item(item)) for item in scale.items}
    best, worst = (
        {item: pick(codes[item], key=lambda code, item=item: worth(scale, item, code, max(codes[item])))  # type: ignore[misc]
         for item in scale.items}
        for pick in (max, min)
    )  # fmt: skip
    assert value(instrument, scale, worst, best) == [scale.minimum, scale.maximum]

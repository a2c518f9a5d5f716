"""The scoring engine: what holds for every instrument and any answers, and the traps of the field by their number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pro_service.domain.errors import Invalid, InvalidTable, UnknownValueSet
from pro_service.domain.instruments import Answer, Answers, Instrument, Item, allowed_codes
from pro_service.domain.scoring import (
    BLOCK,
    Scores,
    clean,
    forms,
    input_hash,
    missing_rules,
    score,
    scored_items,
    tariff_scales,
)
from pro_service.domain.scoring_methods import METHODS
from pro_service.domain.value_sets import Tariff
from pro_service.instruments import load_catalogue, value_set

CATALOGUE = load_catalogue()
C30, EQ5D, TESS = CATALOGUE["qlq-c30"], CATALOGUE["eq-5d-5l"], CATALOGUE["tess-le"]
NL = value_set("nl-2016")
LINEAR = ["qlq-c30", "qlq-hn43", "tess-le", "tess-ue"]


def scored(instrument: Instrument, *documents: Answers, tariff: Tariff | None = None, rule: str = "default") -> Scores:
    columns = forms(instrument, documents)
    return score(instrument, columns.values, na=columns.na, value_set=tariff, missing_rule=rule)


def one(instrument: Instrument, scale: str, answers: Answers, **options: str) -> float:
    return float(scored(instrument, answers, **options).values[scale][0])  # type: ignore[arg-type]  # rule only


def tariff_of(instrument: Instrument) -> Tariff | None:
    return value_set(instrument.value_sets[0]) if instrument.value_sets else None


def answer_of(item: Item) -> st.SearchStrategy[Answer | None]:
    """Anything a form may hold for this item, nothing and nonsense included."""
    fitting: st.SearchStrategy[Answer]
    if codes := allowed_codes(item):
        fitting = st.sampled_from(codes)
    else:
        fitting = st.integers(int(item.minimum or 0), int(item.maximum or 0))
    words = st.sampled_from(["na", "declined"]) if item.allows_na else st.just("declined")
    return st.one_of(fitting, fitting, fitting, st.none(), words, st.sampled_from([-1, 0, 9, 1.5, 10**6]))


def document_of(instrument: Instrument) -> st.SearchStrategy[dict[str, Answer]]:
    drawn = st.fixed_dictionaries({item.code: answer_of(item) for item in scored_items(instrument)})
    return drawn.map(lambda answers: {code: answer for code, answer in answers.items() if answer is not None})


@pytest.mark.parametrize("code", CATALOGUE)
@given(data=st.data())
@settings(max_examples=10, deadline=None)
def test_every_score_lies_within_its_scale_and_counts_what_was_answered(code: str, data: st.DataObject) -> None:
    instrument = CATALOGUE[code]
    result = scored(instrument, data.draw(document_of(instrument)), tariff=tariff_of(instrument))
    for scale in instrument.scales:
        assert 0 <= result.answered[scale.code][0] <= len(scale.items)
        value = result.values[scale.code][0]
        if not METHODS[scale.method].is_text and not np.isnan(value):
            assert scale.minimum is None or value >= scale.minimum
            assert scale.maximum is None or value <= scale.maximum


@pytest.mark.parametrize("code", CATALOGUE)
@given(data=st.data())
@settings(max_examples=6, deadline=None)
def test_one_form_scores_to_the_last_bit_as_in_a_crowd_in_any_order(code: str, data: st.DataObject) -> None:
    instrument, tariff = CATALOGUE[code], tariff_of(CATALOGUE[code])
    documents = data.draw(st.lists(document_of(instrument), min_size=1, max_size=4))
    order = data.draw(st.permutations(range(len(documents))))
    crowd = scored(instrument, *(documents[place] for place in order), tariff=tariff)
    for row, place in enumerate(order):
        alone = scored(instrument, documents[place], tariff=tariff)
        for scale in instrument.scales:
            np.testing.assert_array_equal(crowd.values[scale.code][row], alone.values[scale.code][0])


@pytest.mark.parametrize("code", LINEAR)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_a_higher_answer_never_moves_a_linear_scale_the_other_way(code: str, data: st.DataObject) -> None:
    instrument = CATALOGUE[code]
    scale = data.draw(st.sampled_from([scale for scale in instrument.scales if scale.method == "linear"]))
    codes = allowed_codes(instrument.item(scale.items[0]))
    answers = {item: data.draw(st.sampled_from(codes)) for item in scale.items}
    moved = data.draw(st.sampled_from(scale.items))
    higher = {**answers, moved: min(answers[moved] + 1, max(codes))}
    below, above = (one(instrument, scale.code, each) for each in (answers, higher))
    assert below >= above if scale.params.get("reverse") else below <= above


@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_the_order_of_answers_within_a_scale_does_not_matter(data: st.DataObject) -> None:
    scale = data.draw(st.sampled_from([scale for scale in C30.scales if scale.method == "linear"]))
    answers = data.draw(st.lists(st.integers(1, 4), min_size=len(scale.items), max_size=len(scale.items)))
    shuffled = data.draw(st.permutations(answers))
    first, second = (one(C30, scale.code, dict(zip(scale.items, each, strict=True))) for each in (answers, shuffled))
    assert first == second


@pytest.mark.parametrize("set_id", EQ5D.value_sets)
def test_a_worse_level_never_raises_the_index(set_id: str) -> None:
    table = value_set(set_id).index  # type: ignore[union-attr]  # the sets of EQ-5D are value sets
    assert all((np.diff(table, axis=axis) <= 1e-12).all() for axis in range(5))
    assert table.flat[0] == 1
    assert table.min() == table.flat[-1]


def test_blocks_leave_no_seam() -> None:
    size = 2 * BLOCK + 7
    codes = np.random.default_rng(5).integers(0, 6, (size, 30)).astype(np.float64)
    columns = {f"q{number + 1}": codes[:, number] for number in range(30)}
    whole = score(C30, columns)
    for part in (slice(0, 3), slice(BLOCK - 2, BLOCK + 2), slice(2 * BLOCK - 1, size)):
        alone = score(C30, {item: column[part] for item, column in columns.items()})
        for scale in C30.scales:
            np.testing.assert_array_equal(whole.values[scale.code][part], alone.values[scale.code])
    wrong = sum(int(((column < 1) | (column > (7 if item in {"q29", "q30"} else 4))).sum())
                for item, column in columns.items())  # fmt: skip
    assert sum(whole.invalid.values()) == wrong


@pytest.mark.parametrize("size", [0, 1, 9])
def test_any_number_of_forms_will_do(size: int) -> None:
    result = scored(C30, *[{"q29": 4, "q30": 4}] * size)
    assert result.values["QL2"].tolist() == [50.0] * size
    assert len(result.values["SUMMARY"]) == size


EXACT = {"PF2": 3, "RF2": 1, "EF": 2, "CF": 1, "SF": 1, "FA": 2, "NV": 1, "PA": 1, "DY": 1, "QL2": 1}


@pytest.mark.parametrize(("scale", "enough"), EXACT.items())
def test_trap_4_and_5_half_is_enough_and_less_is_not(scale: str, enough: int) -> None:
    items = next(each.items for each in C30.scales if each.code == scale)
    assert not np.isnan(one(C30, scale, dict.fromkeys(items[:enough], 2)))
    assert np.isnan(one(C30, scale, dict.fromkeys(items[: enough - 1], 2)))


FULL = {f"q{number}": 2 for number in range(1, 31)}


@pytest.mark.parametrize("missing", ["QL2", "FI"])
def test_trap_3_the_summary_does_without_global_health_and_finances(missing: str) -> None:
    items = next(each.items for each in C30.scales if each.code == missing)
    assert not np.isnan(one(C30, "SUMMARY", {item: code for item, code in FULL.items() if item not in items}))


@pytest.mark.parametrize("missing", ["PF2", "RF2", "EF", "CF", "SF", "FA", "NV", "PA", "DY", "SL", "AP", "CO", "DI"])
def test_trap_3_the_summary_needs_each_of_the_thirteen(missing: str) -> None:
    items = next(each.items for each in C30.scales if each.code == missing)
    assert np.isnan(one(C30, "SUMMARY", {item: code for item, code in FULL.items() if item not in items}))


@pytest.mark.parametrize("scale", [scale.code for scale in C30.scales if scale.method == "linear"])
def test_traps_1_and_2_only_functions_turn_and_only_global_health_runs_to_7(scale: str) -> None:
    chosen = next(each for each in C30.scales if each.code == scale)
    top = 7 if scale == "QL2" else 4
    assert one(C30, scale, dict.fromkeys(chosen.items, top)) == (0 if chosen.params.get("reverse") else 100)
    assert bool(chosen.params.get("reverse")) == (scale in {"PF2", "RF2", "EF", "CF", "SF"})


@pytest.mark.parametrize("wrong", [0, 5, 8, -1, 1.5, float("inf"), 1e300])
def test_traps_6_and_7_a_value_out_of_range_is_missing_and_counted_never_clipped(wrong: float) -> None:
    result = scored(C30, {**FULL, "q8": wrong})
    assert np.isnan(result.values["DY"][0])
    assert result.invalid == {"q8": 1}


def test_trap_8_gate_skipped_counts_are_zero_and_not_missing() -> None:
    assert one(CATALOGUE["ipcq"], "ABSENCE_HOURS", {"work": 0}) == 0


def test_trap_11_scales_that_share_a_name_are_told_apart_by_their_instrument() -> None:
    teeth = next(scale for scale in CATALOGUE["qlq-hn43"].scales if scale.code == "HNTE")
    assert teeth.items == ("q39", "q40", "q73")


def test_trap_14_a_definition_names_the_version_it_scores() -> None:
    assert C30.version == "3.0"


@pytest.mark.parametrize("missing", ["MO", "SC", "UA", "PD", "AD"])
def test_trap_15_any_missing_dimension_leaves_no_index_no_profile_and_no_sum(missing: str) -> None:
    state = {item: 1 for item in ("MO", "SC", "UA", "PD", "AD", "VAS") if item != missing}
    result = scored(EQ5D, state, tariff=NL)
    assert result.values["PROFILE"][0] == ""
    assert np.isnan([result.values["INDEX"][0], result.values["LSS"][0]]).all()
    assert result.values["VAS"][0] == 1


def test_trap_19_an_index_is_the_double_nearest_to_the_published_decimals() -> None:
    state = {"MO": 2, "SC": 1, "UA": 2, "PD": 3, "AD": 1}
    assert scored(EQ5D, state, tariff=NL).values["INDEX"][0] == 0.787
    assert scored(EQ5D, dict.fromkeys(state, 5), tariff=NL).values["INDEX"][0] == -0.446


def test_trap_20_no_value_set_no_index_but_everything_else() -> None:
    result = scored(EQ5D, {"MO": 1, "SC": 1, "UA": 1, "PD": 1, "AD": 1, "VAS": 80})
    assert np.isnan(result.values["INDEX"][0])
    assert (result.values["PROFILE"][0], result.values["LSS"][0], result.values["VAS"][0]) == ("11111", 5, 80)


def test_trap_21_a_vas_of_zero_is_an_answer() -> None:
    assert one(EQ5D, "VAS", {"VAS": 0}) == 0


def test_trap_32_a_form_of_nothing_but_not_applicable_has_no_score() -> None:
    result = scored(TESS, {item.code: "na" for item in TESS.items})
    assert np.isnan(result.values["TESS"][0])
    assert result.values["N_NA"][0] == 30
    assert result.invalid == {}


def test_trap_38_prices_follow_the_cumulative_factor() -> None:
    """Trap 38: 1.073 from 2022 to 2024, not the product of the rounded yearly factors."""
    form = {item.code: 0 for item in CATALOGUE["ipcq"].items} | {"unpaid": 1, "unpaid_days": 10, "unpaid_hours_day": 1}
    euros = {year: scored(CATALOGUE["ipcq"], form, tariff=value_set(f"nl-prices-{year}")).values["TOTAL"][0]
             for year in (2022, 2024)}  # fmt: skip
    assert euros[2024] / euros[2022] == pytest.approx(1.073, rel=1e-12)


RULED = [("half", 3, True), ("half", 2, False), ("more-than-half", 3, True), ("more-than-half", 2, False),
         ("all", 4, False), ("all", 5, True), ("any", 1, True), ("any", 0, False)]  # fmt: skip


@pytest.mark.parametrize(("rule", "answered", "there"), RULED)
def test_another_missing_rule_can_be_chosen(rule: str, answered: int, there: bool) -> None:
    value = one(C30, "PF2", {f"q{number}": 2 for number in range(1, answered + 1)}, rule=rule)
    assert np.isnan(value) != there


def test_an_index_knows_no_other_missing_rule() -> None:
    assert missing_rules(EQ5D) == ("default",)
    with pytest.raises(Invalid, match="no missing rule half"):
        scored(EQ5D, {}, rule="half")


def test_a_missing_column_is_named() -> None:
    with pytest.raises(InvalidTable, match="no column for q30"):
        score(C30, {f"q{number}": np.zeros(1) for number in range(1, 30)})


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(InvalidTable, match="differ in length"):
        score(C30, {f"q{number}": np.zeros(number) for number in range(1, 31)})


@pytest.mark.parametrize(
    ("code", "set_id"), [("qlq-c30", "nl-2016"), ("eq-5d-5l", "nl-prices-2024"), ("imcq", "us-2019")]
)
def test_a_value_set_of_another_instrument_is_refused(code: str, set_id: str) -> None:
    with pytest.raises(UnknownValueSet, match=set_id):
        scored(CATALOGUE[code], {}, tariff=value_set(set_id))


def test_the_scales_that_need_a_value_set_or_prices_are_known() -> None:
    assert tariff_scales(C30) == ()
    assert tariff_scales(EQ5D) == ("INDEX",)
    assert tariff_scales(CATALOGUE["ipcq"]) == ("COST_ABSENCE", "COST_PRESENTEEISM", "COST_UNPAID", "TOTAL")


@given(column=st.lists(st.floats(allow_nan=True, allow_infinity=True) | st.sampled_from([1.0, 2.0, 4.0]), max_size=20))
def test_what_is_allowed_is_what_the_item_accepts(column: list[float]) -> None:
    item = C30.item("q1")
    assert clean(item, np.array(column))[1].tolist() == [value in {1, 2, 3, 4} for value in column]


def test_the_input_hash_knows_the_answers_and_not_their_order() -> None:
    one_way, other_way = input_hash(C30, {"q1": 1, "q2": 2}), input_hash(C30, {"q2": 2, "q1": 1})
    assert one_way == other_way
    assert len({one_way, input_hash(C30, {"q1": 1}), input_hash(TESS, {"q1": 1, "q2": 2})}) == 3

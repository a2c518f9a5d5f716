"""What must hold for every instrument and table that ships."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pro_service.domain.errors import InvalidInstrument, UnknownValueSet
from pro_service.domain.instruments import Instrument, Text
from pro_service.domain.value_sets import PriceList, ValueSet
from pro_service.instruments import load_catalogue, value_set, value_set_ids
from pro_service.instruments.tariffs import check_tariffs
from pro_service.instruments.value_sets import read

CATALOGUE = load_catalogue()
SCALES = {
    "qlq-c30": "QL2 PF2 RF2 EF CF SF FA NV PA DY SL AP CO DI FI SUMMARY",
    "fact-g": "PWB SWB EWB FWB FACTG",
    "facit-f": "PWB SWB EWB FWB FACTG FS FACITF TOI",
    "fact-hn": "PWB SWB EWB FWB FACTG HNS FACTHN TOI",
    "rand-36": "PF RP RE VT MH SF BP GH HT",
    "hads": "ANXIETY DEPRESSION",
    "gad-7": "TOTAL BAND",
    "phq-9": "TOTAL BAND",
    "msts-le": "MSTS MSTS_PCT",
    "msts-ue": "MSTS MSTS_PCT",
    "qlq-c15-pal": "QL PF EF FA NV PA DY SL AP CO",
    "qlq-hn35": "HNPA HNSW HNSE HNSP HNSO HNSC HNSX HNTE HNOM HNDR HNSS HNCO HNFI HNPK HNNU HNFE HNWL HNWG",
    "eq-5d-3l": "PROFILE INDEX LSS VAS",
    "eq-5d-5l": "PROFILE INDEX LSS VAS",
    "tess-le": "TESS N_ANSWERED N_NA",
    "tess-ue": "TESS N_ANSWERED N_NA",
    "qlq-hn43": "HNPA HNSW HNTE HNOM HNDR HNSE HNCO HNSP HNBI HNSO HNSC HNSX HNSH HNLY HNSK HNWL HNAX HNWO HNNE",
}
SCALES |= {
    "promis-global-10": "GPH_RAW GPH_T GMH_RAW GMH_T",
    **{f"promis-{domain}-4a": "RAW T SE" for domain in ("pf", "fatigue", "pain", "sleep", "anxiety", "social")},
    "promis-depression-4a": "RAW T SE T_PATTERN SE_PATTERN",
    "wpai": "ABSENTEEISM PRESENTEEISM OVERALL ACTIVITY",
    "bpi-sf": "SEVERITY INTERFERENCE",
    "bfi": "GLOBAL BAND",
    "decision-regret": "REGRET",
}
CODES = list(CATALOGUE)
FACT_G = [f"{part}{number}" for part, of in (("GP", 7), ("GS", 7), ("GE", 6), ("GF", 7)) for number in range(1, of + 1)]
ITEMS = {
    "fact-g": FACT_G,
    "facit-f": [*FACT_G, "HI7", "HI12", *(f"An{number}" for number in (1, 2, 3, 4, 5, 7, 8, 12, 14, 15, 16))],
    "fact-hn": FACT_G + [f"HN{number}" for number in range(1, 13)],
    "rand-36": [f"q{number}" for number in range(1, 37)],
    "hads": [f"q{number}" for number in range(1, 15)],
    "gad-7": [f"q{number}" for number in range(1, 8)],
    "phq-9": [f"q{number}" for number in range(1, 11)],
    "msts-le": [f"q{number}" for number in range(1, 7)],
    "msts-ue": [f"q{number}" for number in range(1, 7)],
    "qlq-c30": [f"q{number}" for number in range(1, 31)],
    "qlq-c15-pal": [f"q{number}" for number in range(1, 16)],
    "qlq-hn35": [f"q{number}" for number in range(31, 66)],
    "eq-5d-3l": ["MO", "SC", "UA", "PD", "AD", "VAS"],
    "eq-5d-5l": ["MO", "SC", "UA", "PD", "AD", "VAS"],
    "tess-le": [f"q{number}" for number in range(1, 31)],
    "tess-ue": [f"q{number}" for number in range(1, 30)],
    "qlq-hn43": [f"q{number}" for number in range(31, 74)],
}
ITEMS |= {code: [f"q{number}" for number in range(1, 5)] for code in SCALES if code.endswith("-4a")}
ITEMS |= {
    "promis-global-10": [f"q{number}" for number in range(1, 11)],
    "wpai": [f"q{number}" for number in range(1, 7)],
    "bpi-sf": ["q3", "q4", "q5", "q6", *(f"q9{letter}" for letter in "abcdefg")],
    "bfi": [f"q{number}" for number in range(1, 10)],
    "decision-regret": [f"q{number}" for number in range(1, 6)],
}


@pytest.mark.parametrize("code", SCALES)
def test_items_and_scales_bear_the_names_of_the_contract(code: str) -> None:
    assert [item.code for item in CATALOGUE[code].items] == ITEMS[code]
    assert " ".join(scale.code for scale in CATALOGUE[code].scales) == SCALES[code]


@pytest.mark.parametrize("code", CODES)
def test_every_instrument_has_golden_cases_and_fits_its_tables(code: str) -> None:
    assert (Path(__file__).parent / f"{code}.csv").exists()
    check_tariffs(CATALOGUE[code])


@pytest.mark.parametrize("code", CODES)
def test_labels_are_two_to_six_words_in_english_and_dutch_and_marked_as_placeholders(code: str) -> None:
    instrument = CATALOGUE[code]
    assert instrument.placeholder_wording
    for item in instrument.items:
        assert set(item.label) == {"en", "nl"}, item.code
        assert all(2 <= len(words.split()) <= 6 for words in item.label.values()), item.label
        assert all({"en", "nl"} <= set(option.label) for option in item.options), item.code
    assert all({"en", "nl"} <= set(text) for text in texts(instrument))


def texts(instrument: Instrument) -> list[Text]:
    return [instrument.title, instrument.recall, *(scale.label for scale in instrument.scales)]


@pytest.mark.parametrize("code", CODES)
def test_labels_tell_the_items_of_a_form_apart(code: str) -> None:
    for language in ("en", "nl"):
        labels = [item.label[language] for item in CATALOGUE[code].items]
        assert len(set(labels)) == len(labels)


@pytest.mark.parametrize(
    "code", ["tess-le", "tess-ue", "qlq-hn43", "imcq", "ipcq", "wpai", "bpi-sf", "bfi", "decision-regret"]
)
def test_facts_from_memory_or_a_third_party_are_not_called_verified(code: str) -> None:
    assert not CATALOGUE[code].verified


def test_a_number_from_memory_is_never_called_verified() -> None:
    for instrument in CATALOGUE.values():
        for reading in instrument.readings:
            assert not (reading.verified and "memory" in instrument.sources[reading.source]), instrument.code


def test_the_five_items_on_ability_have_no_recall_period() -> None:
    assert [item.code for item in CATALOGUE["qlq-c30"].items if item.recall == {}] == ITEMS["qlq-c30"]


INDICES = [
    ("nl-2016", "21231", 0.787), ("nl-2016", "55555", -0.446), ("nl-2016", "11112", 0.883),
    ("england-2018", "21231", 0.808), ("england-2018", "55555", -0.285),
    ("us-2019", "21231", 0.738), ("us-2019", "55555", -0.573),
    ("uk-2026", "21231", 0.853), ("uk-2026", "55555", -0.567),
    ("de-2018", "21231", 0.829), ("de-2018", "55555", -0.661),
    ("uk-1997", "33333", -0.594), ("nl-2006", "33333", -0.329), ("nl-2026", "33333", -0.723),
    ("de-2005", "33333", -0.205),
    ("crosswalk-uk-2012", "11112", 0.879), ("crosswalk-uk-2012", "55555", -0.594),
    ("crosswalk-uk-2012", "33333", 0.516),
]  # fmt: skip


@pytest.mark.parametrize(("set_id", "state", "index"), INDICES)
def test_every_value_set_gives_its_check_rows(set_id: str, state: str, index: float) -> None:
    table = value_set(set_id)
    assert isinstance(table, ValueSet)
    found = table.index[tuple(int(level) - 1 for level in state)]
    assert found == pytest.approx(index, abs=0.00056 if "crosswalk" in set_id else 0)
    assert table.index.flat[0] == 1


def test_every_table_says_where_it_is_from() -> None:
    for id_ in value_set_ids():
        table = value_set(id_)
        assert table.source
        assert table.label
        if isinstance(table, PriceList):
            assert min(table.prices.values()) > 0
        else:
            assert np.isfinite(table.index).all()


PRICES = [("gp_consult_avg", 30.87), ("outpatient_visit_hospital", 120), ("emergency_care", 258),
          ("nursingday_incl_personnel", 644), ("nursingday_intensivecare", 2727), ("prodloss_paid_hour", 39.88),
          ("prodloss_unpaid_hour", 18.80)]  # fmt: skip


@pytest.mark.parametrize(("code", "euros"), PRICES)
@pytest.mark.parametrize(("year", "factor"), [(2022, 1), (2023, 1.038), (2024, 1.073)])
def test_prices_are_those_of_the_manual_indexed_to_the_year(code: str, euros: float, year: int, factor: float) -> None:
    prices = value_set(f"nl-prices-{year}")
    assert isinstance(prices, PriceList)
    assert (prices.year, prices.currency) == (year, "EUR")
    assert prices.prices[code] == pytest.approx(euros * factor, rel=1e-12)


def test_an_unknown_value_set_names_those_there_are() -> None:
    with pytest.raises(UnknownValueSet, match=r"no value set nl-1066: there are crosswalk-de-2012, "):
        value_set("nl-1066")


HEAD = "# kind: additive\n# instrument: x\n# label: x\n# source: x\n# verified: true\n"
TABLES = [
    ("", "table.csv:1: no rows"),
    ("# kind: additive\n", "table.csv:1: no rows"),
    ("term,level,value\nMO,2,0.1\n", "table.csv:1: expected a line '# kind: ...'"),
    (HEAD.replace("additive", "guess") + "term,level,value\nMO,2,0.1\n", "table.csv:1: kind: expected one of additive"),
    (HEAD + "term,level,value\nMO,2\n", "table.csv:7: expected 3 cells: term, level, value"),
    (HEAD + "term,level,value\nMO,2,much\n", "table.csv:7: value: expected a number"),
    (HEAD + "term,level,value\nMO,two,0.1\n", "table.csv:7: level: expected a level from 1"),
    (HEAD + "term,level,value\nMO,3,0.1\n", "table.csv:7: expected level 2 of MO"),
    (HEAD.replace("# source: x", "#") + "term,level,value\nMO,2,0.1\n", "table.csv:1: expected a line '# source: ...'"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "message"), TABLES)
def test_a_mistake_in_a_table_is_named_with_its_line(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text(content)
    with pytest.raises(InvalidInstrument) as error:
        read(path)
    assert str(error.value.problems[0]).startswith(message)

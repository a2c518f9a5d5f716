"""Reading definitions: each kind of mistake has a line that names file, line and what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from pro_service.domain.errors import InvalidInstrument
from pro_service.domain.instruments import Condition
from pro_service.domain.interpretation import Difference, Reference, Threshold
from pro_service.instruments import load_catalogue
from pro_service.instruments.reader import read

GOOD = """\
code: sleep-diary
version: "1"
title: {en: Sleep diary}
recall: {en: last night}
owner: Nobody
licence: Public domain
verified: true
sources: [made up here]
options:
  three:
    0: {en: Bad}
    1: {en: Fair}
    2: {en: Good}
defaults: {kind: choice, options: three}
items:
  q1: {en: Falling asleep}
  q2: {en: Staying asleep, allows_na: true}
  q3: {en: Woke up early, kind: yes_no}
  q4: {en: Minutes awake, kind: count, minimum: 0, maximum: 600, shown_if: {q3: [1]}}
  q5: {en: Any dreams, kind: text}
scales:
  REST: {en: Rest, method: linear, items: q1..q2, rule: all, higher_is: better, range: [0, 100]}
  AWAKE: {en: Time awake, method: volume, lines: [{times: [q4]}], higher_is: worse}
"""


def problems_of(text: str) -> list[str]:
    with pytest.raises(InvalidInstrument) as error:
        read(text, file="sleep.yaml")
    return [str(problem) for problem in error.value.problems]


def test_a_good_definition_is_read_in_full() -> None:
    instrument = read(GOOD, file="sleep.yaml")
    assert [item.code for item in instrument.items] == ["q1", "q2", "q3", "q4", "q5"]
    assert [option.code for option in instrument.item("q1").options] == [0, 1, 2]
    assert instrument.item("q2").allows_na
    assert instrument.item("q4").shown_if == Condition("q3", (1,))
    assert instrument.placeholder_wording
    rest, awake = instrument.scales
    assert (rest.items, rest.minimum, rest.maximum, rest.params) == (("q1", "q2"), 0, 100, {"rule": "all"})
    assert (awake.items, awake.label) == (("q4",), {"en": "Time awake"})


MISTAKES = [
    ('version: "1"', "version: 1", "2: version: expected a text"),
    ("code: sleep-diary", "code: Sleep Diary", "1: code: expected small letters, digits and hyphens"),
    ("owner: Nobody\n", "", "1: owner: expected a text, nothing is there"),
    ("owner: Nobody", "owner: Nobody\ncolour: red", "6: unknown key colour: expected one of code, defaults"),
    ("owner: Nobody", "ownr: Nobody", "5: unknown key ownr: did you mean owner?"),
    ("verified: true", "verified: yes please", "7: verified: expected true or false"),
    ("sources: [made up here]", "sources: []", "8: sources: expected at least one"),
    ("title: {en: Sleep diary}", "title: Sleep diary", "3: title: expected words per language, such as {en: ..."),
    ("owner: Nobody", "owner: Nobody\nowner: Me", 'sleep.yaml:6: found duplicate key "owner"'),
    ("    1: {en: Fair}", "    one: {en: Fair}", "12: one: expected a whole number as code"),
    ("q1: {en: Falling asleep}", "q1: Falling asleep", "16: q1: expected a mapping"),
    ("q1: {en: Falling asleep}", "q1: {nl: Inslapen}", "16: q1: expected an English label (en)"),
    ("options: three}", "options: four}", "16: options: expected one of three"),
    ("kind: yes_no", "kind: maybe", "18: kind: expected one of choice, yes_no, count, number, vas, text, date"),
    (
        "kind: text",
        "kind: vas, minimum: 0, maximum: 9, low_end: {en: Bad}",
        "20: q5: high_end: expected words per language, as the other end has",
    ),
    ("kind: text", "kind: text, low_end: {en: Bad}", "20: q5: low_end: only a vas has words at its ends"),
    ("minimum: 0, maximum: 600", "minimum: 0", "19: q4: a count needs a minimum below a maximum"),
    ("minimum: 0, maximum: 600", "minimum: 600, maximum: 0", "19: q4: a count needs a minimum below a maximum"),
    ("minimum: 0, maximum: 600", "minimum: none, maximum: 600", "19: minimum: expected a number"),
    ("shown_if: {q3: [1]}", "shown_if: {q5: [1]}", "19: shown_if: no earlier item q5"),
    ("shown_if: {q3: [1]}", "shown_if: {q3: [2]}", "19: shown_if: expected a list of codes of q3: 1, 0"),
    ("shown_if: {q3: [1]}", "shown_if: {q3: [1], q1: [1]}", "19: shown_if: expected one earlier item with a list"),
    ("kind: text}", "kind: text, colour: red}", "20: unknown key colour"),
    ("method: linear", "method: median", "22: method: expected one of linear, mean, pro"),
    ("rule: all", "rule: most", "22: rule: expected one of half, more-than-half, all, all-but-one, any"),
    ("rule: all", "lines: []", "22: unknown key lines"),
    ("items: q1..q2", "items: q1..q9", "22: items: no item q9"),
    ("items: q1..q2", "items: [q1, q3]", "22: REST: the items of a linear scale need the same lowest and highest code"),
    ("items: q1..q2", "items: [q5]", "22: items: q5 is a text, which cannot be scored"),
    ("items: q1..q2, ", "", "22: items: expected at least one item"),
    ("method: linear, items: q1..q2, rule: all", "method: profile, items: [q1]", "22: REST: a profile needs choices"),
    ("range: [0, 100]", "range: 100", "22: range: expected [lowest, highest]"),
    ("higher_is: better", "higher_is: nicer", "22: higher_is: expected one of better, worse, more, neither"),
    ("{times: [q4]}", "{times: [q7]}", "23: no item q7"),
    ("{times: [q4]}", "{per: [q4]}", "23: expected times: a list of items"),
    ("method: volume, lines: [{times: [q4]}]", "method: sum_of_scales, scales: [T]", "23: scales: no earlier scale T"),
    ("lines: [{times: [q4]}]", "items: [q4]", "23: AWAKE: volume needs lines"),
    ("sources: [made up here]", "sources: [here]\nvalue_sets: [nl-1066]", "9: value_sets: no table nl-1066"),
    ("owner: Nobody", "owner: Nobody\npermission: maybe", "6: permission: expected one of free, registration"),
]  # fmt: skip


@pytest.mark.parametrize(("good", "bad", "expected"), MISTAKES, ids=[expected for *_, expected in MISTAKES])
def test_a_mistake_is_named_with_its_line(good: str, bad: str, expected: str) -> None:
    assert GOOD.count(good) == 1, good
    found = problems_of(GOOD.replace(good, bad))
    assert any(
        problem.removeprefix("sleep.yaml:").startswith(expected.removeprefix("sleep.yaml:")) for problem in found
    ), found


RICH = """\
code: mood-check
version: "1"
title: {en: Mood check}
recall: {en: today}
owner: Nobody
licence: Public domain
permission: free
verified: true
sources: {us: made up here, them: read elsewhere}
safety: {q1: [3]}
options:
  four: {0: {en: Never}, 1: {en: Rarely}, 2: {en: Often}, 3: {en: Always}}
  two: {0: {en: Out}, 1: {en: In}}
recodes:
  steep: {0: 0, 1: 100/3, 2: 50, 3: 100}
defaults: {kind: choice, options: four}
items:
  q1: {en: First thing}
  q2: {en: Second thing}
  q3: {en: Third thing}
  q4: {en: Fourth thing, options: two}
  q5: {en: Fifth thing, options: two}
scales:
  TURNED: {en: Turned, method: linear, items: q1..q3, reverse: [q2], rule: 2, higher_is: worse, range: [0, 100]}
  STEEP: {en: Steep, method: mean, items: q1..q3, recode: {steep: q1..q2}, higher_is: worse}
  SUM: {en: Sum, method: prorated_sum, items: q1..q3, reverse: q3, rule: all-but-one, higher_is: worse}
  BOTH: {en: Both, method: sum_of_scales, scales: [SUM, STEEP], above_percent: 80, higher_is: worse}
  BAND: {en: Band, method: bands, scales: SUM, bands: {0: low, 5: high}, higher_is: worse}
  OFSUM: {en: Of the sum, method: lookup, items: q4..q5, table: {0: 0, 1: 1/3, 2: 1}, higher_is: worse}
  OFEACH: {en: Of each, method: lookup, items: q4..q5, table: {0 0: 0, 0 1: 1, 1 0: 2, 1 1: 3}, higher_is: worse}
differences:
  - {scales: [SUM], from: 2, to: 3, compare: within, setting: at night, direction: worse, source: us, verified: true}
thresholds:
  - {scales: all, above: 5, source: them}
references:
  - {scales: [SUM], population: {en: Everybody}, mean: 4, sd: 2, people: 100, source: them}
"""


def test_recodes_tables_bands_and_what_helps_to_read_a_scale_are_read() -> None:
    mood = read(RICH, file="mood.yaml")
    params = {scale.code: scale.params for scale in mood.scales}
    steep = {0: 0.0, 1: pytest.approx(100 / 3), 2: 50.0, 3: 100.0}
    assert params["TURNED"] == {"reverse": ("q2",), "rule": 2}
    assert params["STEEP"] == {"recode": {"q1": steep, "q2": steep}}
    assert params["BAND"] == {"scales": ("SUM",), "bands": {0: "low", 5: "high"}}
    assert params["OFEACH"] == {"table": {"0 0": 0, "0 1": 1, "1 0": 2, "1 1": 3}}
    assert mood.differences == (Difference(("SUM",), 2, 3, "within", "worse", "points", "us", True, "at night"),)
    assert mood.thresholds == (Threshold(tuple(params), "above", 5, "them", False),)
    assert mood.references == (Reference(("SUM",), {"en": "Everybody"}, 4, 2, 100, "them", False),)
    assert (mood.permission, mood.sources["us"], mood.safety) == ("free", "made up here", (Condition("q1", (3,)),))


RICH_MISTAKES = [
    ("reverse: [q2]", "reverse: [q4]", "24: reverse: q4 is no item of this scale"),
    ("reverse: [q2]", "reverse: [q9]", "24: reverse: no item q9"),
    ("rule: 2", "rule: 0", "24: rule: expected one of half, more-than-half, all, all-but-one, any, or how many"),
    ("rule: 2", "rule: 4", "24: rule: 4 of 3 items can never be answered"),
    ("{steep: q1..q2}", "{flat: q1..q2}", "25: recode: no recode flat: there are steep"),
    ("{steep: q1..q2}", "{steep: q4}", "25: recode: q4 is no item of this scale"),
    ("2: 50, 3: 100}", "2: 50}", "25: recode: steep does not say what 3 of q1 counts for"),
    ("1: 100/3", "1: 100/0", "15: 1: expected a number, or a fraction such as 100/3"),
    ("1: 100/3", "1: lots", "15: 1: expected a number, or a fraction such as 100/3"),
    ("{0: 0, 1: 100/3", "{none: 0, 1: 100/3", "15: none: expected a whole number from 0 as code"),
    ("above_percent: 80", "above_percent: 100", "27: above_percent: expected a number from 0 and below 100"),
    ("scales: SUM, bands", "scales: [SUM, STEEP], bands", "28: scales: expected one scale"),
    ("{0: low, 5: high}", "{5: high, 0: low}", "28: bands: expected where each band begins, lowest first"),
    ("{0: low, 5: high}", "{0: low, 5: very high}", "28: bands: expected a name of one word for each band"),
    ("1: 1/3, 2: 1}", "1: 1/3}", "29: table: no value for 2"),
    ("1: 1/3, 2: 1}", "1: 1/3, 2: 1, 3: 1}", "29: table: 3 cannot come out of these items"),
    ("1 0: 2, 1 1: 3}", "1 0: 2}", "30: table: no value for 1 1"),
    ("items: q4..q5, table: {0: 0", "items: [q1, q2, q3, q4, q5, q1], table: {0: 0", "29: table: no value for 10"),
    ("scales: [SUM], from: 2", "scales: [SUN], from: 2", "32: scales: no scale SUN"),
    ("scales: [SUM], from: 2", "from: 2", "32: scales: expected a list of scales, or all"),
    ("from: 2, to: 3", "from: 3, to: 2", "32: from, to: expected sizes above 0, the smaller first"),
    ("from: 2, to: 3", "to: 3", "32: from: expected a number, nothing is there"),
    ("compare: within", "compare: inside", "32: compare: expected one of within, between, either"),
    ("direction: worse", "direction: down", "32: direction: expected one of better, worse, either"),
    ("source: us", "source: me", "32: source: expected one of us, them"),
    ("above: 5", "above: 5, below: 3", "34: expected below, above or from, with the value"),
    ("above: 5", "over: 5", "34: unknown key over"),
    ("mean: 4", "mean: four", "36: mean: expected a number"),
    ("thresholds:\n  - {scales", "thresholds:\n  a: {scales", "33: thresholds: expected a list of mappings"),
    ("{us: made up here, them: read elsewhere}", "{}", "9: sources: expected at least one"),
    ("{q1: [3]}", "{q1: [4]}", "10: safety: expected a list of codes of q1: 0, 1, 2, 3"),
    ("{q1: [3]}", "{q9: [3]}", "10: safety: no item q9"),
]  # fmt: skip


@pytest.mark.parametrize(("good", "bad", "expected"), RICH_MISTAKES, ids=[expected for *_, expected in RICH_MISTAKES])
def test_a_mistake_in_a_parameter_is_named_with_its_line(good: str, bad: str, expected: str) -> None:
    assert RICH.count(good) == 1, good
    found = problems_of(RICH.replace(good, bad))
    assert any(problem.removeprefix("sleep.yaml:").startswith(expected) for problem in found), found


def test_all_mistakes_come_at_once_in_the_order_of_their_lines() -> None:
    text = GOOD.replace('"1"', "1").replace("q3: [1]", "q3: [7]").replace("linear", "median")
    assert [problem.split(":")[1] for problem in problems_of(text)][:2] == ["2", "19"]


@pytest.mark.parametrize(
    ("text", "line"),
    [("", 1), ("just words", 1), ("- a\n- b\n", 1), ("code: [\n", 2), ("code: a\n  b: c\n", 2), ("code: a\x01b\n", 1),
     ("code: &a *a", 1)],
)  # fmt: skip
def test_what_is_no_definition_at_all_is_refused_with_a_line(text: str, line: int) -> None:
    (problem,) = problems_of(text)[:1]
    assert problem.startswith("sleep.yaml:")
    assert abs(int(problem.split(":")[1]) - line) <= 1


def test_an_instrument_is_found_under_the_name_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "sleep-diary.yaml").write_text(GOOD)
    (tmp_path / "other.yaml").write_text(GOOD)
    catalogue = load_catalogue(tmp_path)
    assert list(catalogue) == ["other", "sleep-diary"]
    assert catalogue["sleep-diary"].version == "1"
    with pytest.raises(InvalidInstrument, match="expected other, as the file is named"):
        catalogue["other"]
    assert catalogue.get("nothing") is None


def test_listing_the_catalogue_reads_no_definition(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("code: [")
    catalogue = load_catalogue(tmp_path)
    assert (len(catalogue), "broken" in list(catalogue)) == (1, True)


def test_the_example_of_the_manual_is_sound() -> None:
    page = Path(__file__).parents[2] / "docs" / "how-to" / "define-a-questionnaire.md"
    example = page.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    assert [scale.code for scale in read(example, file=page.name).scales] == ["REST", "BAND"]

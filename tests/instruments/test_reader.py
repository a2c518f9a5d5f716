"""Reading definitions: each kind of mistake has a line that names file, line and what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from pro_service.domain.errors import InvalidInstrument
from pro_service.domain.instruments import Condition
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
    ("owner: Nobody\n", "", "1: owner: expected a text, nothing is there"),
    ("owner: Nobody", "owner: Nobody\ncolour: red", "6: unknown key colour: expected one of code, defaults, items"),
    ("verified: true", "verified: yes please", "7: verified: expected true or false"),
    ("sources: [made up here]", "sources: []", "8: sources: expected at least one"),
    ("title: {en: Sleep diary}", "title: Sleep diary", "3: title: expected words per language, such as {en: ..."),
    ("owner: Nobody", "owner: Nobody\nowner: Me", 'sleep.yaml:6: found duplicate key "owner"'),
    ("    1: {en: Fair}", "    one: {en: Fair}", "12: one: expected a whole number as code"),
    ("q1: {en: Falling asleep}", "q1: Falling asleep", "16: q1: expected a mapping"),
    ("q1: {en: Falling asleep}", "q1: {nl: Inslapen}", "16: q1: expected an English label (en)"),
    ("options: three}", "options: four}", "16: options: expected one of three"),
    ("kind: yes_no", "kind: maybe", "18: kind: expected one of choice, yes_no, count, number, vas, text, date"),
    ("minimum: 0, maximum: 600", "minimum: 0", "19: q4: a count needs a minimum below a maximum"),
    ("minimum: 0, maximum: 600", "minimum: 600, maximum: 0", "19: q4: a count needs a minimum below a maximum"),
    ("minimum: 0, maximum: 600", "minimum: none, maximum: 600", "19: minimum: expected a number"),
    ("shown_if: {q3: [1]}", "shown_if: {q5: [1]}", "19: shown_if: no earlier item q5"),
    ("shown_if: {q3: [1]}", "shown_if: {q3: [2]}", "19: shown_if: expected a list of codes of q3: 1, 0"),
    ("shown_if: {q3: [1]}", "shown_if: {q3: [1], q1: [1]}", "19: shown_if: expected one earlier item with a list"),
    ("kind: text}", "kind: text, colour: red}", "20: unknown key colour"),
    ("method: linear", "method: median", "22: method: expected one of linear, mean_of_scales"),
    ("rule: all", "rule: most", "22: rule: expected one of half, more-than-half, all, any"),
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
]  # fmt: skip


@pytest.mark.parametrize(("good", "bad", "expected"), MISTAKES, ids=[expected for *_, expected in MISTAKES])
def test_a_mistake_is_named_with_its_line(good: str, bad: str, expected: str) -> None:
    assert GOOD.count(good) == 1, good
    found = problems_of(GOOD.replace(good, bad))
    assert any(
        problem.removeprefix("sleep.yaml:").startswith(expected.removeprefix("sleep.yaml:")) for problem in found
    ), found


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

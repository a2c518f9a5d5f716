"""Grades, item banks and shares in a definition: each kind of mistake is named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from pro_service.domain.errors import InvalidInstrument
from pro_service.instruments.banks import bank, bank_ids, read_bank
from pro_service.instruments.reader import read
from tests.domain.test_scoring_grades import DEFINITION

MISTAKES = [
    ("4, 5, 6]", "4, 5]", "grades: both has 8 numbers, and these items can be answered in 9 ways"),
    ("4, 5, 6]", "4, 5, many]", "grades: no grades both: there are both"),
    ("grades: both,", "grades: one,", "grades: no grades one: there are both"),
    ("{2: 10, 3: 20.5, 4: 40}", "{two: 10}", "two: expected a whole number from 0 as code"),
    ("{2: 10, 3: 20.5, 4: 40}", "{2: ten}", "2: expected a number, or a fraction"),
    ("scales: SUM, values", "scales: [SUM, GRADE], values", "scales: expected one scale"),
    ("of: 10,", "of: 0,", "of: expected a number above 0"),
    ("part: [lost]", "part: [time]", "part: no item time"),
    ("given: [worked]", "given: [time]", "given: no item time"),
    ("r: EDDEP50}}, rule: any,\n          higher_is: worse", "r: X}}, rule: any,\n          higher_is: worse",
     "bank: promis-depression has no item X"),
    ("{promis-depression: {p: EDDEP04, r: EDDEP50}}, rule: any,\n          higher_is: worse",
     "{mine: {}}, rule: any,\n          higher_is: worse", "bank: no item bank mine: there are promis-depression"),
    ("options: five}\n  r:", "options: two}\n  r:", "bank: p has 2 codes, EDDEP04 5"),
]  # fmt: skip


@pytest.mark.parametrize(("good", "bad", "expected"), MISTAKES, ids=[expected for *_, expected in MISTAKES])
def test_a_mistake_is_named(good: str, bad: str, expected: str) -> None:
    assert DEFINITION.count(good) == 1, good
    with pytest.raises(InvalidInstrument) as error:
        read(DEFINITION.replace(good, bad), file="small.yaml")
    assert any(expected in str(problem) for problem in error.value.problems), error.value.problems
    assert all(problem.line for problem in error.value.problems)


LIKE = "look_alikes:\n  - {name: Small one, items: x..y, highest: 1, instead: tiny}\n"
UNLIKE = [
    ("highest: 1", "highest: one", "highest: expected a whole number"),
    ("items: x..y", "items: x..z", "items: no item z"),
    ("name: Small one, ", "", "name: expected a text"),
    ("instead: tiny", "colour: red", "unknown key colour"),
    ("\n  - {", "\n  a: {", "look_alikes: expected a list of mappings"),
]


def test_what_a_questionnaire_may_be_taken_for_is_read() -> None:
    (other,) = read(DEFINITION + LIKE, file="small.yaml").look_alikes
    assert (other.name, other.items, other.highest, other.instead) == ("Small one", ("x", "y"), 1, "tiny")


@pytest.mark.parametrize(("good", "bad", "expected"), UNLIKE, ids=[expected for *_, expected in UNLIKE])
def test_a_mistake_in_what_it_may_be_taken_for_is_named(good: str, bad: str, expected: str) -> None:
    with pytest.raises(InvalidInstrument) as error:
        read(DEFINITION + LIKE.replace(good, bad), file="small.yaml")
    assert any(expected in str(problem) for problem in error.value.problems), error.value.problems


@pytest.mark.parametrize("id_", bank_ids())
def test_every_bank_has_items_of_one_length(id_: str) -> None:
    assert len({len(calibration) for calibration in bank(id_).values()}) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "bank.csv:1: no rows"),
        ("item,a,cb1,cb2\nX,1.5,0.2,0.1\n", "bank.csv:2: expected a discrimination above 0 and thresholds that rise"),
        ("item,a,cb1,cb2\nX,-1.5,0.1,0.2\n", "bank.csv:2: expected a discrimination above 0"),
        ("item,a,cb1,cb2\nX,much,0.1,0.2\n", "bank.csv:2: a: expected a number"),
        ("item,a,cb1,cb2\nX,1.5\n", "bank.csv:2: expected 4 cells: item, a, cb1, cb2"),
    ],
)
def test_a_mistake_in_a_bank_is_named_with_its_line(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "bank.csv"
    path.write_text(content)
    with pytest.raises(InvalidInstrument) as error:
        read_bank(path)
    assert str(error.value.problems[0]).startswith(message)

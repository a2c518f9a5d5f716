"""The logic of other systems: what ours can say is carried exactly, and everything else is refused with the reason."""

from __future__ import annotations

import re

import pytest

from pro_service.domain.form_logic import Known, gate, parsed
from pro_service.domain.instruments import YES_NO, Condition, Item, Option

THREE = tuple(Option(code, {"en": str(code)}) for code in (0, 1, 2))
ITEMS = {
    item.code: item
    for item in (
        Item("a", "choice", {"en": "A"}, THREE),
        Item("b", "choice", {"en": "B, if a is 1"}, THREE, shown_if=Condition("a", (1,))),
        Item("c", "choice", {"en": "C, to be answered"}, THREE, skippable=False),
        Item("d___1", "yes_no", {"en": "D, first"}, YES_NO),
        Item("d___2", "yes_no", {"en": "D, second"}, YES_NO),
        Item("e", "choice", {"en": "E, by names"}, THREE[:2]),
    )
}
PLAIN = {0: "0", 1: "1", 2: "2"}
QUESTIONS = {
    **{(code, ""): Known(code, PLAIN) for code in "abc"},
    **{("d", part): Known(f"d___{part}", {1: "1", 0: "0"}, blank="0") for part in "12"},
    ("e", ""): Known("e", {0: "no", 1: "yes"}),
}

CARRIED = [
    ("[a] = '1'", "a", (1,)),
    ('[a]="1"', "a", (1,)),
    ("[a]=1 OR [a]=2", "a", (1, 2)),
    ("1 = [a]", "a", (1,)),
    ("[a] > 0", "a", (1, 2)),
    ("0 < [a]", "a", (1, 2)),
    ("[a] >= 1 and [a] <= 1", "a", (1,)),
    ("[a] <> ''", "a", (0, 1, 2)),
    ("([a] = '01')", "a", (1,)),
    ("[a] = '1' and [b] = '2'", "b", (2,)),  # b is asked only where a is 1
    ("[b] > 0 and ([a] = 1 or [a] = 2)", "b", (1, 2)),
    ("[b] = '0' or ([a] = '1' and [b] = '2')", "b", (0, 2)),
    ("[c] <> '0'", "c", (1, 2)),  # c cannot be skipped
    ("not(${c} = '0')", "c", (1, 2)),
    ("[d(2)] = '1'", "d___2", (1,)),
    ("selected(${d}, '1')", "d___1", (1,)),
    ("${e} = 'yes'", "e", (1,)),
    ("selected(${e}, 'yes') or selected(${e},'no')", "e", (0, 1)),
]


@pytest.mark.parametrize(("text", "item", "codes"), CARRIED)
def test_what_ours_can_say_is_carried(text: str, item: str, codes: tuple[int, ...]) -> None:
    assert gate(parsed(text), QUESTIONS, ITEMS) == Condition(item, codes)


def test_what_always_holds_is_no_condition() -> None:
    assert gate(parsed("[a] = '1' or [a] <> '1'"), QUESTIONS, ITEMS) is None


REFUSED = [
    ("[a] <> '1'", "it also holds while a has no answer"),
    ("[d(1)] = '0'", "it also holds while d___1 has no answer"),
    ("[a] = '1' and [c] = '1'", "ours is one earlier choice with some of its answers"),
    ("[a] = '1' or [e] = 'yes'", "ours is one earlier choice with some of its answers"),
    ("[a] = '7'", "it never holds"),
    ("[z] = '1'", "no earlier choice z"),
    ("[d(3)] = '1'", "d has no answer 3"),
    ("[visit_1_arm_1][a] = '1'", "it looks at another event or form"),
    ("[a] = [c]", "expected a question compared with a value"),
    ("'1' = '1'", "expected a question compared with a value"),
    ("[a] + 1 = 2", "+ 1 = 2 cannot be read"),
    ("datediff([a], 'today', 'd') > 3", "datediff cannot be carried"),
    ("count-selected(${d}) > 1", "count-selected cannot be carried"),
    ("[a] = ", "its end was not expected there"),
    ("([a] = '1'", "its end was not expected there"),
    ("[a] = '1')", ") was not expected there"),
    ("[a] '1'", "'1' was not expected there"),
    ("[a:value] = '1'", "[a:value] cannot be carried"),
    (" or ".join(["[a] = '1'"] * 200), "it is too long"),
    ("(" * 150 + "[a] = '1'", "it is too long"),
]


@pytest.mark.parametrize(("text", "reason"), REFUSED)
def test_what_ours_cannot_say_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(reason)}$"):
        gate(parsed(text), QUESTIONS, ITEMS)


def test_too_many_questions_are_not_tried_out() -> None:
    items = {f"q{number}": Item(f"q{number}", "choice", {"en": "?"}, THREE) for number in range(9)}
    questions = {(code, ""): Known(code, PLAIN) for code in items}
    with pytest.raises(ValueError, match="it looks at too many questions"):
        gate(parsed(" and ".join(f"[{code}] = 1" for code in items)), questions, items)

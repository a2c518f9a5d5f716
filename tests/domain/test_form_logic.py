"""The logic of other systems: what ours can say is carried exactly, and everything else is refused with the reason."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pro_service.domain.form_logic import Known, gate, parsed
from pro_service.domain.instruments import YES_NO, Answers, Condition, Instrument, Item, Option, visible

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


Said = tuple[str, Callable[[Answers], bool]]
"""An expression as the other system writes it, and what it means, told without the code under test."""


def compared(code: str, value: int, sign: str) -> Said:
    return f"[{code}] {sign} '{value}'", lambda answers: (answers.get(code) == value) == (sign == "=")


def joined(parts: list[Said], word: str) -> Said:
    whole = {"and": all, "or": any}[word]
    return f"({f' {word} '.join(text for text, _ in parts)})", lambda a: whole(means(a) for _, means in parts)


COMPARED = st.builds(compared, st.sampled_from("abc"), st.integers(0, 2), st.sampled_from(["=", "=", "<>"]))
SAID = st.recursive(
    COMPARED, lambda inner: st.builds(joined, st.lists(inner, min_size=1, max_size=3), st.sampled_from(["and", "or"]))
)


@given(SAID)
@settings(max_examples=100)
def test_a_question_is_shown_here_exactly_when_it_is_there(said: Said) -> None:
    text, means = said
    try:
        condition = gate(parsed(text), QUESTIONS, ITEMS)
    except ValueError:
        return  # refused: nothing to compare
    asked = (ITEMS["a"], ITEMS["b"], ITEMS["c"], Item("x", "text", {"en": "X"}, shown_if=condition))
    form = Instrument("f", "1", {}, asked, (), {}, "", "", {}, verified=False)
    for a, b, c in product((None, 0, 1, 2), (None, 0, 1, 2), (0, 1, 2)):  # c cannot be skipped
        given_ = {code: answer for code, answer in zip("abc", (a, b, c), strict=True) if answer is not None}
        shown = {item.code for item in visible(form, given_)}
        assert ("x" in shown) == means({code: answer for code, answer in given_.items() if code in shown})

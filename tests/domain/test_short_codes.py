"""Short codes: what is typed from paper, in any dress; a slip of the pen is always found."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pro_service.domain import short_codes
from pro_service.domain.errors import Invalid

CODES = st.integers(0, 2**short_codes.BITS - 1).map(short_codes.code)
PLACES = st.integers(0, short_codes.LENGTH - 1)


@pytest.mark.parametrize(
    "typed",
    [
        "28T-5CY-4TH", "28T5CY4TH", "28t 5cy 4th", " 28t\u20115cy\u20134th\n", "28T.5CY.4TH", "28T_5CY/4TH.",
        "“28T-5CY-4TH”", "28T\u00a05CY\u00a04TH\ufeff", "28T\u200b5CY\u00ad4TH", "28T\u22125CY\uff0d4TH",
        "\uff12\uff18\uff34-5CY-4\uff34\uff28",
    ],
)  # fmt: skip
def test_a_code_may_be_typed_in_any_dress(typed: str) -> None:
    assert short_codes.read(typed) == "28T5CY4TH"


@pytest.mark.parametrize(("typed", "meant"), [("o", "0"), ("O", "0"), ("i", "1"), ("I", "1"), ("l", "1"), ("L", "1")])
def test_what_looks_alike_is_the_same(typed: str, meant: str) -> None:
    code = next(found for number in range(4000) if meant in (found := short_codes.code(number * 7919)))
    assert short_codes.read(code.replace(meant, typed)) == code


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "28T5CY4T",
        "28T5CY4TH2",
        "28T5CY4TU",
        "28T5CY4T!",
        "28T5CY4T\u0130",
        "28T5CY4T\u041d",
        "28S-5CY-4TH",
        "2BT-5CY-4TH",
        "Z8T-5CY-4TH",
    ],
)
def test_what_cannot_be_a_code_is_told(typed: str) -> None:
    with pytest.raises(Invalid, match="nine letters and digits"):
        short_codes.read(typed)


@given(CODES)
def test_every_code_reads_as_itself(code: str) -> None:
    assert short_codes.read(short_codes.shown(code)) == code
    assert set(code) <= set(short_codes.ALPHABET)


@given(CODES, PLACES, st.sampled_from(short_codes.ALPHABET))
def test_one_wrong_character_is_found(code: str, place: int, other: str) -> None:
    assume(code[place] != other)
    with pytest.raises(Invalid):
        short_codes.read(code[:place] + other + code[place + 1 :])


@given(CODES, PLACES, PLACES)
def test_two_that_changed_places_are_found(code: str, one: int, other: int) -> None:
    assume(code[one] != code[other])
    letters = list(code)
    letters[one], letters[other] = letters[other], letters[one]
    with pytest.raises(Invalid):
        short_codes.read("".join(letters))

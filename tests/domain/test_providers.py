"""What a provider's status means: a table, and one property over all of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro_service.domain.providers import refusal


@pytest.mark.parametrize(
    ("status", "permanent", "uncertain"),
    [(400, True, False), (404, True, False), (401, False, False), (429, False, False), (408, False, False),
     (500, False, False), (502, False, True), (503, False, False), (504, False, True), (301, False, False)],
)  # fmt: skip
def test_a_no_says_whether_to_try_again(status: int, permanent: bool, uncertain: bool) -> None:
    no = refusal(status, "the provider")
    assert no is not None
    assert (no.permanent, no.uncertain, no.message) == (permanent, uncertain, f"the provider answered {status}")


@given(st.integers(100, 599))
def test_two_hundred_and_something_is_a_yes_and_nothing_else(status: int) -> None:
    no = refusal(status, "it")
    assert (no is None) == (200 <= status < 300)
    assert no is None or not (no.permanent and no.uncertain)

"""Addresses in the form they are kept in; what cannot be one is named, and never repeated."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro_service.domain.errors import Invalid
from pro_service.domain.participants import Contact
from pro_service.services import addresses

AMSTERDAM = "Europe/Amsterdam"


@pytest.mark.parametrize(
    ("given_", "timezone", "kept"),
    [
        ("06 12345678", AMSTERDAM, "+31612345678"),
        ("06-1234 5678", AMSTERDAM, "+31612345678"),
        ("+31 (0)6 12345678", AMSTERDAM, "+31612345678"),
        ("0031612345678", AMSTERDAM, "+31612345678"),
        ("+32 470 12 34 56", AMSTERDAM, "+32470123456"),
        ("0470 12 34 56", "Europe/Brussels", "+32470123456"),
        ("+447400123456", "UTC", "+447400123456"),
    ],
)
def test_a_number_becomes_international_by_the_country_of_the_person_s_zone(
    given_: str, timezone: str, kept: str
) -> None:
    assert addresses.phone(given_, timezone=timezone) == kept


@pytest.mark.parametrize("given_", ["12", "06 1234567", "call me", "", "+999 123456", "0470 12 34 56 78 90 12", "٠"])
def test_what_cannot_be_a_number_is_refused(given_: str) -> None:
    with pytest.raises(Invalid, match="expected a telephone number"):
        addresses.phone(given_, timezone=AMSTERDAM)


def test_a_number_without_a_country_needs_a_zone_that_has_one() -> None:
    with pytest.raises(Invalid):
        addresses.phone("06 12345678", timezone="UTC")


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ("Ann@Example.ORG", "Ann@example.org"),
        ("a.b+c@ziekenhuis.nl", "a.b+c@ziekenhuis.nl"),
        ("x@home.test", "x@home.test"),
    ],
)
def test_an_address_keeps_its_name_and_lowers_its_host(given_: str, kept: str) -> None:
    assert addresses.email(given_) == kept


@pytest.mark.parametrize(
    "given_",
    ["somebody", "a@b", "a@@example.org", "a b@example.org", "a@localhost", "a@example.org\nBcc: b@c.org", "@x.org"],
)
def test_what_cannot_be_an_address_is_refused(given_: str) -> None:
    with pytest.raises(Invalid, match="expected an e-mail address"):
        addresses.email(given_)


@given(st.text(min_size=4), st.text(min_size=4))
def test_every_problem_is_named_and_nothing_given_is_repeated(email: str, phone: str) -> None:
    contact = Contact(email=f"\N{SNOWMAN}{email}", phone=f"\N{SNOWMAN}{phone}")
    found = list(addresses.problems(contact, timezone=AMSTERDAM))
    assert {problem.field for problem in found} >= {"phone"}
    assert "\N{SNOWMAN}" not in " ".join(map(str, found))

"""Filling templates safely: values never become variables, hostile text never becomes markup, secrets never print."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro_service.domain.errors import Invalid
from pro_service.domain.messages import Message, as_html, fill, one_line, variables


def test_variables_are_filled_once() -> None:
    assert fill("Go to {link} before {closes_on}", {"link": "{closes_on}", "closes_on": "{link}"}) == (
        "Go to {closes_on} before {link}"
    )


def test_an_unknown_variable_is_named() -> None:
    with pytest.raises(Invalid, match="name: expected one of link"):
        fill("Dear {name}, {link}", {"link": "x"})


@pytest.mark.parametrize(
    ("template", "names"),
    [("no names", set()), ("{link} and {count}", {"link", "count"}), ("{0.__class__}", {"0.__class__"}), ("{}", {""})],
)
def test_every_brace_counts_as_a_name(template: str, names: set[str]) -> None:
    assert variables(template) == names


@given(st.text(), st.text())
def test_html_never_carries_markup_from_a_value(before: str, after: str) -> None:
    page = as_html(f"{before} https://x.test/l/abc {after}", link="https://x.test/l/abc", language="nl")
    inside = page.partition("<body>")[2].rpartition("</body>")[0]
    for tag in ("<p>", "</p>", "<br>", "</a>", '<a href="https://x.test/l/abc">'):
        inside = inside.replace(tag, "")
    assert "<" not in inside
    assert ">" not in inside


def test_a_subject_is_one_line() -> None:
    assert one_line("Your turn\r\nBcc: everyone@x.test") == "Your turn Bcc: everyone@x.test"


def test_a_message_shows_neither_address_nor_link_when_printed() -> None:
    message = Message(id="7", to="a@b.test", subject="s", text="https://x.test/l/secret", html="<p>secret</p>")
    assert repr(message) == "Message(id='7', language='en')"

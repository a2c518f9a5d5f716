"""Filling templates safely: values never become variables, hostile text never becomes markup, secrets never print."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro_service.domain.errors import Invalid
from pro_service.domain.messages import Message, as_email, as_html, fill, one_line


def test_variables_are_filled_once() -> None:
    assert fill("Go to {link} before {closes_on}", {"link": "{closes_on}", "closes_on": "{link}"}) == (
        "Go to {closes_on} before {link}"
    )


def test_an_unknown_variable_is_named() -> None:
    with pytest.raises(Invalid, match="name: expected one of link"):
        fill("Dear {name}, {link}", {"link": "x"})


@pytest.mark.parametrize("template", ["{0.__class__}", "{}", "{link.upper}", "{count[0]}"])
def test_a_template_reaches_nothing_but_the_values(template: str) -> None:
    with pytest.raises(Invalid):
        fill(template, {"link": "x", "count": "1"})


def test_doubled_braces_are_braces() -> None:
    assert fill("{{link}} {link}", {"link": "x"}) == "{link} x"


@given(st.text(), st.text())
def test_html_never_carries_markup_from_a_value(before: str, after: str) -> None:
    page = as_html(f"{before} https://x.test/l/abc {after}", links=["https://x.test/l/abc"], language="nl")
    inside = page.partition("<body>")[2].rpartition("</body>")[0]
    for tag in ("<p>", "</p>", "<br>", "</a>", '<a href="https://x.test/l/abc">'):
        inside = inside.replace(tag, "")
    assert "<" not in inside
    assert ">" not in inside


def test_a_subject_is_one_line() -> None:
    assert one_line("Your turn\r\nBcc: everyone@x.test") == "Your turn Bcc: everyone@x.test"


MESSAGE = Message(
    id="7", at=datetime(2026, 1, 12, 9, tzinfo=UTC), to="a@b.test", subject="Your\nturn", language="nl",
    text="Groeten, café https://x.test/l/secret", html="<p>secret</p>",
)  # fmt: skip


def test_a_message_shows_neither_address_nor_link_when_printed() -> None:
    assert "secret" not in repr(MESSAGE)
    assert "a@b.test" not in repr(MESSAGE)


def test_an_email_is_the_same_bytes_each_time_and_names_the_delivery() -> None:
    first, second = (as_email(MESSAGE, sender="PRO <noreply@clinic.test>") for _ in range(2))
    assert first.as_bytes() == second.as_bytes()
    assert first["Message-ID"] == "<7@clinic.test>"
    assert first["Subject"] == "Your turn"
    assert first["Date"] == "Mon, 12 Jan 2026 09:00:00 +0000"
    assert [part.get_content_type() for part in first.iter_parts()] == ["text/plain", "text/html"]


def test_two_links_are_both_clickable_even_where_one_begins_like_the_other() -> None:
    links = ["https://x.test/l/ab", "https://x.test/l/a"]
    page = as_html("https://x.test/l/a and https://x.test/l/ab", links=links, language="en")
    assert page.count('<a href="https://x.test/l/a">') == page.count('<a href="https://x.test/l/ab">') == 1


@pytest.mark.parametrize(
    ("unsubscribe", "headers"),
    [
        ("", (None, None)),
        ("http://x.test/m/abc", ("<http://x.test/m/abc>", None)),
        ("https://x.test/m/abc", ("<https://x.test/m/abc>", "List-Unsubscribe=One-Click")),
    ],
)
def test_one_click_unsubscribes_over_https_alone(unsubscribe: str, headers: tuple[str | None, str | None]) -> None:
    """RFC 8058: the button of a mail program posts to an https address; RFC 2369 alone knows any address."""
    email = as_email(replace(MESSAGE, unsubscribe=unsubscribe), sender="noreply@clinic.test")
    assert (email["List-Unsubscribe"], email["List-Unsubscribe-Post"]) == headers


def test_a_long_link_to_unsubscribe_goes_out_in_one_line() -> None:
    """Folded into encoded words, it would be no link to the mail programs that look for it."""
    link = f"https://questionnaires.a-hospital-of-some-size.example.org/m/{'A' * 43}"
    sent = as_email(replace(MESSAGE, unsubscribe=link), sender="noreply@clinic.test").as_bytes(policy=SMTP)
    assert f"\r\nList-Unsubscribe: <{link}>\r\n".encode() in sent

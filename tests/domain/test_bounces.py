"""Reports of mail that came back, as mail servers write them: what each means, and what is none."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro_service.domain.bounces import Bounce, of_message_id, read
from pro_service.domain.errors import Invalid

ID = UUID("01a21c4d-2149-737b-af02-64817c3c298c")
OURS = f"<{ID}@clinic.test>"


def report(
    *, action: str = "failed", status: str = "5.1.1", returned: str = "message/rfc822", message_id: str = OURS,
    recipient: str = "rfc822; Ann@Example.org", more: str = "",
) -> str:  # fmt: skip
    """A report by the letter of RFC 3464."""
    return f"""From: MAILER-DAEMON@mx.example.org
To: noreply@clinic.test
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
{more}Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain

I'm sorry to have to inform you.

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org
Arrival-Date: Mon, 12 Jan 2026 10:00:00 +0100

Final-Recipient: {recipient}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 5.1.1 <ann@example.org> no such user

--b1
Content-Type: {returned}

From: noreply@clinic.test
To: ann@example.org
Message-ID: {message_id}
Subject: Your questions are ready

--b1--
"""


@pytest.mark.parametrize(
    ("facts", "failed", "at_fault"),
    [
        ({}, True, True),
        ({"returned": "text/rfc822-headers"}, True, True),
        ({"status": "5.2.1"}, True, True),
        ({"status": "5.4.4"}, True, True),
        ({"status": "5.2.2"}, True, False),
        ({"status": "5.7.1"}, True, False),
        ({"status": "5.3.4"}, True, False),
        ({"action": "delayed", "status": "4.4.1"}, False, False),
        ({"action": "delivered", "status": "2.0.0"}, False, False),
    ],
)
def test_a_report_says_whether_it_failed_and_whether_the_address_is_at_fault(
    facts: dict[str, str], failed: bool, at_fault: bool
) -> None:
    found = read(report(**facts).encode())
    assert (found.delivery_id, found.failed, found.address_at_fault) == (ID, failed, at_fault)
    assert found.recipient == "Ann@Example.org"
    assert "Ann" not in repr(found)


def test_where_nothing_was_brought_back_the_thread_names_the_message() -> None:
    text = report(message_id="<other@elsewhere>", more=f"References: {OURS}\n")
    assert read(text.encode()).delivery_id == ID


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "expected a delivery report"),
        ("Subject: Out of office\n\nI am away.", "expected a delivery report"),
        (report(message_id="<other@elsewhere>"), "not about a message of ours"),
        (report(message_id=f"<{ID}>"), "not about a message of ours"),
    ],
)
def test_what_is_no_report_about_a_message_of_ours_is_refused(text: str, expected: str) -> None:
    with pytest.raises(Invalid, match=expected):
        read(text.encode())


@given(st.binary(max_size=600))
def test_nonsense_is_refused_and_never_breaks(raw: bytes) -> None:
    with pytest.raises(Invalid):
        read(raw)


@given(st.integers(0, 2000), st.binary(max_size=20))
def test_a_report_that_is_cut_or_spoilt_is_read_or_refused(place: int, spoilt: bytes) -> None:
    whole = report().encode()
    for raw in (whole[:place], whole[:place] + spoilt + whole[place:]):
        with suppress(Invalid):
            assert read(raw).delivery_id == ID


@pytest.mark.parametrize(
    ("message_id", "status", "expected"),
    [
        (OURS, "", Bounce(ID)),
        (f"{ID}@clinic.test", "5.7.1", Bounce(ID, status="5.7.1")),
        (OURS, "4.2.2", Bounce(ID, failed=False, status="4.2.2")),
    ],
)
def test_a_program_that_has_read_the_report_gives_the_message_id(
    message_id: str, status: str, expected: Bounce
) -> None:
    assert of_message_id(message_id, status) == expected


@pytest.mark.parametrize(("message_id", "status"), [("nonsense", ""), (str(ID), ""), (OURS, "550")])
def test_what_is_no_message_id_of_ours_is_refused(message_id: str, status: str) -> None:
    with pytest.raises(Invalid, match="expected"):
        of_message_id(message_id, status)

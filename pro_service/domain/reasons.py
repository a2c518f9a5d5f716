"""Why somebody changed what was recorded: compulsory where a submitted answer or a past event changes (AT-10)."""

from __future__ import annotations

from pro_service.domain.errors import Invalid, Problem

LONGEST = 1000


def given(reason: str, *, what: str) -> str:
    """The reason, trimmed; Invalid where there is none, or where it cannot be kept. `what` says what it is for."""
    if not reason.strip():
        raise Invalid(f"say why {what}", problems=[Problem("expected a reason", "reason")])
    return kept(reason)


def kept(reason: str) -> str:
    """A reason that may be empty, trimmed; Invalid where it cannot be kept."""
    text = reason.strip()
    if len(text) > LONGEST or any(not _writable(letter) for letter in text):
        expected = Problem(f"expected at most {LONGEST} letters, without control characters", "reason")
        raise Invalid("this reason cannot be kept", problems=[expected])
    return text


def _writable(letter: str) -> bool:
    """A letter both databases can hold: no control character but line ends and tabs, no half of a surrogate pair."""
    return letter in "\n\t" or not (letter < " " or "\ud800" <= letter <= "\udfff")
